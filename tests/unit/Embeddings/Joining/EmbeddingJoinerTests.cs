using QosValuation.Embeddings.Datasets;
using QosValuation.Embeddings.Joining;

namespace QosValuation.Tests;

public sealed class EmbeddingJoinerTests
{
    private readonly List<QosValuationException> _faults = [];
    private readonly List<string> _warnings = [];

    [Fact]
    public void GivesTheOrderOfTheRunAndTakesTheMarksAway()
    {
        EmbeddingJoiner joiner = Joiner(At(3, "2/2"), At(0, "1/2"), At(2, "1/2"), At(1, "2/2"));
        joiner.Check(allowMissing: false);
        ClipEmbedding[] joined = [.. joiner.Join().Select(row => row.Embedding)];
        Assert.Equal(["s0", "s1", "s2", "s3"], joined.Select(embedding => embedding.Source));
        Assert.All(joined, embedding => Assert.True(embedding is { Shard: null, ShardPosition: null }));
        Assert.Equal(0, joiner.Repeated);
    }

    [Fact]
    public void MissingShardsAreNamed()
    {
        EmbeddingJoiner joiner = Joiner(At(0, "2/5"), At(1, "4/5"));
        QosValuationException fault = Assert.Throws<QosValuationException>(() => joiner.Check(allowMissing: false));
        Assert.Equal("ShardsMissing", fault.ErrorId);
        Assert.Contains("1/5, 3/5, 5/5", fault.Message, StringComparison.Ordinal);
        joiner.Check(allowMissing: true);
    }

    [Fact]
    public void AnotherDivisionIsRefused()
    {
        EmbeddingJoiner joiner = Joiner(At(0, "1/2"));
        Assert.Equal("ShardsDiffer", Assert.Throws<QosValuationException>(() => joiner.Add(new LabelledEmbedding(At(1, "2/3"), null))).ErrorId);
    }

    [Fact]
    public void MarksOnSomeOnlyAreRefused()
    {
        EmbeddingJoiner joiner = Joiner(At(0, "1/1"), At(1, null));
        Assert.Equal("ShardsDiffer", Assert.Throws<QosValuationException>(() => joiner.Check(allowMissing: true)).ErrorId);
    }

    [Fact]
    public void WhatIsThereTwiceIsTakenOnce()
    {
        EmbeddingJoiner joiner = Joiner(At(0, "1/2"), At(1, "2/2"), At(0, "1/2"));
        Assert.Equal(2, joiner.Join().Count());
        Assert.Equal(1, joiner.Repeated);
    }

    [Fact]
    public void UnlikeVectorsOrItemsAtOnePlaceAreRefused()
    {
        foreach (ClipEmbedding other in (ClipEmbedding[])[At(0, "1/2") with { Vector = [0, 1] }, At(0, "1/2") with { Source = "other", Item = "other" }])
        {
            EmbeddingJoiner joiner = Joiner(At(0, "1/2"), At(1, "2/2"), other);
            Assert.Equal("ShardsContradict", Assert.Throws<QosValuationException>(() => joiner.Join().ToArray()).ErrorId);
        }
    }

    [Fact]
    public void WithoutMarksEqualOrdinalsOfUnlikeItemsStayInTheOrderGiven()
    {
        EmbeddingJoiner joiner = Joiner(
            At(1, null), At(0, null) with { Item = "b" }, At(0, null) with { Item = "a" }, At(0, null) with { Item = "b" });
        joiner.Check(allowMissing: false);
        Assert.Equal(["b", "a", "i1"], joiner.Join().Select(row => row.Embedding.Item));
        Assert.Equal(1, joiner.Repeated);
    }

    [Theory]
    [InlineData("npy")]
    [InlineData("csv")]
    [InlineData("jsonl")]
    public void FilesInOrderAndOutOfOrderMergeWithLooseEmbeddings(string ending)
    {
        using var folder = new TemporaryFolder();
        Write(folder.File("a." + ending), At(0, "1/3"), At(4, "1/3"), At(5, "1/3"));
        Write(folder.File("b." + ending), At(6, "2/3"), At(1, "2/3"));
        EmbeddingJoiner joiner = Joiner(At(3, "3/3"), At(2, "3/3"));
        joiner.Add(folder.File("a." + ending));
        joiner.Add(folder.File("b." + ending));
        joiner.Add(folder.File("b." + ending));
        joiner.Check(allowMissing: false);
        Assert.Equal(Enumerable.Range(0, 7).Select(i => $"s{i}"), joiner.Join().Select(row => row.Embedding.Source));
        Assert.Equal(0, joiner.Repeated);
        Assert.Empty(_faults);
        Assert.Empty(_warnings);
    }

    private static ClipEmbedding At(long position, string? shard) => new()
    {
        Source = $"s{position}",
        Item = $"i{position}",
        Modality = Modality.Image,
        Vector = [1, 0],
        Ordinal = position,
        Shard = shard,
        ShardPosition = shard is null ? null : position,
    };

    private static void Write(string path, params ReadOnlySpan<ClipEmbedding> embeddings)
    {
        using EmbeddingWriter writer = EmbeddingWriter.Create(path);
        foreach (ClipEmbedding embedding in embeddings)
        {
            writer.Write(embedding);
        }

        writer.Complete();
    }

    private EmbeddingJoiner Joiner(params ReadOnlySpan<ClipEmbedding> embeddings)
    {
        var joiner = new EmbeddingJoiner(_faults.Add, _warnings.Add);
        foreach (ClipEmbedding embedding in embeddings)
        {
            joiner.Add(new LabelledEmbedding(embedding, null));
        }

        return joiner;
    }
}
