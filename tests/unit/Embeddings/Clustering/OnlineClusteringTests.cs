using QosValuation.Embeddings.Clustering;
using QosValuation.Foundation.Randomness;
using QosValuation.Onnx.Model;
using static QosValuation.Tests.ClusteringSamples;

namespace QosValuation.Tests;

public sealed class OnlineClusteringTests
{
    [Theory]
    [InlineData(1, 300, 8, 6, 0.5, 0.8)]
    [InlineData(2, 400, 33, 12, 0.9, 0.6)]
    [InlineData(3, 250, 64, 3, 1.2, 0.5)]
    [InlineData(4, 200, 3, 20, 0.3, 0.95)]
    public void AgreesWithTheNaiveDefinition(int seed, int count, int dimension, int centres, double spread, double threshold)
    {
        float[][] vectors = Mixture(seed, count, dimension, centres, spread);
        int[] expected = NaiveLeader(vectors, threshold);
        LeaderClustering clustering = new(dimension, threshold);
        Assert.Equal(expected, vectors.Select(v => clustering.Add(v)));
        for (int group = 0; group < clustering.GroupCount; group++)
        {
            Assert.Equal(expected.Count(g => g == group), clustering.CountOf(group));
            double[] mean = [.. Enumerable.Range(0, dimension).Select(k => vectors.Where((_, i) => expected[i] == group).Average(v => (double)v[k]))];
            double norm = Math.Sqrt(mean.Sum(x => x * x));
            Assert.All(Enumerable.Range(0, dimension), k => Assert.Equal(mean[k] / norm, clustering.CentroidOf(group)[k], 1e-6));
        }
    }

    [Fact]
    public void HandWorkedNoveltyAndConfirmation()
    {
        // At a threshold of cos 10°: two directions that grow and one that does not; Γ = 2.
        double[] angles = [0, 90, 2, 45, 1, 91, 1, 89];
        (List<ClipEmbedding> labelled, EmbeddingClusterer clusterer, _) = Group(
            Images(angles.Select(Plane)),
            new ClusteringOptions { SimilarityThreshold = Math.Cos(10 * Math.PI / 180), NoveltyThreshold = 2 });

        // A founder leaves directly before the second record; the stray leaves last, as noise.
        Assert.Equal(["item0", "item2", "item4", "item1", "item5", "item6", "item7", "item3"], labelled.Select(e => e.Item));
        Assert.Equal([0, 0, 0, 1, 1, 0, 1, null], labelled.Select(e => e.ClusterId));
        Assert.Equal(
            [Novelty.Novel, Novelty.Novel, Novelty.Normal, Novelty.Novel, Novelty.Novel, Novelty.Normal, Novelty.Normal, Novelty.Noise],
            labelled.Select(e => e.Novelty!.Value));
        Assert.Equal([0, 1], clusterer.Clusters.Select(c => c.Id));
        Assert.Equal([4, 3], clusterer.Clusters.Select(c => c.Count));
        Assert.Equal([2L, 5L], clusterer.Clusters.Select(c => c.ConfirmedAt!.Value));
        Assert.Equal(["item0", "item2", "item4", "item6"], clusterer.Clusters[0].Members.Select(m => m.Item));
        Assert.Equal(8, clusterer.RecordCount);
        Assert.Equal(1, clusterer.NoiseCount);
        Assert.Equal(1, Cosine(clusterer.Clusters[0].Centroid, Plane(1)), 6);
    }

    [Fact]
    public void LabelsLeaveAsSoonAsTheyAreCertain()
    {
        List<string> left = [];
        EmbeddingClusterer clusterer = EmbeddingClusterer.Create(
            new ClusteringOptions { SimilarityThreshold = 0.9, KeepMembers = false }, e => left.Add(e.Source), _ => Assert.Fail());
        clusterer.Add(Embedding(Plane(0), "a"));
        clusterer.Add(Embedding(Plane(0), "a", Modality.Text));
        clusterer.Add(Embedding(Plane(1), "b"));
        Assert.Empty(left); // b may still get captions
        clusterer.Add(Embedding(Plane(90), "c"));
        Assert.Equal(["a-Image", "a-Text", "b-Image"], left);
        clusterer.Add(Embedding(Plane(5), "c", Modality.Text));
        clusterer.Add(Embedding(Plane(2), "d"));
        Assert.Equal(3, left.Count);
        clusterer.Add(Embedding(Plane(50), "b", Modality.Text)); // late: follows its record at once
        Assert.Equal(["d-Image", "b-Text"], left.Skip(3));
        clusterer.Add(Embedding(Plane(7), "c", Modality.Text)); // late, of a founder still held back
        Assert.Equal(5, left.Count);
        clusterer.Complete();
        Assert.Equal(["c-Image", "c-Text", "c-Text"], left.Skip(5));
        Assert.Equal(3, Assert.Single(clusterer.Clusters).Count);
        Assert.Empty(clusterer.Clusters[0].Members);
        Assert.Throws<InvalidOperationException>(() => clusterer.Add(Embedding(Plane(0), "e")));
    }

    [Fact]
    public void CaptionsFollowThePhotographAndDoNotCount()
    {
        float[][] vectors = Mixture(7, 120, 16, 5, 0.4);
        float[][] texts = Mixture(8, 240, 16, 2, 0.4);
        ClipEmbedding[] contiguous = [.. vectors.SelectMany((v, i) => new[]
        {
            Embedding(v, "item" + i),
            Embedding(texts[2 * i], "item" + i, Modality.Text),
            Embedding(texts[2 * i + 1], "item" + i, Modality.Text),
        })];
        ClipEmbedding[] apart = [.. contiguous.Where(e => e.Modality == Modality.Image), .. contiguous.Where(e => e.Modality == Modality.Text)];
        ClipEmbedding[] captionsFirst = [.. contiguous.GroupBy(e => e.Item).SelectMany(g => g.Reverse())];
        Dictionary<string, int?> expected = Group(Images(vectors), new ClusteringOptions()).Labelled.ToDictionary(e => e.Item, e => e.ClusterId);
        foreach (ClusteringAlgorithm algorithm in Enum.GetValues<ClusteringAlgorithm>())
        {
            foreach (ClipEmbedding[] stream in new[] { contiguous, apart, captionsFirst })
            {
                ClusteringOptions options = new() { Algorithm = algorithm, ClusterCount = 5, Seed = 3, NoveltyThreshold = 10 };
                (List<ClipEmbedding> labelled, EmbeddingClusterer clusterer, _) = Group(stream, options);
                Assert.Equal(120, clusterer.RecordCount);
                Assert.Equal(stream.Length, labelled.Count);
                Assert.Equal(stream.Select(e => e.Source).Order(), labelled.Select(e => e.Source).Order());
                Assert.All(labelled.GroupBy(e => e.Item), g => Assert.Single(g.Select(e => (e.ClusterId, e.Novelty)).Distinct()));
                Assert.All(clusterer.Clusters, c => Assert.Equal(c.Count, c.Members.Select(m => m.Item).Distinct().Count()));
                Assert.All(clusterer.Clusters, c => Assert.Equal(3 * c.Count, c.Members.Count));
                if (algorithm == ClusteringAlgorithm.Online)
                {
                    Assert.All(labelled, e => Assert.Equal(expected[e.Item], e.ClusterId));
                }
            }
        }
    }

    [Fact]
    public void MembersAndPassedThroughEmbeddingsCarryTheSameLabels()
    {
        ClipEmbedding[] embeddings = Images(Mixture(11, 500, 24, 8, 0.8));
        foreach (ClusteringAlgorithm algorithm in Enum.GetValues<ClusteringAlgorithm>())
        {
            (List<ClipEmbedding> labelled, EmbeddingClusterer clusterer, _) = Group(
                embeddings, new ClusteringOptions { Algorithm = algorithm, ClusterCount = 6, Seed = 1, NoveltyThreshold = 20, SimilarityThreshold = 0.6 });
            Assert.Equal(clusterer.NoiseCount, labelled.Count(e => e.Novelty == Novelty.Noise));
            Assert.NotEqual(0, clusterer.NoiseCount);
            Assert.All(labelled, e => Assert.Equal(e.Novelty == Novelty.Noise, e.ClusterId is null));
            foreach (SemanticCluster cluster in clusterer.Clusters)
            {
                Assert.Equal(labelled.Where(e => e.ClusterId == cluster.Id), cluster.Members);
                Assert.Equal(cluster.Members.OrderBy(m => m.Ordinal), cluster.Members);
                Assert.Equal(Math.Min(20, cluster.Count), cluster.Members.Count(m => m.Novelty == Novelty.Novel));
                Assert.All(cluster.Members.Take(20), m => Assert.Equal(Novelty.Novel, m.Novelty));
                Assert.Equal(cluster.Count >= 20, cluster.IsConfirmed);
                Assert.Equal(cluster.Count >= 20 ? cluster.Members[19].Ordinal : null, cluster.ConfirmedAt);
                float[] mean = [.. Enumerable.Range(0, 24).Select(k => cluster.Members.Average(m => m.Vector[k]))];
                Assert.Equal(1, Cosine(mean, cluster.Centroid), 6);
                Assert.Equal(1, Cosine(cluster.Centroid, cluster.Centroid), 6);
            }
        }
    }

    [Fact]
    public void ThresholdOneJoinsCopiesOnlyAndThresholdZeroNearlyAll()
    {
        float[][] vectors = Mixture(12, 60, 50, 60, 1);
        ClipEmbedding[] twice = Images([.. vectors, .. vectors]);
        EmbeddingClusterer exact = Group(twice, new ClusteringOptions { SimilarityThreshold = 1 }).Clusterer;
        Assert.Equal(60, exact.Clusters.Count);
        Assert.All(exact.Clusters, c => Assert.Equal(2, c.Count));

        float[][] narrow = Mixture(13, 60, 50, 1, 0.2, strays: 0);
        Assert.Equal(60, Assert.Single(Group(Images(narrow), new ClusteringOptions { SimilarityThreshold = 0 }).Clusterer.Clusters).Count);
    }

    [Fact]
    public void SeparatedGroupsAreFoundInAnyOrder()
    {
        float[][] vectors = Mixture(14, 200, 64, 5, 0.3, strays: 0);
        string[] Partition(float[][] order)
        {
            LeaderClustering clustering = new(64, 0.7);
            Dictionary<float[], int> labels = order.ToDictionary(v => v, v => clustering.Add(v));
            return [.. vectors.Select((v, i) => string.Concat(vectors.Skip(i + 1).Select(w => labels[v] == labels[w] ? '1' : '0')))];
        }

        float[][] shuffled = [.. vectors];
        RandomSource.Create(1).Shuffle(shuffled.AsSpan());
        Assert.Equal(Partition(vectors), Partition(shuffled));
    }

    [Fact]
    public void FaultyRecordsCostNoOther()
    {
        List<ClipEmbedding> embeddings = [.. Images([Plane(0), Plane(1), Plane(2)])];
        embeddings.Insert(1, Embedding([float.NaN, 1], "broken"));
        embeddings.Insert(2, Embedding(Plane(0), "cancelling"));
        embeddings.Insert(3, Embedding(Plane(180), "cancelling"));
        embeddings.Add(Embedding(Plane(3), "cancelling", Modality.Text));
        foreach (ClusteringAlgorithm algorithm in Enum.GetValues<ClusteringAlgorithm>())
        {
            (List<ClipEmbedding> labelled, EmbeddingClusterer clusterer, List<QosValuationException> faults) = Group(
                embeddings, new ClusteringOptions { Algorithm = algorithm, ClusterCount = 1, Seed = 1, MinimumPoints = 2, NoveltyThreshold = 3 });
            Assert.Equal(["item0", "item1", "item2"], labelled.Select(e => e.Item));
            Assert.Equal(["EmbeddingNotFinite", "RecordCancelsOut"], faults.Select(f => f.ErrorId));
            Assert.Equal(3, clusterer.RecordCount);
            Assert.Equal(2, Assert.Single(clusterer.Clusters).ConfirmedAt);
        }
    }

    [Fact]
    public void NoInputGivesNoClusters()
    {
        foreach (ClusteringAlgorithm algorithm in Enum.GetValues<ClusteringAlgorithm>())
        {
            EmbeddingClusterer clusterer = Group([], new ClusteringOptions { Algorithm = algorithm, ClusterCount = 3 }).Clusterer;
            Assert.Empty(clusterer.Clusters);
            Assert.Equal(0, clusterer.RecordCount);
        }
    }

    [Fact]
    public void OptionsAreChecked()
    {
        static string IdOf(ClusteringOptions options) => Assert.Throws<QosValuationException>(() => EmbeddingClusterer.Create(options, null, _ => { })).ErrorId;
        Assert.Equal("SimilarityThresholdOutOfRange", IdOf(new() { SimilarityThreshold = double.NaN }));
        Assert.Equal("SimilarityThresholdOutOfRange", IdOf(new() { SimilarityThreshold = 1.1 }));
        Assert.Equal("NoveltyThresholdOutOfRange", IdOf(new() { NoveltyThreshold = 0 }));
        Assert.Equal("ClusterCountRequired", IdOf(new() { Algorithm = ClusteringAlgorithm.KMeans }));
        Assert.Equal("ClusterCountOutOfRange", IdOf(new() { ClusterCount = 0 }));
        Assert.Equal("MinimumPointsOutOfRange", IdOf(new() { MinimumPoints = 0 }));
        Assert.Equal("ClusteringOptionOutOfRange", IdOf(new() { Restarts = 0 }));
        Assert.Equal("ClusteringAlgorithmUnknown", IdOf(new() { Algorithm = (ClusteringAlgorithm)7 }));
    }

    [SharedDataFact]
    public void RealPhotographsFormClustersAtTheDefaultThreshold()
    {
        float[][] vectors = ReadHalfMatrix(Path.Combine(TestData.SharedData!, "flickr8k-clip", "image_embeddings.npy"));
        (List<ClipEmbedding> labelled, EmbeddingClusterer clusterer, List<QosValuationException> faults) = Group(Images(vectors), new ClusteringOptions());
        Assert.Empty(faults);
        Assert.Equal(999, labelled.Count);

        // Counted by an independent NumPy program over the same file.
        Assert.Equal(36, clusterer.Clusters.Count);
        Assert.Equal(125, clusterer.NoiseCount);
        Assert.Equal(5, clusterer.Clusters.Count(c => c.IsConfirmed));
        Assert.Equal([231, 222, 133, 85, 50], clusterer.Clusters.Select(c => c.Count).OrderDescending().Take(5));
        Assert.Equal(403, labelled.Count(e => e.Novelty == Novelty.Novel));
    }
}
