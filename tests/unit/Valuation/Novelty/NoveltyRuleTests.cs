using QosValuation.Embeddings.Clustering;
using QosValuation.Foundation.Randomness;
using QosValuation.Valuation.Novelty;
using static QosValuation.Tests.ClusteringSamples;

namespace QosValuation.Tests;

/// <summary>All users of Γ against a recount from the paper's words: the first Γ records of a cluster are novel, and its Γ-th confirms it.</summary>
public sealed class NoveltyRuleTests
{
    private const int Dimension = 16;
    private const double Similarity = 0.7;

    public static TheoryData<int> Thresholds => [1, 2, 50];

    [Theory]
    [MemberData(nameof(Thresholds))]
    public void OnlineClustering(int gamma)
    {
        ClipEmbedding[] images = Images(Vectors(31));
        ClusteringOptions options = new() { SimilarityThreshold = Similarity, NoveltyThreshold = gamma };
        (List<ClipEmbedding> labelled, EmbeddingClusterer clusterer, _) = Group(images, options);
        int?[] clusters = ClustersOf(NaiveLeader([.. images.Select(e => e.Vector)], Similarity));
        AssertRecount(gamma, clusters, labelled, clusterer);
    }

    [Theory]
    [MemberData(nameof(Thresholds))]
    public void ClusteringOfCollectedRecords(int gamma)
    {
        ClipEmbedding[] images = Images(Vectors(32));
        ClusteringOptions[] settings =
        [
            new() { Algorithm = ClusteringAlgorithm.KMeans, ClusterCount = 4, Seed = 1, SimilarityThreshold = Similarity },
            new() { Algorithm = ClusteringAlgorithm.Dbscan, SimilarityThreshold = 0.8, MinimumPoints = 3 },
            new() { PublicCentroids = [.. images.Take(5).Select(e => e.Vector)], SimilarityThreshold = Similarity },
            new() { PublicCentroids = [.. images.Take(5).Select(e => e.Vector)], SimilarityThreshold = Similarity, KeepMembers = false },
        ];
        foreach (ClusteringOptions options in settings)
        {
            // Γ does not say which records are together.
            ClipEmbedding[] once = [.. Group(images, options).Labelled.OrderBy(e => e.Ordinal)];
            (List<ClipEmbedding> labelled, EmbeddingClusterer clusterer, _) = Group(images, options with { NoveltyThreshold = gamma });
            AssertRecount(gamma, [.. once.Select(e => e.ClusterId)], labelled, clusterer);
        }
    }

    [Theory]
    [MemberData(nameof(Thresholds))]
    public void ValuationOfLabelledAndOfRawEmbeddings(int gamma)
    {
        ClipEmbedding[] images = [.. Images(Vectors(33)).Select((e, i) => e with { Contributor = "c" + i % 3 })];
        int?[] clusters = ClustersOf(NaiveLeader([.. images.Select(e => e.Vector)], Similarity));
        (Novelty[] novelties, _) = Recount(gamma, clusters);
        ClipEmbedding[] numbered = [.. images.Select((e, i) => e with { ClusterId = clusters[i] ?? -1 })];
        foreach (ClipEmbedding[] input in new[] { images, numbered })
        {
            DataValueEstimator estimator = new(gamma, Similarity, fault => throw fault);
            Array.ForEach(input, estimator.Add);
            IReadOnlyList<DataValue> values = estimator.Complete();
            Assert.Equal(["c0", "c1", "c2"], values.Select(value => value.Contributor));
            for (int c = 0; c < 3; c++)
            {
                Novelty[] own = [.. novelties.Where((_, i) => i % 3 == c)];
                double phi = own.Sum(n => n == Novelty.Novel ? 1.0 : n == Novelty.Normal ? 0.5 : 0) / own.Length;
                Assert.Equal(own.Length, values[c].Quantity);
                Assert.Equal(
                    (own.Count(n => n == Novelty.Novel), own.Count(n => n == Novelty.Normal), own.Count(n => n == Novelty.Noise)),
                    (values[c].Novel, values[c].Normal, values[c].Noise));
                Assert.Equal(phi, values[c].MeanNovelty, 12);
                Assert.Equal(phi * Math.Log(1 + own.Length), values[c].Value, 12);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Thresholds))]
    public void Simulation(int gamma)
    {
        float[][] vectors = Vectors(34);
        int[] quantities = [1, 2, 3, 40, 150, vectors.Length];
        IReadOnlyList<ValuationSimulationResult> rows = ValuationSimulation.Run(
            Matrix(vectors, Dimension),
            new ValuationSimulationOptions
            {
                NoveltyThresholds = [gamma],
                Quantities = quantities,
                Repetitions = 1,
                SimilarityThreshold = Similarity,
                Seed = 9,
            });
        int[] order = [.. Enumerable.Range(0, vectors.Length)];
        RandomSource.Create(9, ValuationSimulation.StreamOf(0)).Shuffle(order.AsSpan());
        Assert.Equal(quantities, rows.Select(row => row.Quantity));
        foreach (ValuationSimulationResult row in rows)
        {
            int?[] clusters = ClustersOf(NaiveLeader([.. order.Take(row.Quantity).Select(i => vectors[i])], Similarity));
            (Novelty[] novelties, Dictionary<int, long> confirmed) = Recount(gamma, clusters);
            double phi = novelties.Sum(n => n == Novelty.Novel ? 1.0 : n == Novelty.Normal ? 0.5 : 0) / row.Quantity;
            Assert.Equal(novelties.Count(n => n == Novelty.Novel), row.Novel);
            Assert.Equal(novelties.Count(n => n == Novelty.Normal), row.Normal);
            Assert.Equal(novelties.Count(n => n == Novelty.Noise), row.Noise);
            Assert.Equal(phi * Math.Log(1 + row.Quantity), row.Value, 12);
            Assert.Equal(confirmed.Count, row.Confirmed);
            Assert.Equal(clusters.Count(c => c is int id && confirmed.ContainsKey(id)) / (double)row.Quantity, row.Coverage, 12);
            Assert.Equal(confirmed.Count == 0 ? null : confirmed.Average(pair => pair.Value - Array.IndexOf(clusters, pair.Key)), row.ConfirmationDelay);
            Assert.Equal(confirmed.Count == 0 ? null : confirmed.Values.Min() + 1.0, row.FirstConfirmation);
        }

        if (gamma == 1)
        {
            Assert.All(rows, row => Assert.True(row.ConfirmationDelay is null or 0));
            Assert.Equal(rows[^1].Clusters, rows[^1].Confirmed);
        }
    }

    [Fact]
    public void TheFounderIsNovelAndConfirmsItsClusterAtOne()
    {
        ClipEmbedding[] images = Images([Plane(90), Plane(0), Plane(1), Plane(2)]);
        (List<ClipEmbedding> labelled, EmbeddingClusterer clusterer, _) = Group(images, new ClusteringOptions { NoveltyThreshold = 1 });
        Assert.Equal(
            [(0, Novelty.Noise), (1, Novelty.Novel), (2, Novelty.Normal), (3, Novelty.Normal)],
            labelled.OrderBy(e => e.Ordinal).Select(e => ((int)e.Ordinal, e.Novelty!.Value)));
        SemanticCluster cluster = Assert.Single(clusterer.Clusters);
        Assert.True(cluster.IsConfirmed);
        Assert.Equal(1, cluster.ConfirmedAt);
    }

    [Fact]
    public void AThresholdBelowOneIsRefused() => Assert.Throws<ArgumentOutOfRangeException>(() => new NoveltyRule(0));

    // About 70 records in each of four clusters, so that Γ = 50 is passed, and some strays.
    private static float[][] Vectors(int seed) => Mixture(seed, 320, Dimension, 4, 0.5, strays: 0.1);

    /// <summary>The cluster of each record, numbered by the second arrivals; null for records that are alone in their group.</summary>
    private static int?[] ClustersOf(int[] groups)
    {
        List<int> clusters = [];
        for (int i = 0; i < groups.Length; i++)
        {
            if (groups.Take(i).Count(group => group == groups[i]) == 1)
            {
                clusters.Add(groups[i]);
            }
        }

        return [.. groups.Select(group => clusters.Contains(group) ? clusters.IndexOf(group) : (int?)null)];
    }

    /// <summary>Labels and confirmations from their definitions, by counting the earlier records of each cluster.</summary>
    private static (Novelty[] Novelties, Dictionary<int, long> ConfirmedAt) Recount(int gamma, int?[] clusters)
    {
        Novelty[] novelties = new Novelty[clusters.Length];
        Dictionary<int, long> confirmedAt = [];
        for (int i = 0; i < clusters.Length; i++)
        {
            int before = clusters.Take(i).Count(cluster => cluster == clusters[i]);
            novelties[i] = clusters[i] is null ? Novelty.Noise : before < gamma ? Novelty.Novel : Novelty.Normal;
            if (clusters[i] is int id && before + 1 == gamma)
            {
                confirmedAt.Add(id, i);
            }
        }

        return (novelties, confirmedAt);
    }

    private static void AssertRecount(int gamma, int?[] clusters, List<ClipEmbedding> labelled, EmbeddingClusterer clusterer)
    {
        (Novelty[] novelties, Dictionary<int, long> confirmedAt) = Recount(gamma, clusters);
        Assert.Equal(novelties.Zip(clusters), labelled.OrderBy(e => e.Ordinal).Select(e => (e.Novelty!.Value, e.ClusterId)));
        Assert.Equal(clusters.Count(cluster => cluster is null), clusterer.NoiseCount);
        foreach (SemanticCluster cluster in clusterer.Clusters)
        {
            Assert.Equal(clusters.Count(id => id == cluster.Id), cluster.Count);
            Assert.Equal(confirmedAt.TryGetValue(cluster.Id, out long at) ? at : null, cluster.ConfirmedAt);
            Assert.Equal(cluster.Count >= gamma, cluster.IsConfirmed);
        }

        // The three thresholds are told apart by the data.
        Assert.Contains(Novelty.Novel, novelties);
        Assert.Contains(Novelty.Normal, novelties);
        Assert.NotEmpty(confirmedAt);
    }
}
