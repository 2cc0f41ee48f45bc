using QosValuation.Embeddings.Clustering;
using QosValuation.Foundation.Numerics;
using static QosValuation.Tests.ClusteringSamples;

namespace QosValuation.Tests;

public sealed class RecordAssemblerTests
{
    private readonly List<SemanticRecord> _records = [];
    private readonly List<(int Record, ClipEmbedding Embedding)> _late = [];
    private readonly List<QosValuationException> _faults = [];
    private readonly RecordAssembler _assembler;

    public RecordAssemblerTests()
    {
        _assembler = new RecordAssembler(_records.Add, (record, embedding) => _late.Add((record, embedding)), _faults.Add);
    }

    [Fact]
    public void JoinsContiguousEmbeddingsAndHandsARecordOnWhenTheNextBegins()
    {
        _assembler.Add(Embedding(Plane(0), "a", Modality.Text));
        _assembler.Add(Embedding(Plane(10), "a"));
        _assembler.Add(Embedding(Plane(20), "a", Modality.Text));
        Assert.Empty(_records);
        _assembler.Add(Embedding(Plane(30), "b"));
        Assert.Equal(3, Assert.Single(_records).Embeddings.Count);
        _assembler.Complete();
        Assert.Equal(["a", "b"], _records.Select(r => r.Item));
        Assert.Equal([0, 1], _records.Select(r => r.Index));

        // The image places the record although a text came first.
        float[] place = new float[2];
        Assert.Equal(Modality.Image, _records[0].PlacedBy);
        Assert.True(_records[0].TryPlace(place));
        Assert.Equal(1, Cosine(place, Plane(10)), 6);
    }

    [Fact]
    public void SeveralVectorsOfTheModalityAreAveragedAndRenormalised()
    {
        _assembler.Add(Embedding(Plane(0), "a", Modality.Text));
        _assembler.Add(Embedding(Plane(90), "a", Modality.Text));
        _assembler.Complete();
        float[] place = new float[2];
        Assert.True(_records[0].TryPlace(place));
        Assert.Equal(Modality.Text, _records[0].PlacedBy);
        Assert.Equal(Math.Sqrt(0.5), place[0], 6);
        Assert.Equal(Math.Sqrt(0.5), place[1], 6);

        _assembler.Add(Embedding(Plane(0), "b"));
        _assembler.Add(Embedding(Plane(180), "b"));
        _assembler.Complete();
        Assert.False(_records[1].TryPlace(place));
    }

    [Fact]
    public void LaterEmbeddingsFollowTheirRecord()
    {
        foreach (string item in new[] { "a", "b", "c" })
        {
            _assembler.Add(Embedding(Plane(0), item));
        }

        foreach (string item in new[] { "a", "b", "c" })
        {
            _assembler.Add(Embedding(Plane(0), item, Modality.Text));
        }

        _assembler.Complete();

        // The record still open takes its text only where nothing came between: c was closed by the text of a.
        Assert.Equal(["a", "b", "c"], _records.Select(r => r.Item));
        Assert.All(_records, r => Assert.Single(r.Embeddings));
        Assert.Equal([0, 1, 2], _late.Select(l => l.Record));
        Assert.All(_late, l => Assert.Equal(Modality.Text, l.Embedding.Modality));
    }

    [Fact]
    public void EmptyItemsAndOtherContributorsAreOtherRecords()
    {
        _assembler.Add(Embedding(Plane(0), ""));
        _assembler.Add(Embedding(Plane(0), ""));
        _assembler.Add(Embedding(Plane(0), "0", contributor: "ann"));
        _assembler.Add(Embedding(Plane(0), "0", contributor: "bob"));
        _assembler.Complete();
        Assert.Equal(4, _records.Count);
        Assert.Empty(_late);
    }

    [Fact]
    public void UnusableEmbeddingsCostOneFaultEach()
    {
        Assert.True(_assembler.Add(Embedding(Plane(0), "good", model: "m")));
        Assert.False(_assembler.Add(Embedding([float.NaN, 0], "nan")));
        Assert.False(_assembler.Add(Embedding([float.PositiveInfinity, 0], "infinite")));
        Assert.False(_assembler.Add(Embedding([0, 0], "zero")));
        Assert.False(_assembler.Add(Embedding([], "empty")));
        Assert.False(_assembler.Add(Embedding(null!, "null")));
        Assert.False(_assembler.Add(Embedding([1, 0, 0], "long")));
        Assert.False(_assembler.Add(Embedding(Plane(0), "model", model: "n")));
        Assert.True(_assembler.Add(Embedding(Plane(0), "text", Modality.Text, model: "n")));
        Assert.True(_assembler.Add(Embedding(Plane(0), "last", model: "m")));
        _assembler.Complete();
        Assert.Equal(["good", "text", "last"], _records.Select(r => r.Item));
        Assert.Equal(
            [
                "EmbeddingNotFinite",
                "EmbeddingNotFinite",
                "EmbeddingIsZero",
                "EmbeddingEmpty",
                "EmbeddingEmpty",
                "EmbeddingDimensionMismatch",
                "EmbeddingModelMismatch",
            ],
            _faults.Select(f => f.ErrorId));
        Assert.All(_faults, f => Assert.IsType<ClipEmbedding>(f.Subject));
    }

    [Fact]
    public void OnlyVectorsOffUnitNormAreCopiedAndNormalised()
    {
        float[] rounded = [1.0005f, 0];
        float[] raw = [3, 4];
        _assembler.Add(Embedding(rounded, "a"));
        _assembler.Add(Embedding(raw, "b"));
        _assembler.Add(Embedding([1e-30f, 0], "tiny"));
        _assembler.Complete();
        Assert.Same(rounded, _records[0].Embeddings[0].Vector);
        Assert.Equal([0.6f, 0.8f], _records[1].Embeddings[0].Vector);
        Assert.Equal([3f, 4f], raw);
        Assert.Equal([1f, 0f], _records[2].Embeddings[0].Vector);
        Assert.Equal(1, UnitVector.Norm(_records[1].Embeddings[0].Vector), 6);
    }
}
