using QosValuation.Embeddings.Clustering;
using QosValuation.Foundation.Numerics;
using QosValuation.Foundation.Randomness;
using QosValuation.Onnx.Model;

namespace QosValuation.Tests;

public sealed class PublicCentroidTests
{
    private static readonly float[][] Centroids = [[3, 0], [0, 0.5f], [-1, 0], [0, -1]];

    [Fact]
    public void EachRecordJoinsTheMostSimilarCentroidByItself()
    {
        RandomSource random = RandomSource.Create(2);
        ClipEmbedding[] data = [.. Enumerable.Range(0, 200).Select(i => Samples.Embedding(Modality.Image, $"{i}", "ann", Samples.UnitVector(random, 2)))];
        var labelled = new List<ClipEmbedding>();
        SemanticCluster[] clusters = [.. Group(data, new ClusteringOptions { PublicCentroids = Centroids, NoveltyThreshold = 20 }, labelled)];
        Assert.Equal(data.Select(e => e.Item), labelled.Select(e => e.Item));
        foreach ((ClipEmbedding before, ClipEmbedding after) in data.Zip(labelled))
        {
            int nearest = Enumerable.Range(0, 4).MaxBy(
                i => (before.Vector[0] * Centroids[i][0] + before.Vector[1] * Centroids[i][1]) / UnitVector.Norm(Centroids[i]));
            Assert.Equal(nearest, after.ClusterId);

            // Alone it goes to the same place.
            Assert.Equal(nearest, Assert.Single(Group([before], new ClusteringOptions { PublicCentroids = Centroids }), c => c.Count == 1).Id);
        }

        Assert.Equal([0, 1, 2, 3], clusters.Select(c => c.Id));
        Assert.Equal(200, clusters.Sum(c => c.Count));
        Assert.All(clusters, c =>
        {
            Assert.True(c.IsPublic);
            Assert.Equal(1, UnitVector.Norm(c.Centroid), 1e-6);
            Assert.Equal([Modality.Image], c.Modalities);
            Assert.Equal(c.Count, c.Members.Count);
            Assert.Equal(Math.Min(20, c.Count), c.Members.Count(m => m.Novelty == Novelty.Novel));
            Assert.Equal(c.Count >= 20, c.IsConfirmed);
        });
    }

    [Fact]
    public void EveryCentroidIsAClusterEvenWithoutRecords()
    {
        SemanticCluster[] clusters = [.. Group([Samples.Embedding(Modality.Text, "a", "ann", 0, 1)], new ClusteringOptions { PublicCentroids = Centroids })];
        Assert.Equal([0, 1, 0, 0], clusters.Select(c => c.Count));
        Assert.All(clusters, c => Assert.Equal([Modality.Text], c.Modalities));
        Assert.Equal(4, Group([], new ClusteringOptions { PublicCentroids = Centroids }).Count);
    }

    [Fact]
    public void ALateCaptionFollowsItsRecordAndAThresholdLeavesNoise()
    {
        ClipEmbedding[] data =
        [
            Samples.Embedding(Modality.Image, "a", "ann", 1, 0),
            Samples.Embedding(Modality.Image, "b", "ann", 0.6f, 0.8f),
            Samples.Embedding(Modality.Text, "a", "ann", 0, 1),
            Samples.Embedding(Modality.Text, "b", "ann", 0, 1),
        ];
        var labelled = new List<ClipEmbedding>();
        SemanticCluster[] clusters = [.. Group(data, new ClusteringOptions { PublicCentroids = Centroids, SimilarityThreshold = 0.9 }, labelled)];
        Assert.Equal([0, null, 0, null], labelled.Select(e => e.ClusterId));
        Assert.Equal([Novelty.Novel, Novelty.Noise, Novelty.Novel, Novelty.Noise], labelled.Select(e => e.Novelty!.Value));
        Assert.Equal(1, clusters[0].Count);
        Assert.Equal(2, clusters[0].Members.Count);
        Assert.Equal([Modality.Image, Modality.Text], clusters[3].Modalities);
    }

    [Fact]
    public void ARecordsPlaceDoesNotDependOnWhatArrivesBetweenItsEmbeddings()
    {
        // Text first, its image at once or after another record: the image places the record, and the other record moves only itself.
        ClipEmbedding text = Samples.Embedding(Modality.Text, "a", "ann", 0, 1);
        ClipEmbedding image = Samples.Embedding(Modality.Image, "a", "ann", 1, 0);
        ClipEmbedding other = Samples.Embedding(Modality.Image, "b", "bob", -1, 0);
        ClipEmbedding[][] arrivals = [[text, image], [text, other, image], [other, text, image], [text, image, other]];
        foreach (ClipEmbedding[] data in arrivals)
        {
            IReadOnlyList<SemanticCluster> clusters = Group(data, new ClusteringOptions { PublicCentroids = Centroids });
            Assert.Equal(["a", "a"], clusters[0].Members.Select(e => e.Item));
            Assert.Equal([Modality.Text, Modality.Image], clusters[0].Members.Select(e => e.Modality));
            Assert.Equal([1, 0, data.Length - 2, 0], clusters.Select(c => c.Count));
        }

        // Captions too: their average places the record, however they arrive.
        ClipEmbedding[] captions =
        [
            Samples.Embedding(Modality.Text, "c", "ann", 1, 0.1f),
            Samples.Embedding(Modality.Text, "c", "ann", -0.2f, 1),
            Samples.Embedding(Modality.Text, "c", "ann", -0.1f, 1),
        ];
        Assert.Equal([0, 1, 0, 0], Group(captions, new ClusteringOptions { PublicCentroids = Centroids }).Select(c => c.Count));
        Assert.Equal(
            [0, 1, 1, 0],
            Group([captions[0], other, captions[1], captions[2]], new ClusteringOptions { PublicCentroids = Centroids }).Select(c => c.Count));

        // Without members there is no prototype: labels leave at once, and memory does not grow.
        var labelled = new List<ClipEmbedding>();
        var streaming = EmbeddingClusterer.Create(
            new ClusteringOptions { PublicCentroids = Centroids, KeepMembers = false },
            labelled.Add,
            fault => throw fault);
        streaming.Add(image);
        streaming.Add(other);
        Assert.Equal(0, Assert.Single(labelled).ClusterId);
    }

    [Fact]
    public void CentroidsThatAreNoneAreRefused()
    {
        foreach (float[][] centroids in new float[][][] { [], [[0, 0]], [[1, float.NaN]], [[1, 0], [1]], [[]] })
        {
            Assert.Equal(
                "PublicCentroidNotValid",
                Assert.Throws<QosValuationException>(() => Group([], new ClusteringOptions { PublicCentroids = centroids })).ErrorId);
        }

        Assert.Equal("EmbeddingDimensionMismatch", Assert.Throws<QosValuationException>(
            () => Group([Samples.Embedding(Modality.Image, "a", "ann", 1, 0, 0)], new ClusteringOptions { PublicCentroids = Centroids })).ErrorId);
    }

    private static IReadOnlyList<SemanticCluster> Group(ClipEmbedding[] data, ClusteringOptions options, List<ClipEmbedding>? labelled = null)
    {
        var clusterer = EmbeddingClusterer.Create(options, labelled is null ? null : labelled.Add, fault => throw fault);
        foreach (ClipEmbedding embedding in data)
        {
            clusterer.Add(embedding);
        }

        clusterer.Complete();
        return clusterer.Clusters;
    }
}
