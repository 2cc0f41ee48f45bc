using System.Collections.Concurrent;
using Microsoft.ML.OnnxRuntime;
using QosValuation.Onnx.Model;

namespace QosValuation.Embeddings.Encoding;

/// <summary>An open ONNX Runtime session of one encoder. Safe for concurrent runs.</summary>
internal sealed class EncoderSession : IDisposable
{
    private static readonly (ExecutionProvider Provider, string Name)[] ProviderNames =
    [
        (ExecutionProvider.Cpu, "CPUExecutionProvider"),
        (ExecutionProvider.Cuda, "CUDAExecutionProvider"),
        (ExecutionProvider.TensorRT, "TensorrtExecutionProvider"),
        (ExecutionProvider.MIGraphX, "MIGraphXExecutionProvider"),
        (ExecutionProvider.DirectML, "DmlExecutionProvider"),
        (ExecutionProvider.CoreML, "CoreMLExecutionProvider"),
        (ExecutionProvider.OpenVino, "OpenVINOExecutionProvider"),
    ];

    // ONNX Runtime's own choice, EXHAUSTIVE, takes longer at each new shape, as a last batch has, and results differed between runs (docs/gpu.md).
    private static readonly Dictionary<string, string> CudaSettings = new() { ["cudnn_conv_algo_search"] = "HEURISTIC" };

    private static readonly ConcurrentDictionary<ExecutionProvider, bool> Working = [];

    private readonly InferenceSession _session;
    private readonly ConstantFeeds _companions;
    private readonly string _path;

    private EncoderSession(InferenceSession session, EncoderDescription encoder)
    {
        _session = session;
        _path = encoder.Path;
        _companions = new ConstantFeeds(encoder.Companions);
    }

    /// <summary>The providers that these binaries offer.</summary>
    /// <returns>At least the processor.</returns>
    public static IReadOnlyList<ExecutionProvider> AvailableProviders()
    {
        string[] names = OnnxRuntimeHost.Environment.GetAvailableProviders();
        return [.. ProviderNames.Where(entry => names.Contains(entry.Name)).Select(entry => entry.Provider)];
    }

    /// <summary>Throws where these binaries do not offer a provider, or where it does not work on this machine; tried once a process where it works.</summary>
    /// <param name="provider">The provider.</param>
    /// <exception cref="QosValuationException"><c>ExecutionProviderNotAvailable</c>, which says what is missing.</exception>
    public static void RequireProvider(ExecutionProvider provider)
    {
        if (provider == ExecutionProvider.Cpu || Working.ContainsKey(provider))
        {
            return;
        }

        IReadOnlyList<ExecutionProvider> available = AvailableProviders();
        if (!available.Contains(provider))
        {
            throw NotAvailable(provider, $"the ONNX Runtime binaries in use offer {string.Join(", ", available)}", null);
        }

        using SessionOptions settings = OnnxRuntimeHost.NewOptions();
        settings.LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL;
        OrtLoggingLevel usual = OnnxRuntimeHost.Environment.EnvLogLevel;
        try
        {
            // What it would print is in the fault.
            OnnxRuntimeHost.Environment.EnvLogLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL;
            Append(settings, provider);
            OnnxRuntimeHost.Probe(settings);
        }
        catch (OnnxRuntimeException exception)
        {
            throw NotAvailable(provider, exception.Message, exception);
        }
        finally
        {
            OnnxRuntimeHost.Environment.EnvLogLevel = usual;
        }

        Working[provider] = true;
    }

    /// <summary>Opens a session; the weights are loaded and laid out for the machine.</summary>
    /// <param name="encoder">The encoder.</param>
    /// <param name="options">How it shall run.</param>
    /// <param name="cancellation">Ends the loading.</param>
    /// <returns>The session.</returns>
    /// <exception cref="QosValuationException"><c>ModelNotReadable</c>, <c>ExecutionProviderNotAvailable</c>.</exception>
    /// <exception cref="OperationCanceledException">Loading was cancelled.</exception>
    public static EncoderSession Open(EncoderDescription encoder, ClipEncoderOptions options, CancellationToken cancellation)
    {
        RequireProvider(options.ExecutionProvider);
        cancellation.ThrowIfCancellationRequested();
        using SessionOptions settings = OnnxRuntimeHost.NewOptions();
        settings.GraphOptimizationLevel = GraphOptimizationLevel.ORT_ENABLE_ALL;
        settings.IntraOpNumThreads = options.EffectiveThreadsPerRun;
        settings.InterOpNumThreads = 1;
        settings.EnableMemoryPattern = true;
        settings.LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR;

        // Threads that spin while they wait would take the processor from the image decoders.
        settings.AddSessionConfigEntry("session.intra_op.allow_spinning", "0");
        Append(settings, options.ExecutionProvider);
        using CancellationTokenRegistration registration = cancellation.Register(() => settings.SetLoadCancellationFlag(true));
        try
        {
            return new EncoderSession(OnnxRuntimeHost.Open(encoder.Path, settings), encoder);
        }
        catch (OnnxRuntimeException) when (cancellation.IsCancellationRequested)
        {
            throw new OperationCanceledException(cancellation);
        }
        catch (OnnxRuntimeException exception) when (options.ExecutionProvider != ExecutionProvider.Cpu)
        {
            throw NotAvailable(options.ExecutionProvider, exception.Message, exception);
        }
        catch (OnnxRuntimeException exception)
        {
            throw new QosValuationException(
                Faults.ModelNotReadable, $"ONNX Runtime cannot open '{encoder.Path}': {OnnxRuntimeHost.ReasonOf(exception)}", encoder.Path, exception);
        }
    }

    /// <summary>Runs the encoder into a tensor.</summary>
    /// <param name="names">The inputs' names.</param>
    /// <param name="values">The inputs.</param>
    /// <param name="outputName">The output's name.</param>
    /// <param name="output">Receives the output.</param>
    /// <param name="run">Ends the run from another thread.</param>
    /// <exception cref="QosValuationException"><c>InferenceFailed</c>.</exception>
    /// <exception cref="OperationCanceledException">The run was ended.</exception>
    public void Run(string[] names, OrtValue[] values, string outputName, OrtValue output, RunOptions run)
    {
        try
        {
            if (_companions.Names.Length > 0)
            {
                names = [.. names, .. _companions.Names];
                values = [.. values, .. _companions.Values];
            }

            _session.Run(run, names, values, [outputName], [output]);
        }
        catch (OnnxRuntimeException) when (run.Terminate)
        {
            throw new OperationCanceledException();
        }
        catch (OnnxRuntimeException exception)
        {
            throw new QosValuationException(
                Faults.InferenceFailed, $"ONNX Runtime failed to run '{_path}': {OnnxRuntimeHost.ReasonOf(exception)}", _path, exception);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _companions.Dispose();
        _session.Dispose();
    }

    private static void Append(SessionOptions settings, ExecutionProvider provider)
    {
        try
        {
            switch (provider)
            {
                case ExecutionProvider.Cuda:
                    using (var cuda = new OrtCUDAProviderOptions())
                    {
                        cuda.UpdateOptions(CudaSettings);
                        settings.AppendExecutionProvider_CUDA(cuda);
                    }

                    break;
                case ExecutionProvider.TensorRT:
                    settings.AppendExecutionProvider_Tensorrt();
                    break;
                case ExecutionProvider.MIGraphX:
                    settings.AppendExecutionProvider_MIGraphX();
                    break;
                case ExecutionProvider.DirectML:
                    // DirectML runs neither with memory patterns nor with concurrent nodes.
                    settings.EnableMemoryPattern = false;
                    settings.ExecutionMode = ExecutionMode.ORT_SEQUENTIAL;
                    settings.AppendExecutionProvider_DML();
                    break;
                case ExecutionProvider.CoreML:
                    settings.AppendExecutionProvider("CoreML");
                    break;
                case ExecutionProvider.OpenVino:
                    settings.AppendExecutionProvider_OpenVINO();
                    break;
                default:
                    break;
            }
        }
        catch (Exception exception) when (exception is OnnxRuntimeException or EntryPointNotFoundException or DllNotFoundException or NotSupportedException)
        {
            throw NotAvailable(provider, exception.Message, exception);
        }
    }

    private static QosValuationException NotAvailable(ExecutionProvider provider, string cause, Exception? inner)
    {
        string advice = ProviderLibraries.Advice(provider, AvailableProviders().Contains(provider));
        string reason = (inner is OnnxRuntimeException fault ? OnnxRuntimeHost.ReasonOf(fault) : cause).TrimEnd('.', '\n');
        return new QosValuationException(
            Faults.ExecutionProviderNotAvailable,
            inner is null || advice.Length == 0
                ? $"The execution provider {provider} cannot be used: {reason}.{advice}"
                : $"The execution provider {provider} cannot be used.{advice} ONNX Runtime says: {reason}.",
            provider.ToString(),
            inner);
    }
}
