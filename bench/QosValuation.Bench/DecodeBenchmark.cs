using System.Globalization;
using System.Numerics.Tensors;
using QosValuation.Embeddings.Encoding;
using QosValuation.Embeddings.Images;
using QosValuation.Embeddings.Models;

namespace QosValuation.Bench;

/// <summary>How near fast decoding comes to exact decoding, in the cosine of the vectors.</summary>
internal static class DecodeBenchmark
{
    /// <summary>Prints one line for the photographs as they are, and one for some of them enlarged to 12 megapixels.</summary>
    /// <param name="folder">The photographs.</param>
    /// <param name="model">The model; null is the default.</param>
    /// <param name="enlarged">How many are enlarged.</param>
    /// <returns>0.</returns>
    public static int Run(string folder, string? model, int enlarged)
    {
        string[] files = EmbeddingBenchmark.Files(folder);
        string work = Directory.CreateTempSubdirectory("qosvaluation-bench-").FullName;
        try
        {
            string[] large = [.. files.Take(enlarged).Select((file, i) => PhotographRows.Enlarge(file, Path.Combine(work, $"{i}.jpg"), i))];
            ClipModelFiles modelFiles = ClipModelCatalog.Resolve(model);
            using ClipEncoder exact = ClipEncoder.Open(modelFiles);
            using ClipEncoder fast = ClipEncoder.Open(modelFiles, new ClipEncoderOptions { Decoding = ImageDecoding.Fast });
            Profile(exact, [.. files.Take(100)]);
            foreach ((string name, string[] set) in new[] { ("as they are", files), ("12 megapixels", large) })
            {
                double[] cosines = [.. set.Select(file => (double)TensorPrimitives.Dot<float>(exact.EncodeImage(file), fast.EncodeImage(file))).Order()];
                Console.WriteLine(string.Create(
                    CultureInfo.InvariantCulture,
                    $"{exact.Model.Name} at {exact.Model.ImageSize} pixels, {set.Length} photographs {name}: cosine of Fast to Exact at least {cosines[0]:F5}, "
                    + $"hundredth {cosines[cosines.Length / 100]:F5}, median {cosines[cosines.Length / 2]:F5}"));
            }
        }
        finally
        {
            Directory.Delete(work, recursive: true);
        }

        return 0;
    }

    /// <summary>What preparing a photograph takes in parts: decoding its rows, resampling them to the crop, and normalising.</summary>
    private static unsafe void Profile(ClipEncoder encoder, string[] files)
    {
        byte[][] contents = [.. files.Select(File.ReadAllBytes)];
        int side = encoder.Model.ImageSize;
        byte[] crop = new byte[3 * side * side];
        float[] pixels = new float[crop.Length];
        var scratch = new ImageScratch();
        double[] least = [double.MaxValue, double.MaxValue, double.MaxValue, double.MaxValue];
        Action<byte[]>[] parts =
        [
            content =>
            {
                fixed (byte* data = content)
                {
                    using ImageRows rows = ImageRows.Open(data, (nuint)content.Length, "memory", scratch);
                }
            },
            content =>
            {
                fixed (byte* data = content)
                {
                    using ImageRows rows = ImageRows.Open(data, (nuint)content.Length, "memory", scratch);
                    while (rows.TryReadStrip(out _, out _, out _))
                    {
                    }
                }
            },
            content => encoder.Preprocessor.Crop(content, "memory", crop),
            content => encoder.Preprocessor.Preprocess(content, "memory", pixels),
        ];
        for (int turn = 0; turn < 7; turn++)
        {
            for (int part = 0; part < parts.Length; part++)
            {
                least[part] = Math.Min(least[part], Timing.Of(() => Array.ForEach(contents, parts[part])).Processor / files.Length * 1e6);
            }
        }

        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"a photograph takes {least[3]:F0} µs of processor time: {least[0]:F0} to open, {least[1] - least[0]:F0} to decode, {least[2] - least[1]:F0} to resample, "
            + $"{least[3] - least[2]:F0} to normalise (least of 7 turns)"));
    }
}
