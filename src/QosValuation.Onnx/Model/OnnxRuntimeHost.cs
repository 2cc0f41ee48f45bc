using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
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

    /// <summary>
    /// Opens and runs a graph of one convolution, to see whether the provider that the options name works on this machine. A convolution, for ONNX
    /// Runtime loads cuDNN at the first one only; and nowhere else than there, for it leaves to the processor what a provider cannot do.
    /// </summary>
    /// <param name="options">How it runs, with a provider other than the processor; changed, so for this run alone.</param>
    /// <exception cref="OnnxRuntimeException">It does not work: a library, a driver or a device is missing.</exception>
    public static void Probe(SessionOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var type = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = OnnxType.Single, Shape = new TensorShapeProto() } };
        long[] shape = [1, 1, 1, 1];
        type.TensorType.Shape.Dim.Add(shape.Select(size => new TensorShapeProto.Types.Dimension { DimValue = size }));
        var graph = new GraphProto { Name = "probe" };
        graph.Input.Add(new ValueInfoProto { Name = "x", Type = type });
        graph.Initializer.Add(new TensorProto { Name = "w", DataType = OnnxType.Single, Dims = { shape }, FloatData = { 1f } });
        graph.Output.Add(new ValueInfoProto { Name = "y", Type = type });
        graph.Node.Add(OnnxGraph.MakeNode("Conv", ["x", "w"], ["y"]));
        var model = new ModelProto { IrVersion = 8, Graph = graph };
        model.OpsetImport.Add(new OperatorSetIdProto { Domain = string.Empty, Version = 13 });
        options.AddSessionConfigEntry("session.disable_cpu_ep_fallback", "1");
        using InferenceSession session = Open(model.ToByteArray(), options);
        using OrtValue input = OrtValue.CreateTensorValueFromMemory([1f], shape);
        using var run = new RunOptions();
        session.Run(run, ["x"], [input], ["y"]).Dispose();
    }

    /// <summary>What ONNX Runtime says of a failure, without its codes and the places of its own source.</summary>
    /// <param name="exception">The failure.</param>
    /// <returns>A sentence, ended by a full stop.</returns>
    public static string ReasonOf(OnnxRuntimeException exception)
    {
        ArgumentNullException.ThrowIfNull(exception);

        // "[ErrorCode:Fail] /onnxruntime_src/….cc:296 function [ONNXRuntimeError] : 9 : NOT_IMPLEMENTED : the reason"; all but the reason may be missing.
        string reason = Preamble().Replace(exception.Message, string.Empty).Trim().TrimEnd('.');
        return (reason.Length > 0 ? reason : exception.Message) + ".";
    }

    [GeneratedRegex(@"^(.*\[ONNXRuntimeError\] : \d+ : [A-Z_]+ : |\[ErrorCode:\w+\] )", RegexOptions.Singleline | RegexOptions.CultureInvariant)]
    private static partial Regex Preamble();

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
