using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using QosValuation.Embeddings.Datasets;

namespace QosValuation.Tests;

/// <summary>CSV headers as other programs write them, labels of noise, and numbers beyond 32-bit floats.</summary>
public sealed class EmbeddingCsvTests : IDisposable
{
    private static readonly float[][] ThreeFourFive = [[0.6f, 0.8f, 0], [0, 0.6f, 0.8f]];
    private readonly TemporaryFolder _folder = new();
    private readonly List<QosValuationException> _faults = [];
    private readonly List<string> _warnings = [];

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("0,1,2\n3,4,0\n0,3,4\n")]
    [InlineData("0,1,2\n0.6,0.8,0\n0,0.6,0.8\n")]
    [InlineData("1,2,3\n0.6,0.8,0.0\n0.0,0.6,0.8\n")]
    [InlineData("# v0,v1,v2\n0.6,0.8,0\n0,0.6,0.8\n")]
    [InlineData("#v0, v1, v2\n0.6, 0.8, 0\n0, 0.6, 0.8\n")]
    [InlineData("# 0,1,2\n0.6,0.8,0\n0,0.6,0.8\n")]
    [InlineData("# made by hand\n# v0,v1,v2\n0.6,0.8,0\n0,0.6,0.8\n")]
    [InlineData("# made by hand\n0.6,0.8,0\n0,0.6,0.8\n")]
    [InlineData("# made by hand\nv0,v1,v2\n0.6,0.8,0\n0,0.6,0.8\n")]
    [InlineData("# written by a program, with a comma\nv0,v1,v2\n0.6,0.8,0\n0,0.6,0.8\n")]
    [InlineData("v0,v1,v2\n0.6,0.8,0\n0,0.6,0.8\n")]
    [InlineData("0.6,0.8,0\n0,0.6,0.8\n")]
    [InlineData("3,4,0\n0,3,4\n")]
    [InlineData(" Vector\n0.6 0.8 0\n0 0.6 0.8\n")]
    public void EveryHeaderGivesTheSameVectors(string text)
    {
        Assert.Equal(ThreeFourFive, Read(text).Select(e => e.Vector));
        Assert.Empty(_faults);
        Assert.Empty(_warnings);
    }

    [Theory]
    [InlineData("0,1\n1,0\n", new[] { 0f, 1, 1, 0 })]
    [InlineData("0,1\n0.6,0.8\n", new[] { 0.6f, 0.8f })]
    [InlineData("3,4\n4,3\n", new[] { 0.6f, 0.8f, 0.8f, 0.6f })]
    public void TwoColumnsAreNumberedOnlyBeforeFractions(string text, float[] expected) => Assert.Equal(expected, Read(text).SelectMany(e => e.Vector));

    [Fact]
    public void AnIndexColumnIsNamedInAWarningAndIsNoComponent()
    {
        Assert.Equal(ThreeFourFive, Read(",0,1,2\n0,0.6,0.8,0\n1,0,0.6,0.8\n").Select(e => e.Vector));
        Assert.Contains("number 1 (without a name)", Assert.Single(_warnings), StringComparison.Ordinal);
    }

    [Fact]
    public void BlanksAfterCommasAreNoPartOfNamesAndValues()
    {
        ClipEmbedding[] read = [.. Read(
            "Source, Contributor, Item, Modality, ClusterId, v0, v1\na.jpg, ann, i 1, Text, 3, 0.6, 0.8\nb.jpg, bob, i2, Image, -1, 1, 0\n")];
        Assert.Equal(
            [("a.jpg", "ann", "i 1", Modality.Text, 3, null), ("b.jpg", "bob", "i2", Modality.Image, null, Novelty.Noise)],
            read.Select(e => (e.Source, e.Contributor, e.Item, e.Modality, e.ClusterId, e.Novelty)));
        Assert.Equal([[0.6f, 0.8f], [1f, 0f]], read.Select(e => e.Vector));
        Assert.Empty(_warnings);

        // Without a blank in the header a blank belongs to the value.
        Assert.Equal(" ann", Assert.Single(Read("Contributor,v0,v1\n ann,1,0\n")).Contributor);
    }

    [Fact]
    public void UnknownColumnsAreNamedOnceAndKnownOnesAreNot()
    {
        Read("Source,Contributer,Colour,Dimension,v0,v1\na,ann,x,2,1,0\nb,bob,y,2,0,1\n");
        Assert.Contains("'Contributer', 'Colour'.", Assert.Single(_warnings), StringComparison.Ordinal);
        Assert.DoesNotContain("Dimension", _warnings[0], StringComparison.Ordinal);
        _warnings.Clear();

        Read("""
            {"item":"a","owner":"ann","vector":[1,0]}
            {"item":"b","owner":"bob","vector":[0,1]}
            """, "v.jsonl");
        Assert.Contains("'owner'", Assert.Single(_warnings), StringComparison.Ordinal);
        _warnings.Clear();

        string vectors = WriteNpy("v.npy", [[1, 0], [0, 1]]);
        foreach ((string name, string text) in new[]
        {
            ("m.csv", "Item,Owner\na,ann\nb,bob\n"),
            ("m.jsonl", "{\"item\":\"a\",\"Owner\":\"ann\"}\n{\"item\":\"b\",\"Owner\":\"bob\"}\n"),
            ("m.json", "[{\"item\":\"a\",\"Owner\":\"ann\"},{\"item\":\"b\",\"Owner\":\"bob\"}]"),
        })
        {
            Assert.Equal(["a", "b"], Described(vectors, Write(name, text)).Select(e => e.Item));
            Assert.Contains("'Owner'", Assert.Single(_warnings), StringComparison.Ordinal);
            _warnings.Clear();
        }
    }

    [Fact]
    public void NegativeClusterNumbersInATableOfLabelsAreNoise()
    {
        string vectors = WriteNpy("v.npy", [[1, 0], [0, 1], [1, 1], [1, 2]]);
        Assert.Equal(
            [(0, null), (null, Novelty.Noise), (null, Novelty.Noise), (null, Novelty.Noise)],
            Described(vectors, Write("l.csv", "ClusterId,Novelty\n0,\n-1,\n-2,\n-1,Noise\n")).Select(e => (e.ClusterId, e.Novelty)));
        Assert.Empty(_faults);

        Assert.Equal(3, Described(vectors, Write("l.csv", "ClusterId,Novelty\n0,\n-1,Novel\n1,Normal\n-1,\n")).Length);
        Assert.Contains("Row 2", Assert.Single(_faults).Message, StringComparison.Ordinal);
        Assert.Equal("EmbeddingRowNotUsable", _faults[0].ErrorId);
    }

    public static TheoryData<double[], float[]> WideVectors => new()
    {
        { [3e-45, 4e-45, 0, 1.2e-44], [3 / 13f, 4 / 13f, 0, 12 / 13f] },
        { [1e-50, 0, 0, 0], [1, 0, 0, 0] },
        { [0, -1e39, 0, 0], [0, -1, 0, 0] },
        { [3e300, 4e300, 0, -1.2e301], [3 / 13f, 4 / 13f, 0, -12 / 13f] },
        { [3e-320, 0, 4e-320, 0], [0.6f, 0, 0.8f, 0] },
        { [double.MaxValue, double.MaxValue, 0, 0], [(float)Math.Sqrt(0.5), (float)Math.Sqrt(0.5), 0, 0] },
        { [3, 4, 0, 12], [3 / 13f, 4 / 13f, 0, 12 / 13f] },
    };

    [Theory]
    [MemberData(nameof(WideVectors))]
    public void DoublesAreNormalisedBeforeTheyAreNarrowed(double[] wide, float[] expected)
    {
        string numbers = string.Join(",", wide.Select(x => x.ToString("R", CultureInfo.InvariantCulture)));
        ClipEmbedding[] read =
        [
            .. Read($"v0,v1,v2,v3\n{numbers}\n"),
            .. Read($"Vector\n\"{numbers}\"\n"),
            .. Read($"{{\"vector\":[{numbers}]}}\n", "v.jsonl"),
            .. Read($"[{numbers}]\n", "v.jsonl"),
            .. EmbeddingFile.Read(WriteNpy("c.npy", [wide, [1, 0, 0, 0]]), onFault: _faults.Add).Take(1),
            .. EmbeddingFile.Read(WriteNpy("f.npy", [wide, [1, 0, 0, 0]], isFortran: true), onFault: _faults.Add).Take(1),
        ];
        Assert.Empty(_faults);
        Assert.Equal(6, read.Length);
        float[] narrow = WideVector.Narrow(wide);
        double norm = Math.Sqrt(narrow.Sum(x => (double)x * x));
        for (int k = 0; k < expected.Length; k++)
        {
            Assert.All(read, embedding => Assert.Equal(expected[k], embedding.Vector[k], 1e-7f));
            Assert.Equal(expected[k], narrow[k] / norm, 1e-4);
        }
    }

    [Fact]
    public void WhatHasNoDirectionIsStillRefused()
    {
        Read("v0,v1\n0,0\nInfinity,1\nNaN,1\n1,0\n");
        Assert.Equal(
            ["is zero, which has no direction.", "holds NaN or an infinite number.", "holds NaN or an infinite number."],
            _faults.Select(fault => fault.Message[(fault.Message.IndexOf("vector ", StringComparison.Ordinal) + 7)..]));
        Assert.Equal([0f, 0f], WideVector.Narrow([0.0, 0.0]));
        Assert.Equal([float.PositiveInfinity, 1f], WideVector.Narrow([double.PositiveInfinity, 1]));
        Assert.True(float.IsNaN(WideVector.Narrow([double.NaN, 1])[0]));
    }

    [Fact]
    public void VectorsThatFloatsHoldAreNarrowedAsTheyAre()
    {
        var random = new Random(3);
        double[] wide = [.. Enumerable.Range(0, 512).Select(_ => (random.NextDouble() - 0.5) * Math.Pow(10, random.Next(-20, 20)))];
        Assert.Equal(wide.Select(x => (float)x), WideVector.Narrow(wide));
    }

    private ClipEmbedding[] Read(string text, string name = "v.csv") =>
        [.. EmbeddingFile.Read(Write(name, text), new EmbeddingReadOptions { Warned = _warnings.Add }, _faults.Add)];

    private ClipEmbedding[] Described(string path, string metadata) =>
        [.. EmbeddingFile.Read(path, new EmbeddingReadOptions { MetadataPath = metadata, Warned = _warnings.Add }, _faults.Add)];

    private string Write(string name, string text)
    {
        string path = Path.Combine(_folder.Path, name);
        File.WriteAllText(path, text);
        return path;
    }

    private string WriteNpy(string name, double[][] rows, bool isFortran = false)
    {
        string order = isFortran ? "True" : "False";
        string header = $"{{'descr': '<f8', 'fortran_order': {order}, 'shape': ({rows.Length}, {rows[0].Length}), }}".PadRight(117) + "\n";
        byte[] bytes = [0x93, .. Encoding.ASCII.GetBytes("NUMPY"), 1, 0, (byte)header.Length, 0, .. Encoding.ASCII.GetBytes(header)];
        IEnumerable<double> numbers = isFortran ? Enumerable.Range(0, rows[0].Length).SelectMany(k => rows.Select(row => row[k])) : rows.SelectMany(row => row);
        byte[] data = [.. numbers.SelectMany(x =>
        {
            byte[] number = new byte[sizeof(double)];
            BinaryPrimitives.WriteDoubleLittleEndian(number, x);
            return number;
        })];
        string path = Path.Combine(_folder.Path, name);
        File.WriteAllBytes(path, [.. bytes, .. data]);
        return path;
    }
}
