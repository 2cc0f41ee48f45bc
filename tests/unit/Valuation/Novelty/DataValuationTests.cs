using QosValuation.Embeddings.Clustering;
using QosValuation.Valuation.Novelty;
using static QosValuation.Tests.ClusteringSamples;

namespace QosValuation.Tests;

public sealed class DataValuationTests
{
    [Fact]
    public void HandWorkedEquation20()
    {
        // 4 novel, 2 normal, 2 noise: φ = (4 + 1 + 0) / 8 = 0.625, f = 0.625 · ln 9 = 1.3732653608.
        DataValue value = DataValuation.Evaluate("ann", 4, 2, 2);
        Assert.Equal(8, value.Quantity);
        Assert.Equal(0.625, value.MeanNovelty, 12);
        Assert.Equal(1.3732653608351, value.Value, 10);

        Assert.Equal(Math.Log(51), DataValuation.Evaluate("first fifty", 50, 0, 0).Value, 12);
        Assert.Equal(0.5 * Math.Log(51), DataValuation.Evaluate("next fifty", 0, 50, 0).Value, 12);
        Assert.Equal(0, DataValuation.Evaluate("noise", 0, 0, 50).Value);
        Assert.Equal(0, DataValuation.Evaluate("nothing", 0, 0, 0).Value);
        Assert.Throws<ArgumentOutOfRangeException>(() => DataValuation.Evaluate("negative", 0, -1, 0));
    }

    [Fact]
    public void CountsRecordsOfEachContributorInOrderOfArrival()
    {
        ClipEmbedding[] embeddings =
        [
            Labelled("bob", "1", 0, Novelty.Novel),
            Labelled("bob", "1", 0, Novelty.Novel, Modality.Text), Labelled("bob", "1", 0, Novelty.Novel, Modality.Text),
            Labelled("ann", "1", 0, Novelty.Normal), Labelled("bob", "2", null, Novelty.Noise),
            Labelled("ann", "", 1, Novelty.Novel), Labelled("ann", "", 1, Novelty.Novel), Labelled("bob", "1", 0, Novelty.Novel, Modality.Text),
        ];
        IReadOnlyList<DataValue> values = Estimate(embeddings);
        Assert.Equal(["bob", "ann"], values.Select(v => v.Contributor));
        Assert.Equal((2, 1, 0, 1), (values[0].Quantity, values[0].Novel, values[0].Normal, values[0].Noise));
        Assert.Equal((3, 2, 1, 0), (values[1].Quantity, values[1].Novel, values[1].Normal, values[1].Noise));
        Assert.Equal(0.5 * Math.Log(3), values[0].Value, 12);
        Assert.Equal(2.5 / 3 * Math.Log(4), values[1].Value, 12);
    }

    [Fact]
    public void RawEmbeddingsAreValuedAsIfGroupedBefore()
    {
        ClipEmbedding[] raw = Contributions(21);
        foreach (int threshold in new[] { 1, 5, 50 })
        {
            List<ClipEmbedding> labelled = Group(raw, new ClusteringOptions { NoveltyThreshold = threshold, SimilarityThreshold = 0.6 }).Labelled;
            Assert.Equal(
                Estimate(labelled).OrderBy(v => v.Contributor),
                Estimate(raw, threshold, 0.6).OrderBy(v => v.Contributor));
            Assert.Equal(raw.Select(e => e.Contributor).Distinct(), Estimate(raw, threshold, 0.6).Select(v => v.Contributor));
        }
    }

    [Fact]
    public void AnotherNoveltyThresholdLabelsAnew()
    {
        ClipEmbedding[] raw = Contributions(22);
        foreach (ClusteringAlgorithm algorithm in Enum.GetValues<ClusteringAlgorithm>())
        {
            ClusteringOptions options = new() { Algorithm = algorithm, ClusterCount = 4, Seed = 1, SimilarityThreshold = 0.6 };
            List<ClipEmbedding> fifty = Group(raw, options).Labelled;
            List<ClipEmbedding> seven = Group(raw, options with { NoveltyThreshold = 7 }).Labelled;
            Assert.Equal(Estimate(seven), Estimate(fifty, 7));
            Assert.NotEqual(Estimate(seven), Estimate(fifty));

            // Cluster numbers alone are enough: what has none is then noise by name.
            List<ClipEmbedding> bare = [.. seven.Select(e => e.Novelty == Novelty.Noise ? e : e with { Novelty = null })];
            Assert.Equal(Estimate(seven), Estimate(bare, 7));
            Assert.Equal(Estimate(fifty), Estimate(bare));
        }
    }

    [Fact]
    public void ClustersAreValuedByTheirMembers()
    {
        ClusteringOptions options = new() { SimilarityThreshold = 0.6, NoveltyThreshold = 9 };
        (List<ClipEmbedding> labelled, EmbeddingClusterer clusterer, _) = Group(Contributions(23), options);
        DataValueEstimator estimator = new(null, null, _ => Assert.Fail());
        foreach (SemanticCluster cluster in clusterer.Clusters)
        {
            estimator.Add(cluster);
        }

        Assert.Equal(
            Estimate(labelled.Where(e => e.Novelty != Novelty.Noise)).OrderBy(v => v.Contributor),
            estimator.Complete().OrderBy(v => v.Contributor));
        Assert.Equal(
            "ClusterHasNoMembers",
            Assert.Throws<QosValuationException>(() => estimator.Add(clusterer.Clusters[0] with { Members = [] })).ErrorId);
    }

    [Fact]
    public void ValuesGrowAsTheStreamGoesOn()
    {
        DataValueEstimator estimator = new(null, null, _ => Assert.Fail());
        Assert.Null(estimator.IsLabelled);
        Assert.Empty(estimator.Snapshot());
        for (int i = 0; i < 20; i++)
        {
            estimator.Add(Labelled("ann", "i" + i, 0, i < 10 ? Novelty.Novel : Novelty.Normal));
            Assert.Equal(i + 1, Assert.Single(estimator.Snapshot()).Quantity);
        }

        Assert.True(estimator.IsLabelled);
        Assert.Equal(20, estimator.RecordCount);
        Assert.Equal(0.75 * Math.Log(21), estimator.Complete()[0].Value, 12);
    }

    [Fact]
    public void MixedAndContradictingLabelsAreReported()
    {
        DataValueEstimator estimator = new(null, null, _ => Assert.Fail());
        estimator.Add(Labelled("ann", "1", 0, Novelty.Novel));
        Assert.Equal("LabelsMixed", Assert.Throws<QosValuationException>(() => estimator.Add(Embedding(Plane(0), "2"))).ErrorId);

        List<QosValuationException> faults = [];
        IReadOnlyList<DataValue> values = Estimate(
            [
                Labelled("ann", "1", 0, Novelty.Novel),
                Labelled("ann", "1", 1, Novelty.Novel),
                Labelled("ann", "2", null, Novelty.Novel),
                Labelled("bob", "3", 0, Novelty.Novel),
            ],
            noveltyThreshold: 1,
            faults: faults);
        Assert.Equal(["RecordLabelsDiffer", "ClusterIdMissing"], faults.Select(f => f.ErrorId));
        Assert.Equal([1, 0], values.Select(v => v.Novel));

        Assert.Equal("NoveltyThresholdOutOfRange", Assert.Throws<QosValuationException>(() => new DataValueEstimator(0, null, _ => { })).ErrorId);
        Assert.Equal("SimilarityThresholdOutOfRange", Assert.Throws<QosValuationException>(() => new DataValueEstimator(null, -1, _ => { })).ErrorId);
    }

    [Fact]
    public void NegativeClusterNumbersAreNoise()
    {
        // As scikit-learn and hdbscan label three stray records: before, they were a cluster of novel records, worth ln 4 = 1.3863.
        ClipEmbedding[] strays = [.. Enumerable.Range(1, 3).Select(i => Embedding(Plane(i * 40), "s" + i, contributor: "ann") with { ClusterId = -1 })];
        foreach (int? threshold in new int?[] { null, 1, 50 })
        {
            DataValue value = Assert.Single(Estimate(strays, threshold));
            Assert.Equal((3, 0, 0, 3, 0.0), (value.Quantity, value.Novel, value.Normal, value.Noise, value.Value));
        }

        DataValue mixed = Assert.Single(Estimate([.. strays, Labelled("ann", "n", -2, Novelty.Noise), strays[0] with { Item = "c", ClusterId = 0 }]));
        Assert.Equal((5, 1, 0, 4), (mixed.Quantity, mixed.Novel, mixed.Normal, mixed.Noise));
        Assert.Equal(0.2 * Math.Log(6), mixed.Value, 12);

        List<QosValuationException> faults = [];
        Assert.Empty(Estimate([Labelled("ann", "n", -1, Novelty.Novel)], faults: faults));
        Assert.Equal(["LabelsContradict"], faults.Select(fault => fault.ErrorId));
    }

    [Fact]
    public void UnusableRawEmbeddingsCountForNobody()
    {
        List<QosValuationException> faults = [];
        IReadOnlyList<DataValue> values = Estimate(
            [Embedding([float.NaN, 0], "1", contributor: "eve"), Embedding(Plane(0), "1", contributor: "ann"), Embedding(Plane(1), "2", contributor: "ann")],
            faults: faults);
        Assert.Single(faults);
        Assert.Equal(("ann", 2), (Assert.Single(values).Contributor, values[0].Novel));
    }

    private static ClipEmbedding Labelled(string contributor, string item, int? cluster, QosValuation.Novelty novelty, Modality modality = Modality.Image) =>
        Embedding([1f, 0f], item, modality, contributor) with { ClusterId = cluster, Novelty = novelty };

    private static ClipEmbedding[] Contributions(int seed) =>
        [.. Images(Mixture(seed, 300, 16, 4, 0.8)).SelectMany((e, i) => new[]
        {
            e with { Contributor = "contributor" + i * 7 % 5 },
            e with { Contributor = "contributor" + i * 7 % 5, Modality = Modality.Text },
        })];

    private static IReadOnlyList<DataValue> Estimate(
        IEnumerable<ClipEmbedding> embeddings, int? noveltyThreshold = null, double? similarityThreshold = null, List<QosValuationException>? faults = null)
    {
        DataValueEstimator estimator = new(noveltyThreshold, similarityThreshold, fault => (faults ?? throw fault).Add(fault));
        foreach (ClipEmbedding embedding in embeddings)
        {
            estimator.Add(embedding);
        }

        return estimator.Complete();
    }
}
