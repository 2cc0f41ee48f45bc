using NetVips;

namespace QosValuation.Embeddings.Images;

/// <summary>
/// libvips by way of NetVips, set up once per process. One thread per decode (the callers decode several images at once) and no
/// operation cache, so that memory does not grow with the number of images.
/// </summary>
internal static class LibVips
{
    private const Enums.LogLevelFlags WarningAndBelow =
        Enums.LogLevelFlags.Warning | Enums.LogLevelFlags.Message | Enums.LogLevelFlags.Info | Enums.LogLevelFlags.Debug;

    private static readonly Lazy<bool> Started = new(Start, LazyThreadSafetyMode.ExecutionAndPublication);

    /// <summary>Loads and sets up libvips; further calls do nothing.</summary>
    /// <exception cref="QosValuationException">NativeLibraryMissing: libvips could not be loaded.</exception>
    public static void EnsureStarted() => _ = Started.Value;

    /// <summary>What libvips said about a failure. Its text is shared by all threads, so under concurrency a line may belong to a neighbour.</summary>
    /// <param name="error">The failure; NetVips puts a line of its own before libvips's.</param>
    /// <returns>The text on one line, without a full stop at its end; never empty.</returns>
    public static string Detail(VipsException error)
    {
        string[] lines = error.Message.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        return lines.Length <= 1 ? "no detail given" : string.Join("; ", lines.Skip(1).Distinct(StringComparer.Ordinal).Take(3)).TrimEnd('.');
    }

    private static bool Start()
    {
        if (!ModuleInitializer.VipsInitialized)
        {
            throw new QosValuationException(
                Faults.NativeLibraryMissing,
                "libvips (image decoding) could not be loaded. Rebuild on this platform so that runtimes/<rid>/native holds it; "
                + "linux, osx and win are supported, each on x64 and arm64.",
                "libvips",
                ModuleInitializer.Exception);
        }

        NetVips.NetVips.Concurrency = 1;
        Cache.Max = 0;

        // JPEG files with a gain map are photographs like others: their base image counts.
        Operation.Block("VipsForeignLoadUhdr", true);

        // Warnings about odd files would otherwise go to standard error; what matters comes back as an exception.
        _ = Log.SetLogHandler("VIPS", WarningAndBelow, static (_, _, _) => { });
        return true;
    }
}
