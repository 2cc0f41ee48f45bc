using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace QosValuation.Embeddings.Images;

/// <summary>
/// libvips, started once per process. One thread per decode (the callers decode several images at once) and no operation
/// cache, so that memory does not grow with the number of images.
/// </summary>
internal static unsafe class Vips
{
    /// <summary>VIPS_FORMAT_UCHAR: 8-bit samples.</summary>
    public const int FormatByte = 0;

    /// <summary>VIPS_FORMAT_USHORT: 16-bit samples.</summary>
    public const int FormatUInt16 = 2;

    private const int WarningAndBelow = 0b1111_0000; // G_LOG_LEVEL_WARNING | MESSAGE | INFO | DEBUG
    private static readonly Lazy<bool> Started = new(Start, LazyThreadSafetyMode.ExecutionAndPublication);

    /// <summary>Loads and starts libvips; further calls do nothing.</summary>
    /// <exception cref="QosValuationException">NativeLibraryMissing: libvips could not be loaded.</exception>
    public static void EnsureStarted() => _ = Started.Value;

    /// <summary>Takes and clears libvips's error text. The buffer is shared by all threads, so under concurrency a line may belong to a neighbour.</summary>
    /// <returns>The text on one line; never empty.</returns>
    public static string TakeError()
    {
        byte* text = VipsNative.TakeErrorBuffer();
        string message = Marshal.PtrToStringUTF8((nint)text) ?? string.Empty;
        VipsNative.Free(text);
        string[] lines = message.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        return lines.Length == 0 ? "no detail given" : string.Join("; ", lines.Distinct(StringComparer.Ordinal).Take(3));
    }

    private static bool Start()
    {
        NativeLibraryResolver.Install();
        try
        {
            if (VipsNative.Init("QosValuation") != 0)
            {
                throw new QosValuationException(Faults.NativeLibraryMissing, "libvips did not start: " + TakeError() + ".", "vips-cpp");
            }
        }
        catch (Exception error) when (error is DllNotFoundException or EntryPointNotFoundException or BadImageFormatException)
        {
            throw new QosValuationException(
                Faults.NativeLibraryMissing,
                "libvips (image decoding) could not be loaded. Rebuild on this platform so that runtimes/<rid>/native holds it; linux-x64, osx-arm64, win-x64 and win-arm64 are supported.",
                "vips-cpp",
                error);
        }

        VipsNative.SetConcurrency(1);
        VipsNative.SetCacheMaximum(0);

        // Warnings about odd files would otherwise go to standard error; what matters comes back as an exception.
        VipsNative.SetLogHandler("VIPS", WarningAndBelow, &Ignore, null);
        return true;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Ignore(byte* domain, int level, byte* message, void* data)
    {
    }
}
