using System.Runtime.InteropServices;
using Google.Protobuf;
using Microsoft.ML.OnnxRuntime;

namespace QosValuation.Onnx.Model;

/// <summary>
/// The only way to ONNX Runtime's environment and sessions. Official builds of ONNX Runtime send telemetry unless told not to,
/// and embeddings of private data must not cause traffic, so this class turns it off before the library starts.
/// </summary>
public static partial class OnnxRuntimeHost
{
    /// <summary>The variable that ONNX Runtime reads once, when its environment is made; 1 means no telemetry at all.</summary>
    public const string TelemetryVariable = "ORT_DISABLE_TELEMETRY";

    private static readonly Lazy<OrtEnv> Shared = new(Start, LazyThreadSafetyMode.ExecutionAndPublication);

    private static readonly Lazy<bool> Quiet = new(TurnTelemetryOff, LazyThreadSafetyMode.ExecutionAndPublication);

    /// <summary>ONNX Runtime's environment, made on first use.</summary>
    public static OrtEnv Environment => Shared.Value;

    /// <summary>
    /// Loads the library on a thread of its own where it is not loaded yet, for who will need it soon and has something else to do before. What
    /// goes wrong is said to who needs it.
    /// </summary>
    /// <param name="then">What else may be loaded after it; null for nothing.</param>
    public static void StartAhead(Action? then = null)
    {
        if (Shared.IsValueCreated)
        {
            return;
        }

        // Here and not on the other thread, because a native library may read the environment meanwhile.
        _ = Quiet.Value;
        var thread = new Thread(() =>
        {
            try
            {
                _ = Environment;
                then?.Invoke();
            }
            catch (Exception exception) when (exception is not OutOfMemoryException)
            {
                // Whoever needs the library is told.
            }
        })
        {
            IsBackground = true,
            Name = "loading ahead",
        };
        thread.Start();
    }

    /// <summary>Options of a session. Whoever makes them elsewhere may start the library before it was told to send no telemetry.</summary>
    /// <returns>ONNX Runtime's defaults.</returns>
    public static SessionOptions NewOptions()
    {
        _ = Environment;
        return new SessionOptions();
    }

    /// <summary>Opens a model file.</summary>
    /// <param name="path">The ONNX file.</param>
    /// <param name="options">How it runs, null for ONNX Runtime's defaults; not needed once the session is open.</param>
    /// <returns>The session.</returns>
    /// <exception cref="OnnxRuntimeException">The file is missing, damaged or not supported.</exception>
    public static InferenceSession Open(string path, SessionOptions? options = null)
    {
        _ = Environment;
        return options is null ? new InferenceSession(path) : new InferenceSession(path, options);
    }

    /// <summary>Opens a model held in memory.</summary>
    /// <param name="model">The bytes of an ONNX file.</param>
    /// <param name="options">How it runs, null for ONNX Runtime's defaults; not needed once the session is open.</param>
    /// <returns>The session.</returns>
    /// <exception cref="OnnxRuntimeException">The model is damaged or not supported.</exception>
    public static InferenceSession Open(byte[] model, SessionOptions? options = null)
    {
        _ = Environment;
        return options is null ? new InferenceSession(model) : new InferenceSession(model, options);
    }

    /// <summary>Opens and runs a graph of one node, to see whether what the options name works on this machine.</summary>
    /// <param name="options">How it runs.</param>
    /// <exception cref="OnnxRuntimeException">It does not work: a library, a driver or a device is missing.</exception>
    public static void Probe(SessionOptions options)
    {
        var type = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = OnnxType.Single, Shape = new TensorShapeProto() } };
        type.TensorType.Shape.Dim.Add(new TensorShapeProto.Types.Dimension { DimValue = 1 });
        var graph = new GraphProto { Name = "probe" };
        graph.Input.Add(new ValueInfoProto { Name = "x", Type = type });
        graph.Output.Add(new ValueInfoProto { Name = "y", Type = type });
        graph.Node.Add(OnnxGraph.MakeNode("Neg", ["x"], ["y"]));
        var model = new ModelProto { IrVersion = 8, Graph = graph };
        model.OpsetImport.Add(new OperatorSetIdProto { Domain = string.Empty, Version = 13 });
        using InferenceSession session = Open(model.ToByteArray(), options);
        using OrtValue input = OrtValue.CreateTensorValueFromMemory([1f], [1]);
        using var run = new RunOptions();
        session.Run(run, ["x"], [input], ["y"]).Dispose();
    }

    private static OrtEnv Start()
    {
        _ = Quiet.Value;
        OrtEnv environment = OrtEnv.Instance();
        environment.DisableTelemetryEvents();
        return environment;
    }

    private static bool TurnTelemetryOff()
    {
        // On Unix .NET works on a copy of the environment, which a native library does not see.
        if (OperatingSystem.IsWindows())
        {
            System.Environment.SetEnvironmentVariable(TelemetryVariable, "1");
        }
        else if (SetVariable(TelemetryVariable, "1", overwrite: 1) != 0)
        {
            throw new InvalidOperationException($"{TelemetryVariable} could not be set (error {Marshal.GetLastPInvokeError()}).");
        }

        return true;
    }

    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int SetVariable(string name, string value, int overwrite);
}
