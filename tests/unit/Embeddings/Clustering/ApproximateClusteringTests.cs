using QosValuation.Embeddings.Clustering;
using QosValuation.Foundation.Randomness;
using static QosValuation.Tests.ClusteringSamples;

namespace QosValuation.Tests;

/// <summary>The approximate search: near the exact one, the same whatever blocks, threads and interruptions.</summary>
public sealed class ApproximateClusteringTests : IDisposable
{
    private const int Least = 200;
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(1, 64, 900, 0.7, 0.75)]
    [InlineData(2, 128, 1500, 0.5, 0.85)]
    [InlineData(3, 32, 500, 0.4, 0.9)]
    [InlineData(4, 512, 700, 0.7, 0.7)]
    public void TheNearestGroupIsFoundOfNearlyAll(int seed, int dimension, int centres, double spread, double threshold)
    {
        // Each vector goes where the approximate clustering sends it, and what the exact search says is worked out from its centroids, by a naive reference.
        float[][] vectors = Mixture(seed, 6000, dimension, centres, spread);
        LeaderClustering clustering = new(dimension, threshold, 1, NeighbourSearch.Approximate, Least);
        int asked = 0, agreed = 0, decided = 0;
        for (int i = 0; i < vectors.Length; i++)
        {
            int nearest = -1;
            double cosine = double.NegativeInfinity;
            bool asks = clustering.IsApproximate && i % 13 == 0;
            for (int group = 0; asks && group < clustering.GroupCount; group++)
            {
                double other = Cosine(vectors[i], clustering.CentroidOf(group));
                (nearest, cosine) = other > cosine ? (group, other) : (nearest, cosine);
            }

            int before = clustering.GroupCount;
            int taken = clustering.Add(vectors[i]);
            if (asks)
            {
                asked++;
                bool exactFounds = cosine < threshold;
                agreed += exactFounds || taken == nearest ? 1 : 0;
                decided += exactFounds ? taken == before ? 1 : 0 : taken == nearest ? 1 : 0;
            }
        }

        Assert.True(clustering.IsApproximate);
        Assert.InRange(asked, 200, vectors.Length);
        Assert.InRange(agreed / (double)asked, 0.95, 1);
        Assert.InRange(decided / (double)asked, 0.95, 1);
        SearchRecall recall = Assert.NotNull(clustering.Recall);
        Assert.InRange(recall.Searched, 1, vectors.Length);
        Assert.Equal((recall.Searched + 996) / 997, recall.Sampled);
        Assert.InRange(recall.Agreed, 0, recall.Sampled);
        Assert.InRange(recall.Decided, recall.Agreed, recall.Sampled);
    }

    [Theory]
    [InlineData(8, 3000, 24, 700, 0.6, 0.8)]
    [InlineData(9, 3000, 64, 250, 0.8, 0.7)]
    [InlineData(10, 2000, 16, 1900, 0.3, 0.99)] // nearly all alone
    public void BlocksAndThreadsChangeNothing(int seed, int count, int dimension, int centres, double spread, double threshold)
    {
        float[][] vectors = Mixture(seed, count, dimension, centres, spread);
        for (int i = 0; i < vectors.Length; i += 9)
        {
            vectors[i] = vectors[i / 2];
        }

        float[] all = [.. vectors.SelectMany(vector => vector)];
        LeaderClustering expected = new(dimension, threshold, 1, NeighbourSearch.Approximate, Least);
        int[] groups = [.. vectors.Select(vector => expected.Add(vector))];
        Assert.True(expected.IsApproximate);
        foreach (int block in new[] { 3, 64, 128, count })
        {
            foreach (int threads in new[] { 1, 2, -1 })
            {
                LeaderClustering clustering = new(dimension, threshold, threads, NeighbourSearch.Approximate, Least);
                int[] taken = new int[count];
                for (int start = 0; start < count; start += block)
                {
                    int length = Math.Min(block, count - start);
                    clustering.Add(all.AsSpan(start * dimension, length * dimension), taken.AsSpan(start, length));
                }

                Assert.Equal(groups, taken);
                Assert.Equal(expected.Recall, clustering.Recall);
                BlockClusteringTests.AssertSame(expected, clustering);
            }
        }
    }

    [Fact]
    public void WhereClustersLieApartTheSearchIsAsGoodAsExact()
    {
        float[][] vectors = Mixture(12, 8000, 128, 600, 0.25, strays: 0.05);
        LeaderClustering exact = new(128, 0.8);
        LeaderClustering approximate = new(128, 0.8, 2, NeighbourSearch.Approximate, Least);
        Assert.Equal(vectors.Select(vector => exact.Add(vector)), vectors.Select(vector => approximate.Add(vector)));
        Assert.True(approximate.IsApproximate);
        Assert.Equal(1, approximate.Recall!.Value.Nearest);
        Assert.Equal(1, approximate.Recall!.Value.Decision);
        BlockClusteringTests.AssertSame(exact, approximate);
    }

    [Fact]
    public void UpToTheLeastNumberOfGroupsTheSearchIsExact()
    {
        float[][] vectors = Mixture(13, 2000, 24, 80, 0.6, strays: 0);
        LeaderClustering exact = new(24, 0.7);
        int[] groups = [.. vectors.Select(vector => exact.Add(vector))];
        LeaderClustering approximate = new(24, 0.7, 1, NeighbourSearch.Approximate, exact.GroupCount);
        Assert.Equal(groups, vectors.Select(vector => approximate.Add(vector)));
        Assert.False(approximate.IsApproximate);
        Assert.Null(approximate.Recall);
        BlockClusteringTests.AssertSame(exact, approximate);
    }

    [Fact]
    public void CentroidsThatMoveAreFoundWhereTheyAre()
    {
        // Groups that a drift carries far from where they were founded: each step joins the last.
        const int dimension = 64;
        RandomSource random = RandomSource.Create(21);
        float[][] from = [.. Enumerable.Range(0, 600).Select(_ => Direction(random, dimension))];
        float[][] to = [.. Enumerable.Range(0, 600).Select(_ => Direction(random, dimension))];
        LeaderClustering clustering = new(dimension, 0.6, 1, NeighbourSearch.Approximate, Least);
        int strayed = 0;
        for (int step = 0; step <= 40; step++)
        {
            for (int i = 0; i < from.Length; i++)
            {
                float share = step / 40f;
                float[] vector = [.. from[i].Zip(to[i], (a, b) => (a * (1 - share)) + (b * share))];
                Foundation.Numerics.UnitVector.TryNormalize(vector);
                strayed += clustering.Add(vector) < from.Length ? 0 : 1;
            }
        }

        // The exact search loses as many: the centroid is a mean and lags behind.
        LeaderClustering exact = new(dimension, 0.6);
        int lost = 0;
        for (int step = 0; step <= 40; step++)
        {
            for (int i = 0; i < from.Length; i++)
            {
                float share = step / 40f;
                float[] vector = [.. from[i].Zip(to[i], (a, b) => (a * (1 - share)) + (b * share))];
                Foundation.Numerics.UnitVector.TryNormalize(vector);
                lost += exact.Add(vector) < from.Length ? 0 : 1;
            }
        }

        Assert.InRange(strayed, lost - 120, lost + 120);
        Assert.InRange(clustering.GroupCount, exact.GroupCount - 6, exact.GroupCount + 6);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void AResumedClusteringIsTheUninterruptedOne(bool labels)
    {
        ClipEmbedding[] embeddings = Images(Mixture(31, 3000, 32, 500, 0.5));
        var options = new ClusteringOptions
        {
            SimilarityThreshold = 0.8,
            NoveltyThreshold = 3,
            KeepMembers = !labels,
            Search = NeighbourSearch.Approximate,
            MostExact = Least,
        };
        List<ClipEmbedding> expected = [];
        byte[] bytes = Run(options, [], labels ? expected.Add : null);
        foreach (int[] cuts in new int[][] { [100, 2500], [700, 701, 1500], [1200] })
        {
            List<ClipEmbedding> labelled = [];
            byte[] same = Run(options with { MaximumThreads = 1 + (cuts.Length % 2) }, cuts, labels ? labelled.Add : null);
            Assert.Equal(bytes, same);
            Assert.Equal(expected.Select(one => (one.Item, one.ClusterId, one.Novelty)), labelled.Select(one => (one.Item, one.ClusterId, one.Novelty)));
        }

        byte[] Run(ClusteringOptions settings, int[] cuts, Action<ClipEmbedding>? sink)
        {
            string path = _folder.File("clusters.state");
            File.Delete(path);
            int start = 0;
            foreach (int end in cuts.Append(embeddings.Length))
            {
                ClusteringState? before = File.Exists(path) ? ClusteringState.Load(path) : null;
                EmbeddingClusterer clusterer = before is null ? EmbeddingClusterer.Create(settings, sink, _ => { }) : before.Resume(settings, sink, _ => { });
                foreach (ClipEmbedding embedding in embeddings[start..end])
                {
                    clusterer.Add(embedding);
                }

                ClusteringState.Save(clusterer, path, before);
                start = end;
                if (end == embeddings.Length)
                {
                    Assert.NotNull(clusterer.Recall);
                }
            }

            return File.ReadAllBytes(path);
        }
    }

    [Fact]
    public void AStateKeepsItsSearch()
    {
        ClipEmbedding[] embeddings = Images(Mixture(33, 600, 16, 400, 0.4));
        var options = new ClusteringOptions { SimilarityThreshold = 0.9, Search = NeighbourSearch.Approximate, MostExact = Least };
        string path = _folder.File("clusters.state");
        EmbeddingClusterer clusterer = EmbeddingClusterer.Create(options, null, _ => { });
        foreach (ClipEmbedding embedding in embeddings)
        {
            clusterer.Add(embedding);
        }

        ClusteringState.Save(clusterer, path);
        ClusteringState state = ClusteringState.Load(path);
        Assert.Equal(NeighbourSearch.Approximate, state.Search);
        Assert.Equal(embeddings.Length, state.ReadMembers().Count);
        QosValuationException refused = Assert.Throws<QosValuationException>(
            () => state.Resume(options with { Search = NeighbourSearch.Exact }, null, _ => { }));
        Assert.Equal(Faults.StateParameterMismatch, refused.Fault);

        string other = _folder.File("exact.state");
        EmbeddingClusterer exact = EmbeddingClusterer.Create(options with { Search = NeighbourSearch.Exact }, null, _ => { });
        exact.Add(embeddings[0]);
        ClusteringState.Save(exact, other);
        Assert.Equal(NeighbourSearch.Exact, ClusteringState.Load(other).Search);
        refused = Assert.Throws<QosValuationException>(() => ClusteringMerge.RequireAlike([state, ClusteringState.Load(other)]));
        Assert.Equal(Faults.StateParameterMismatch, refused.Fault);
    }

    [Fact]
    public void APoorRecallIsToldByAWarning()
    {
        // Directions without any order in few dimensions, all alone: some nearest are missed, and nobody is told of a recall that is good.
        var options = new ClusteringOptions { SimilarityThreshold = 1, KeepMembers = false, Search = NeighbourSearch.Approximate, MostExact = Least };
        EmbeddingClusterer clusterer = EmbeddingClusterer.Create(options, null, _ => { });
        RandomSource random = RandomSource.Create(41);
        for (int i = 0; i < 25_000; i++)
        {
            clusterer.Add(Embedding(Direction(random, 48), "item" + i));
        }

        clusterer.Complete();
        SearchRecall recall = Assert.NotNull(clusterer.Recall);
        Assert.InRange(recall.Sampled, 20, 30);
        Assert.Equal(recall.Nearest < 0.95, clusterer.Warnings.Any(warning => warning.Contains("approximate", StringComparison.Ordinal)));
    }

    [Fact]
    public void OnlyOnlineClusteringSearches()
    {
        var options = new ClusteringOptions { Algorithm = ClusteringAlgorithm.Dbscan, Search = NeighbourSearch.Approximate };
        Assert.Equal(Faults.ParameterNotForAlgorithm, Assert.Throws<QosValuationException>(options.Validate).Fault);
    }

    [Fact]
    public void TheMakingOfTheGraphStops()
    {
        LeaderClustering clustering = new(32, 0.99, 1, NeighbourSearch.Approximate, 500);
        float[] vectors = [.. Mixture(51, 600, 32, 600, 1).SelectMany(vector => vector)];
        using CancellationTokenSource source = new();
        clustering.Add(vectors.AsSpan(0, 500 * 32), new int[500], source.Token);
        source.Cancel();
        Assert.ThrowsAny<OperationCanceledException>(() => clustering.Add(vectors.AsSpan(500 * 32), new int[100], source.Token));
        Assert.False(clustering.IsApproximate);
    }
}
