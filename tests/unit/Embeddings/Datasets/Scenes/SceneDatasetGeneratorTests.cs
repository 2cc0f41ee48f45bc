using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using QosValuation.Embeddings.Datasets.Scenes;
using QosValuation.Embeddings.Images;
using QosValuation.Foundation.Randomness;
using QosValuation.Onnx.Model;

namespace QosValuation.Tests;

public sealed class SceneDatasetGeneratorTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void TheFolderIsACocoDataset()
    {
        var progress = new Recorder();
        SceneDatasetOptions options = Options(12) with { Contributors = 3 };
        List<CocoItem> items = [.. SceneDatasetGenerator.Generate(options, progress)];
        Assert.Equal(12, items.Count);
        Assert.Equal(Enumerable.Range(1, 12), progress.Values);
        Assert.Equal(Enumerable.Range(1, 12).Select(i => (long)i), items.Select(i => i.ImageId));
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(_folder.File("captions.json")));
        JsonElement root = document.RootElement;
        Assert.Equal(7, root.GetProperty("info").GetProperty("seed").GetInt32());
        JsonElement license = Assert.Single(root.GetProperty("licenses").EnumerateArray());
        JsonElement[] images = [.. root.GetProperty("images").EnumerateArray()];
        ILookup<long, string> captions = root.GetProperty("annotations").EnumerateArray().ToLookup(
            a => a.GetProperty("image_id").GetInt64(),
            a => a.GetProperty("caption").GetString()!);
        Assert.Equal(12, images.Length);
        foreach ((JsonElement image, CocoItem item) in images.Zip(items))
        {
            Assert.Equal(item.ImageId, image.GetProperty("id").GetInt64());
            string path = Path.Combine(_folder.Path, "images", image.GetProperty("file_name").GetString()!);
            Assert.Equal(Path.GetFullPath(path), item.Path);
            (_, int width, int height) = TestImages.Decode(path);
            Assert.Equal((item.Width, item.Height), (width, height));
            Assert.Equal((image.GetProperty("width").GetInt32(), image.GetProperty("height").GetInt32()), (width, height));
            Assert.Equal(64, Math.Max(width, height));
            Assert.Equal(item.Captions, captions[item.ImageId]);
            Assert.Equal(license.GetProperty("id").GetInt32(), image.GetProperty("license").GetInt32());
            Assert.Equal(license.GetProperty("name").GetString(), item.License);
        }

        Assert.Equal(
            root.GetProperty("annotations").GetArrayLength(),
            root.GetProperty("annotations").EnumerateArray().Select(a => a.GetProperty("id").GetInt32()).Distinct().Count());
        Assert.Empty(Directory.EnumerateFiles(_folder.Path, "*.tmp", SearchOption.AllDirectories));
    }

    [Fact]
    public void TheSameSeedGivesTheSameFilesAndAnotherSeedOthers()
    {
        Dictionary<string, byte[]> Generate(string name, int seed, int count)
        {
            string path = _folder.File(name);
            _ = SceneDatasetGenerator.Generate(Options(count) with { Path = path, Seed = seed }).Count();
            return Directory.EnumerateFiles(path, "*", SearchOption.AllDirectories).ToDictionary(f => Path.GetRelativePath(path, f), File.ReadAllBytes);
        }

        Dictionary<string, byte[]> first = Generate("first", 7, 8);
        Dictionary<string, byte[]> again = Generate("again", 7, 8);
        Dictionary<string, byte[]> longer = Generate("longer", 7, 10);
        Dictionary<string, byte[]> other = Generate("other", 8, 8);
        Assert.Equal(9, first.Count);
        foreach ((string file, byte[] content) in first)
        {
            Assert.Equal(content, again[file]);
            Assert.NotEqual(content, other[file]);
            if (file != "captions.json")
            {
                // A longer dataset begins with the same scenes.
                Assert.Equal(content, longer[file]);
            }
        }
    }

    [Fact]
    public void ContributorsHoldUnevenSharesAndHaveFavouritePlaces()
    {
        var plan = new ContributorPlan(3, 8);
        List<(Scene Scene, int Contributor)> scenes = [.. Enumerable.Range(0, 600).Select(i => SceneDatasetGenerator.Compose(plan, i, 64))];
        int[] counts = [.. Enumerable.Range(0, 8).Select(c => scenes.Count(s => s.Contributor == c))];
        Assert.Equal(600, counts.Sum());
        Assert.All(counts, c => Assert.True(c >= 10));
        Assert.True(counts.Max() >= 2.5 * counts.Min(), string.Join(' ', counts));

        // Favourites make up 60 % of a contributor's scenes: far more than the commonest place's share of all.
        Assert.All(Enumerable.Range(0, 8), c =>
        {
            int commonest = scenes.Where(s => s.Contributor == c).GroupBy(s => s.Scene.Place).Max(g => g.Count());
            Assert.True(commonest >= 0.2 * counts[c]);
        });
        Assert.Equal(Enum.GetValues<ScenePlace>().Length, scenes.Select(s => s.Scene.Place).Distinct().Count());
    }

    [Theory]
    [MemberData(nameof(Places))]
    public void CaptionsTellTheTruthAboutEveryPlace(int number)
    {
        var place = (ScenePlace)number;
        for (int i = 0; i < 25; i++)
        {
            Scene scene = SceneComposer.Compose(RandomSource.Create(50, (ulong)i), 96, place);
            XDocument svg = XDocument.Parse(scene.Svg);
            Assert.DoesNotContain(svg.Descendants(), e => e.Name.LocalName is "text" or "image" or "style");
            Assert.Equal(5, scene.Captions.Count);
            Assert.Equal(5, scene.Captions.Distinct().Count());
            Assert.All(scene.Captions, c => Assert.Matches(@"^[A-Z][a-z ,]+\.$", c));

            // Every colour that is named can be found among the fills, up to the light.
            Vector3d[] fills = [.. svg.Descendants().Attributes().Where(
                a => a.Name.LocalName is "fill" or "stroke" && a.Value.StartsWith('#')).Select(a => Vector3d.Parse(a.Value))];
            foreach ((string name, Vector3d colour) in Named)
            {
                if (scene.Captions.Any(c => Regex.IsMatch(c, $@"\b{name}\b (shirt|jacket|coat|ball|car|sail|cap|parasol)")))
                {
                    Assert.True(fills.Any(f => f.Cosine(colour) > 0.98), $"No {name} in the picture of: {scene.Captions[2]}");
                }
            }

            (byte[] rgb, int width, int height) = TestImages.Decode(ImageWriter.RenderSvgAsJpeg(System.Text.Encoding.UTF8.GetBytes(scene.Svg)));
            Assert.Equal((scene.Width, scene.Height), (width, height));
            double[] lower = Mean(rgb, width, height * 2 / 3, height), upper = Mean(rgb, width, 0, height / 4);
            string text = string.Join(' ', scene.Captions);
            switch (place)
            {
                case ScenePlace.Snow:
                    Assert.Contains("snow", text, StringComparison.Ordinal);
                    Assert.True(lower.Min() > 110 && lower.Max() - lower.Min() < 40);
                    break;
                case ScenePlace.Meadow:
                    Assert.Contains("green field", text, StringComparison.Ordinal);
                    Assert.True(lower[1] > lower[0] && lower[1] > lower[2]);
                    break;
                case ScenePlace.Night:
                    Assert.Contains("dark night", text, StringComparison.Ordinal);
                    Assert.True(upper.Average() < 70 && lower.Average() < 70);
                    break;
                case ScenePlace.Desert:
                case ScenePlace.Beach:
                    Assert.Matches("sandy (beach|desert)", text);
                    Assert.True(lower[0] > lower[2] + 15);
                    break;
                case ScenePlace.Lake:
                case ScenePlace.Pool:
                    Assert.Matches("lake|swimming pool", text);
                    Assert.True(lower[2] > lower[0] + 15);
                    break;
            }

            if (text.Contains("blue sky", StringComparison.Ordinal))
            {
                Assert.True(upper[2] > upper[0] + 10, "The sky is not blue: " + text);
            }
            else if (text.Contains("grey sky", StringComparison.Ordinal))
            {
                Assert.True(Math.Abs(upper[2] - upper[0]) < 45, "The sky is not grey: " + text);
            }
        }
    }

    public static TheoryData<int> Places() => [.. Enum.GetValues<ScenePlace>().Select(p => (int)p)];

    [Fact]
    public void AnUnfinishedDatasetHasNoAnnotationFile()
    {
        Assert.Equal(3, SceneDatasetGenerator.Generate(Options(20)).Take(3).Count());
        Assert.False(File.Exists(_folder.File("captions.json")));

        using var cancellation = new CancellationTokenSource();
        Assert.ThrowsAny<OperationCanceledException>(() =>
        {
            foreach (CocoItem item in SceneDatasetGenerator.Generate(Options(500), null, cancellation.Token))
            {
                if (item.ImageId == 4)
                {
                    cancellation.Cancel();
                }
            }
        });
        Assert.False(File.Exists(_folder.File("captions.json")));
        Assert.Equal(5, SceneDatasetGenerator.Generate(Options(5)).Count());
        Assert.True(File.Exists(_folder.File("captions.json")));
    }

    [Fact]
    public void AnExistingDatasetIsKeptUnlessReplacingIsAllowed()
    {
        _ = SceneDatasetGenerator.Generate(Options(6)).Count();
        File.WriteAllText(_folder.File("images/mine.txt"), "kept");
        Assert.Equal("DatasetExists", Assert.Throws<QosValuationException>(() => SceneDatasetGenerator.Generate(Options(2)).Count()).ErrorId);
        Assert.Equal(6, Directory.GetFiles(_folder.File("images"), "*.jpg").Length);
        _ = SceneDatasetGenerator.Generate(Options(2) with { Overwrite = true }).Count();
        Assert.Equal(2, Directory.GetFiles(_folder.File("images"), "*.jpg").Length);
        Assert.True(File.Exists(_folder.File("images/mine.txt")));
    }

    [Fact]
    public void OptionsOutOfRangeAreRefusedAtOnce()
    {
        SceneDatasetOptions[] invalid =
        [
            Options(0),
            Options(5) with { ImageSize = 31 },
            Options(5) with { Contributors = 6 },
            Options(5) with { Contributors = 0 },
            Options(5) with { Path = " " },
        ];
        foreach (SceneDatasetOptions options in invalid)
        {
            Assert.Equal("SceneOptionsInvalid", Assert.Throws<QosValuationException>(() => SceneDatasetGenerator.Generate(options)).ErrorId);
        }

        File.WriteAllText(_folder.File("file"), "not a folder");
        Assert.Equal(
            "DatasetNotWritable",
            Assert.Throws<QosValuationException>(() => SceneDatasetGenerator.Generate(Options(2) with { Path = _folder.File("file") }).Count()).ErrorId);
    }

    private static readonly (string Name, Vector3d Colour)[] Named =
    [
        ("red", new(206, 40, 44)), ("blue", new(36, 84, 196)), ("yellow", new(238, 204, 52)), ("green", new(40, 146, 74)),
        ("orange", new(238, 128, 36)), ("pink", new(236, 120, 168)), ("purple", new(118, 62, 160)), ("white", new(1, 1, 1)),
    ];

    private SceneDatasetOptions Options(int count) => new() { Path = _folder.Path, Count = count, ImageSize = 64, Seed = 7 };

    private static double[] Mean(byte[] rgb, int width, int firstRow, int endRow)
    {
        double[] sums = new double[3];
        for (int i = 3 * width * firstRow; i < 3 * width * endRow; i++)
        {
            sums[i % 3] += rgb[i];
        }

        return [.. sums.Select(s => s / (width * (endRow - firstRow)))];
    }

    private readonly record struct Vector3d(double X, double Y, double Z)
    {
        public static Vector3d Parse(string hex) => new(
            int.Parse(hex.AsSpan(1, 2), NumberStyles.HexNumber, CultureInfo.InvariantCulture),
            int.Parse(hex.AsSpan(3, 2), NumberStyles.HexNumber, CultureInfo.InvariantCulture),
            int.Parse(hex.AsSpan(5, 2), NumberStyles.HexNumber, CultureInfo.InvariantCulture));

        public double Cosine(Vector3d other) =>
            (X * other.X + Y * other.Y + Z * other.Z) / Math.Sqrt(
                Math.Max(1, X * X + Y * Y + Z * Z) * (other.X * other.X + other.Y * other.Y + other.Z * other.Z));
    }

    private sealed class Recorder : IProgress<int>
    {
        public List<int> Values { get; } = [];

        public void Report(int value) => Values.Add(value);
    }
}
