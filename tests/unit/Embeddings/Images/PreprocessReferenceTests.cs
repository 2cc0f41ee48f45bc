using QosValuation.Embeddings.Images;
using Xunit.Abstractions;

namespace QosValuation.Tests;

/// <summary>Our crops against crops made by Pillow with CLIP's own recipe.</summary>
public sealed class PreprocessReferenceTests(ITestOutputHelper output)
{
    [SharedDataFact]
    public void CropsMatchTheReferencesPixelByPixel()
    {
        string folder = Path.Combine(TestData.SharedData!, "preprocess");
        string photographs = Path.Combine(TestData.SharedData!, "coco-val2017-subset", "val2017");
        var preprocessor = new ImagePreprocessor(new ImagePreprocessing { ImageSize = 224 });
        byte[] crop = new byte[3 * 224 * 224];
        int compared = 0;
        foreach (string reference in Directory.EnumerateFiles(folder, "*_224.png").Order(StringComparer.Ordinal))
        {
            string stem = Path.GetFileNameWithoutExtension(reference)[..^4];
            string? source = Directory.EnumerateFiles(folder, stem + ".*").Concat(Directory.EnumerateFiles(photographs, stem + ".jpg")).FirstOrDefault();
            Assert.NotNull(source);
            (byte[] expected, int width, int height) = TestImages.Decode(reference);
            Assert.Equal((224, 224), (width, height));
            preprocessor.Crop(source, crop);
            int largest = 0, identical = 0;
            for (int i = 0; i < crop.Length; i += 3)
            {
                int difference = Math.Max(Math.Abs(crop[i] - expected[i]), Math.Max(Math.Abs(crop[i + 1] - expected[i + 1]), Math.Abs(crop[i + 2] - expected[i + 2])));
                largest = Math.Max(largest, difference);
                identical += difference == 0 ? 1 : 0;
            }

            output.WriteLine($"{Path.GetFileName(source),-22} largest difference {largest}, identical {100.0 * identical / (224 * 224):F3} %");
            Assert.True(largest <= 1, $"{source}: a sample differs by {largest}.");
            Assert.True(identical >= 0.995 * 224 * 224, $"{source}: only {identical} of {224 * 224} pixels are identical.");
            compared++;
        }

        Assert.True(compared >= 15, $"Only {compared} references were found.");
    }
}
