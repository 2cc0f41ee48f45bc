using System.Runtime.InteropServices;

namespace QosValuation.Embeddings.Encoding;

/// <summary>What an execution provider needs beside ONNX Runtime, and where to get what is missing.</summary>
internal static class ProviderLibraries
{
    private static readonly Part Driver = new(
        "NVIDIA's driver", ["libcuda.so.1"], ["nvcuda.dll"], "install it from https://www.nvidia.com/drivers or your distribution (Debian: nvidia-driver)");

    private static readonly Part Cuda = new(
        "CUDA 13",
        ["libcudart.so.13", "libcublas.so.13", "libcublasLt.so.13", "libcurand.so.10"],
        ["cudart64_13.dll", "cublas64_13.dll", "cublasLt64_13.dll", "curand64_10.dll"],
        "install the runtime from https://developer.nvidia.com/cuda-downloads and put its folder of libraries into LD_LIBRARY_PATH (PATH on Windows)");

    private static readonly Part Cudnn = new(
        "cuDNN 9", ["libcudnn.so.9"], ["cudnn64_9.dll"], "install it from https://developer.nvidia.com/cudnn, for CUDA 13, beside CUDA's libraries");

    private static readonly Part TensorRt = new(
        "TensorRT 10",
        ["libnvinfer.so.10", "libnvonnxparser.so.10"],
        ["nvinfer_10.dll", "nvonnxparser_10.dll"],
        "install it from https://developer.nvidia.com/tensorrt, for CUDA 13");

    /// <summary>The libraries of other makers that a provider loads on this system, in the order in which they are installed.</summary>
    /// <param name="provider">The provider.</param>
    /// <returns>Their file names; none for a provider whose libraries come with its own package.</returns>
    public static IReadOnlyList<string> Names(ExecutionProvider provider) => [.. PartsOf(provider).SelectMany(part => part.Names)];

    /// <summary>What to do where a provider cannot be used.</summary>
    /// <param name="provider">The provider.</param>
    /// <param name="isOffered">Whether ONNX Runtime's binaries contain it.</param>
    /// <returns>Sentences after a space; empty where nothing is known.</returns>
    public static string Advice(ExecutionProvider provider, bool isOffered)
    {
        if (!isOffered)
        {
            return provider is ExecutionProvider.Cuda or ExecutionProvider.TensorRT
                ? " This package of the module runs on processors: make the one for NVIDIA's GPUs with ./build.ps1 Package -Provider Cuda (docs/gpu.md)."
                : string.Empty;
        }

        Part[] missing = [.. PartsOf(provider).Where(part => part.Missing.Length > 0)];
        return string.Concat(missing.Select(part => $" {part.Name} is missing ({string.Join(", ", part.Missing)}): {part.Source}."));
    }

    private static IEnumerable<Part> PartsOf(ExecutionProvider provider) => provider switch
    {
        ExecutionProvider.Cuda => [Driver, Cuda, Cudnn],
        ExecutionProvider.TensorRT => [Driver, Cuda, Cudnn, TensorRt],
        _ => [],
    };

    private sealed record Part(string Name, string[] OnLinux, string[] OnWindows, string Source)
    {
        public string[] Names => OperatingSystem.IsWindows() ? OnWindows : OnLinux;

        public string[] Missing => Array.FindAll(Names, name => !CanLoad(name));

        private static bool CanLoad(string name)
        {
            if (!NativeLibrary.TryLoad(name, out nint library))
            {
                return false;
            }

            NativeLibrary.Free(library);
            return true;
        }
    }
}
