using QosValuation.Embeddings.Prototypes;

namespace QosValuation.Tests;

public sealed class PrototypeFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Theory]
    [InlineData("p.npy")]
    [InlineData("p.csv")]
    [InlineData("p.jsonl")]
    [InlineData("p.json")]
    public void ComesBackBitForBitWithoutContributors(string name)
    {
        string path = Path.Combine(_folder.Path, name);
        DpPrototype[] prototypes = Prototypes();
        PrototypeFile.Write(path, prototypes);
        IReadOnlyList<DpPrototype> back = PrototypeFile.Read(path);
        Assert.Equal(prototypes.Select(Facts), back.Select(Facts));
        Assert.All(prototypes.Zip(back), pair => Assert.Equal(Bits(pair.First.Vector), Bits(pair.Second.Vector)));
        Assert.All(back, prototype => Assert.Empty(prototype.Contributors));
        foreach (string file in Directory.GetFiles(_folder.Path))
        {
            string text = File.ReadAllText(file);
            Assert.DoesNotContain("ann", text, StringComparison.OrdinalIgnoreCase);
            Assert.DoesNotContain("contributor", text.Replace("\"unit\":\"Contributor\"", string.Empty, StringComparison.Ordinal)
                .Replace(",Contributor,", string.Empty, StringComparison.Ordinal), StringComparison.OrdinalIgnoreCase);
        }

        PrototypeFile.Write(path, prototypes, withContributors: true);
        Assert.Equal(prototypes.Select(prototype => prototype.Contributors), PrototypeFile.Read(path).Select(prototype => prototype.Contributors));
    }

    /// <summary>A process may be killed between the two files of a .npy: old vectors never stand under new properties.</summary>
    [Fact]
    public void VectorsBesideTheMetadataOfOthersAreRefused()
    {
        string path = Path.Combine(_folder.Path, "p.npy");
        DpPrototype[] prototypes = Prototypes();
        PrototypeFile.Write(path, prototypes);
        byte[] before = File.ReadAllBytes(path);
        Array.Reverse(prototypes);
        PrototypeFile.Write(path, prototypes);
        File.WriteAllBytes(path, before);
        Assert.True(Assert.Throws<QosValuationException>(() => PrototypeFile.Read(path)).Is(Faults.PrototypeFileNotValid));
    }

    [Theory]
    [InlineData(2, 1)]
    [InlineData(1, 2)]
    [InlineData(1, 0)]
    public void AnExportThatIsKilledLeavesTheOldPrototypesOrTheNewOnes(int old, int fresh)
    {
        string path = Path.Combine(_folder.Path, "p.npy");
        string beside = Path.Combine(_folder.Path, "p.metadata.jsonl");
        (byte[] Vectors, byte[] Beside, string[] Facts) Written(IEnumerable<DpPrototype> prototypes)
        {
            PrototypeFile.Write(path, [.. prototypes]);
            return (File.ReadAllBytes(path), File.ReadAllBytes(beside), [.. PrototypeFile.Read(path).Select(Facts)]);
        }

        var before = Written(Prototypes().Take(old));
        var after = Written(Prototypes().Reverse().Take(fresh));
        File.WriteAllBytes(beside + ".pending", after.Beside);
        File.WriteAllBytes(beside, before.Beside);
        File.WriteAllBytes(path, before.Vectors);
        Assert.Equal(before.Facts, PrototypeFile.Read(path).Select(Facts));
        File.WriteAllBytes(path, after.Vectors);
        Assert.Equal(after.Facts, PrototypeFile.Read(path).Select(Facts));
        File.Delete(beside);
        Assert.Equal(after.Facts, PrototypeFile.Read(path).Select(Facts));
        Written(Prototypes());
        Assert.Equal([beside, path], Directory.GetFiles(_folder.Path).Order(StringComparer.Ordinal));
    }

    /// <summary>A property that a prototype gains is published only when somebody decides so.</summary>
    [Fact]
    public void WritesNothingThatIsNotOnTheList()
    {
        string[] kept = [nameof(DpPrototype.Vector), nameof(DpPrototype.Contributors)];
        Assert.Equal(
            typeof(DpPrototype).GetProperties().Select(property => property.Name).Except(kept).Order(StringComparer.Ordinal),
            PrototypeFile.Published.Order(StringComparer.Ordinal));
        Assert.DoesNotContain("Seed", PrototypeFile.Published);
    }

    /// <summary>Files of earlier versions do not say which encoder made their vectors.</summary>
    [Fact]
    public void ReadsWhatDoesNotNameAModel()
    {
        string path = Path.Combine(_folder.Path, "p.jsonl");
        DpPrototype[] prototypes = Prototypes();
        PrototypeFile.Write(path, prototypes);
        File.WriteAllText(path, File.ReadAllText(path).Replace("\"model\":\"clip-mini\",", string.Empty, StringComparison.Ordinal)
            .Replace("\"model\":\"\",", string.Empty, StringComparison.Ordinal));
        Assert.DoesNotContain("\"model\"", File.ReadAllText(path), StringComparison.Ordinal);
        Assert.Equal(prototypes.Select(prototype => Facts(prototype with { Model = string.Empty })), PrototypeFile.Read(path).Select(Facts));
    }

    [Theory]
    [InlineData("p.npy", "x")]
    [InlineData("p.csv", "ClusterId,v0\n1,2\n")]
    [InlineData("p.csv", "ClusterId,v0\n1\n")]
    [InlineData("p.json", "{}")]
    [InlineData("p.json", "[{\"clusterId\":1,\"vector\":[1]}]")]
    [InlineData("p.jsonl", "[1]")]
    [InlineData("p.jsonl", "nonsense")]
    public void SaysThatAFileIsNone(string name, string content)
    {
        string path = Path.Combine(_folder.Path, name);
        File.WriteAllText(path, content);
        QosValuationException fault = Assert.Throws<QosValuationException>(() => PrototypeFile.Read(path));
        Assert.True(fault.Is(Faults.PrototypeFileNotValid), fault.Message);
        Assert.True(Assert.Throws<QosValuationException>(() => PrototypeFile.Read(path + ".npy")).Is(Faults.EmbeddingFileNotFound));
    }

    [Fact]
    public void RefusesWhatAMatrixCannotHold()
    {
        DpPrototype[] unlike = Prototypes();
        unlike[1] = unlike[1] with { Vector = [1] };
        string path = Path.Combine(_folder.Path, "p.npy");
        Assert.True(Assert.Throws<QosValuationException>(() => PrototypeFile.Write(path, unlike)).Is(Faults.DimensionMismatch));
        unlike[1] = unlike[1] with { Vector = [1, float.NaN, 0] };
        Assert.True(Assert.Throws<QosValuationException>(() => PrototypeFile.Write(path, unlike)).Is(Faults.VectorNotFinite));
        Assert.Empty(Directory.GetFiles(_folder.Path));
    }

    public void Dispose() => _folder.Dispose();

    private static string Facts(DpPrototype prototype) => (prototype with { Vector = [], Contributors = [] }).ToString();

    private static int[] Bits(float[] vector) => Array.ConvertAll(vector, BitConverter.SingleToInt32Bits);

    private static DpPrototype[] Prototypes() =>
    [
        new DpPrototype
        {
            ClusterId = 3, Modality = Modality.Text, Model = "clip-mini", Vector = [0.1f, 7.038531E-26f, -1e-45f], Count = 7, Epsilon = 0.1 + 0.2, Delta = 1e-5, Sensitivity = 2.0 / 7,
            Sigma = Math.PI, Mechanism = PrivacyMechanism.DiscreteGaussian, IsFormal = true, HasNoisyCount = true, Neighboring = Neighboring.AddRemove,
            Unit = PrivacyUnit.Contributor, GridStep = 1.4e-11, Contributors = ["Ann", "Joann, the \"second\""],
        },
        new DpPrototype
        {
            ClusterId = 4, Modality = Modality.Image, Vector = [1, 2, 3], Count = 1, Epsilon = double.NaN, Delta = double.NaN, Sensitivity = double.NaN,
            Sigma = 0.01, Mechanism = PrivacyMechanism.ImageDp, IsFormal = false, IsSeeded = true, PostProcessing = PrototypePostProcessing.Sphere,
        },
    ];
}
