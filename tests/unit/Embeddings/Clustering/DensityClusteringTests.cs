using QosValuation.Embeddings.Clustering;
using static QosValuation.Tests.ClusteringSamples;

namespace QosValuation.Tests;

public sealed class DensityClusteringTests
{
    [Theory]
    [InlineData(1, 300, 4, 6, 0.4, 0.95, 5)]
    [InlineData(2, 333, 12, 8, 0.7, 0.75, 4)]
    [InlineData(3, 130, 3, 3, 0.9, 0.98, 3)]
    [InlineData(4, 200, 30, 10, 1.0, 0.55, 2)]
    [InlineData(5, 64, 6, 5, 0.5, 0.9, 1)]
    public void AgreesWithTheDefinitionWhateverTheThreads(int seed, int count, int dimension, int centres, double spread, double threshold, int minimumPoints)
    {
        float[][] vectors = Mixture(seed, count, dimension, centres, spread);
        int[] expected = NaiveDbscan(vectors, threshold, minimumPoints);
        Assert.InRange(expected.Max(), 1, count);
        foreach (int threads in new[] { 1, 5 })
        {
            Assert.Equal(
                expected,
                DensityClustering.Run(Matrix(vectors, dimension), threshold, minimumPoints, new ClusteringOptions { MaximumThreads = threads }));
        }

        // Where the pairs are too many to keep, they are compared again.
        foreach (int mostPairs in new[] { 0, 40 })
        {
            Assert.Equal(expected, DensityClustering.Run(Matrix(vectors, dimension), threshold, minimumPoints, mostPairs, new ClusteringOptions(), default));
        }
    }

    [Fact]
    public void HandWorkedCoresBorderAndNoise()
    {
        // Neighbours within 10°, three make a core. 0, 5, 10 | 30, 35, 40 are cores of two clusters; 20 reaches 10 and 30,
        // and has three neighbours: a core that joins both. 22.5 in its place reaches only 30; 60 reaches nobody.
        double cosine = Math.Cos(10 * Math.PI / 180);
        int[] Run(params double[] degrees) => DensityClustering.Run(Matrix([.. degrees.Select(Plane)], 2), cosine, 3);
        Assert.Equal([0, 0, 0, 0, 0, 0, 0, -1], Run(0, 5, 10, 20, 30, 35, 40, 60));
        Assert.Equal([0, 0, 0, 1, 1, 1, 1, -1], Run(0, 5, 10, 22.5, 30, 35, 40, 60));

        // With four for a core and one more close by on each side, 20 is a border row of both: the first cluster takes it.
        int[] border = DensityClustering.Run(Matrix([.. new double[] { 40, 35, 32, 30, 20, 10, 8, 5, 0 }.Select(Plane)], 2), cosine, 4);
        Assert.Equal([0, 0, 0, 0, 0, 1, 1, 1, 1], border);
    }

    [Fact]
    public void MembersAreSortedByArrivalAndNoiseHasNoCluster()
    {
        (List<ClipEmbedding> labelled, EmbeddingClusterer clusterer, _) = Group(
            Images(new double[] { 0, 90, 1, 45, 2, 91, 3, 92 }.Select(Plane)),
            new ClusteringOptions { Algorithm = ClusteringAlgorithm.Dbscan, SimilarityThreshold = 0.99, MinimumPoints = 3, NoveltyThreshold = 2 });
        Assert.Equal([0, 1, 0, null, 0, 1, 0, 1], labelled.Select(e => e.ClusterId));
        Assert.Equal(
            [Novelty.Novel, Novelty.Novel, Novelty.Novel, Novelty.Noise, Novelty.Normal, Novelty.Novel, Novelty.Normal, Novelty.Normal],
            labelled.Select(e => e.Novelty!.Value));
        Assert.Equal([2L, 5L], clusterer.Clusters.Select(c => c.ConfirmedAt!.Value));
    }

    [SharedDataFact]
    public void AgreesWithTheDefinitionOnRealPhotographs()
    {
        float[][] vectors = ReadHalfMatrix(Path.Combine(TestData.SharedData!, "flickr8k-clip", "image_embeddings.npy"))[..400];
        Assert.Equal(NaiveDbscan(vectors, 0.78, 4), DensityClustering.Run(Matrix(vectors, 512), 0.78, 4));
    }
}
