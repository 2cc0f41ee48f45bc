using QosValuation.Embeddings.Search;

namespace QosValuation.Tests;

public sealed class EmbeddingSearchTests
{
    [Theory]
    [InlineData(1, 1, 3, 1)]
    [InlineData(2, 200, 16, 7)]
    [InlineData(3, 500, 512, 10)]
    [InlineData(4, 64, 5, 1000)]
    public void FindsWhatBruteForceFinds(int seed, int count, int dimension, int top)
    {
        var random = new Random(seed);
        ClipEmbedding[] embeddings = [.. Enumerable.Range(0, count).Select(i => Embedding(i, Vector(random, dimension)))];

        // Copies, so that there are ties.
        for (int i = 3; i < count; i += 5)
        {
            embeddings[i] = Embedding(i, embeddings[i / 2].Vector);
        }

        EmbeddingQuery[] queries = [.. Enumerable.Range(0, 3).Select(i => new EmbeddingQuery($"q{i}", Vector(random, dimension)))];
        var search = new EmbeddingSearch(queries, top);
        foreach (ClipEmbedding embedding in embeddings)
        {
            search.Add(embedding);
        }

        EmbeddingMatch[] matches = [.. search.Matches()];
        foreach (EmbeddingQuery query in queries)
        {
            // Stable: of equal cosines the first comes first.
            (ClipEmbedding Embedding, double Cosine)[] expected =
                [.. embeddings.Select(e => (e, Cosine(query.Vector, e.Vector))).OrderByDescending(e => e.Item2).Take(top)];
            EmbeddingMatch[] found = [.. matches.Where(match => match.Query == query.Name)];
            Assert.Equal(expected.Select(e => e.Embedding.Ordinal), found.Select(match => match.Embedding.Ordinal));
            Assert.Equal(Enumerable.Range(1, found.Length), found.Select(match => match.Rank));
            Assert.All(found.Zip(expected), pair => Assert.Equal(pair.Second.Cosine, pair.First.Similarity, 1e-12));
        }
    }

    [Fact]
    public void ComparesByTheCosineWhateverTheNorms()
    {
        var search = new EmbeddingSearch([new EmbeddingQuery("q", [3e30f, 0, 0])], 5, 0.5);
        search.Add(Embedding(0, [1e-30f, 0, 0]));
        search.Add(Embedding(1, [1, 1, 0]));
        search.Add(Embedding(2, [0, 1, 0]));
        search.Add(Embedding(3, [-1, 0, 0]));
        EmbeddingMatch[] matches = [.. search.Matches()];
        Assert.Equal([0, 1], matches.Select(match => match.Embedding.Ordinal));
        Assert.Equal(1, matches[0].Similarity);
        Assert.Equal(Math.Sqrt(0.5), matches[1].Similarity, 1e-15);
    }

    [Fact]
    public void RefusesWhatHasNoCosine()
    {
        var search = new EmbeddingSearch([new EmbeddingQuery("q", [1, 0]), new EmbeddingQuery("wide", [1, 0, 0])]);
        Assert.True(Refused(() => search.Add(Embedding(0, []))).Is(Faults.EmbeddingEmpty));
        Assert.True(Refused(() => search.Add(Embedding(0, [0, 0]))).Is(Faults.EmbeddingIsZero));
        Assert.True(Refused(() => search.Add(Embedding(0, [1, float.NaN]))).Is(Faults.EmbeddingNotFinite));

        // Compared with the query of its dimension, and told of the other.
        QosValuationException unlike = Refused(() => search.Add(Embedding(7, [1, 0])));
        Assert.True(unlike.Is(Faults.EmbeddingDimensionMismatch));
        Assert.Contains("2 components and the query 'wide' 3", unlike.Message, StringComparison.Ordinal);
        EmbeddingMatch match = Assert.Single(search.Matches());
        Assert.Equal(("q", 7L), (match.Query, match.Embedding.Ordinal));
        Assert.True(Refused(() => _ = new EmbeddingSearch([new EmbeddingQuery("q", [0, 0])])).Is(Faults.EmbeddingIsZero));
        Assert.True(Refused(() => _ = new EmbeddingSearch([], 0)).Is(Faults.SearchOptionOutOfRange));
        Assert.True(Refused(() => _ = new EmbeddingSearch([], 1, 1.1)).Is(Faults.SearchOptionOutOfRange));
    }

    private static QosValuationException Refused(Action work) => Assert.Throws<QosValuationException>(work);

    private static float[] Vector(Random random, int dimension) => [.. Enumerable.Range(0, dimension).Select(_ => random.NextSingle() - 0.5f)];

    private static ClipEmbedding Embedding(int ordinal, float[] vector) =>
        new() { Source = $"{ordinal}.jpg", Item = $"{ordinal}.jpg", Modality = Modality.Image, Vector = vector, Ordinal = ordinal };

    private static double Cosine(float[] a, float[] b)
    {
        double dot = 0, x = 0, y = 0;
        for (int i = 0; i < a.Length; i++)
        {
            dot += (double)a[i] * b[i];
            x += (double)a[i] * a[i];
            y += (double)b[i] * b[i];
        }

        return dot / Math.Sqrt(x * y);
    }
}
