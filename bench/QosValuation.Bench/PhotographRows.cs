using System.Globalization;
using NetVips;
using QosValuation.Embeddings.Images;

namespace QosValuation.Bench;

/// <summary>Photographs of 12 megapixels prepared for an encoder of 224 pixels, decoded at a fraction of their size beside exactly.</summary>
internal sealed class PhotographRows : IBenchmark
{
    /// <inheritdoc/>
    public string Name => "photographs";

    /// <inheritdoc/>
    public bool IsGuarded => true;

    /// <inheritdoc/>
    public IEnumerable<BenchmarkResult> Measure(BenchmarkContext context)
    {
        int count = context.IsShort ? 1 : 6;
        string[] sources = [.. EmbeddingBenchmark.Files(EmbeddingRows.Photographs(context, context.IsShort ? 32 : 96)).Take(count)];
        string[] files = [.. sources.Select((source, index) => Enlarge(source, Path.Combine(context.Folder, $"large-{index}.jpg"), index))];
        var settings = new ImagePreprocessing { ImageSize = 224 };
        float[] pixels = new float[3 * 224 * 224];
        Timing Prepare(ImageDecoding decoding)
        {
            var preprocessor = new ImagePreprocessor(settings, decoding: decoding);
            return Timing.Of(() => Array.ForEach(files, file => preprocessor.Preprocess(file, pixels)));
        }

        yield return context.Compare(
            Work(files, context.IsShort), "-Decode Exact", () => Prepare(ImageDecoding.Fast), () => Prepare(ImageDecoding.Exact), 3);
        if (!context.IsShort)
        {
            // The Huffman codes of the whole file have to be read whatever the size: the most that decoding a fraction of it can win.
            byte[][] contents = [.. files.Select(File.ReadAllBytes)];
            yield return context.Compare(
                "the same, one pixel of each block of 8 × 8 and nothing after it: the bound of Fast",
                "-Decode Exact",
                () => Timing.Of(() => Array.ForEach(contents, ReadCodes)),
                () => Prepare(ImageDecoding.Exact));
        }
    }

    private static void ReadCodes(byte[] content)
    {
        using Image eighth = Image.NewFromBuffer(content, "access=sequential,fail_on=error,shrink=8");
        _ = eighth.WriteToMemory<byte>();
    }

    // The key of the recorded ratio has no sizes in it.
    private static string Work(string[] files, bool isShort) => isShort
        ? "a JPEG of 12 megapixels, -Decode Fast"
        : string.Create(CultureInfo.InvariantCulture, $"JPEGs of 12 megapixels and {files.Average(file => new FileInfo(file).Length) / 1e6:F1} MB, -Decode Fast");

    /// <summary>
    /// A photograph of 4000 × 3000 pixels out of a small one: enlarged, with fine noise of the brightness, as a camera leaves it. Files become 2 to 5 MB.
    /// </summary>
    internal static string Enlarge(string source, string target, int seed)
    {
        _ = new ImagePreprocessor(new ImagePreprocessing { ImageSize = 8 });
        using Image small = Image.NewFromFile(source);
        using Image rgb = small.Bands == 3 ? small.Copy() : small.Colourspace(Enums.Interpretation.Srgb);
        using Image large = rgb.Resize(4000.0 / rgb.Width, vscale: 3000.0 / rgb.Height);
        using Image noise = Image.Gaussnoise(large.Width, large.Height, sigma: 2, mean: 0, seed: seed);
        using Image noisy = (large + noise).Cast(Enums.BandFormat.Uchar);
        noisy.Jpegsave(target, q: 90);
        return target;
    }
}
