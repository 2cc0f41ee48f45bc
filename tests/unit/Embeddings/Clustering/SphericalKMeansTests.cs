using QosValuation.Embeddings.Clustering;
using QosValuation.Foundation.Randomness;
using QosValuation.Onnx.Model;
using static QosValuation.Tests.ClusteringSamples;

namespace QosValuation.Tests;

public sealed class SphericalKMeansTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void ReachesTheExhaustiveOptimumOnTinyInputs(int seed)
    {
        float[][] vectors = Mixture(seed, 9, 3, 3, 0.8);
        for (int clusters = 1; clusters <= 3; clusters++)
        {
            double best = 0;
            for (int code = 0; code < Math.Pow(clusters, 9); code++)
            {
                int[] labels = [.. Enumerable.Range(0, 9).Select(i => code / (int)Math.Pow(clusters, i) % clusters)];

                // The best centroid of a set of unit vectors is its normalised mean; the objective is the norm of the sum.
                best = Math.Max(best, Enumerable.Range(0, clusters).Sum(c =>
                    Math.Sqrt(Enumerable.Range(0, 3).Sum(k => Math.Pow(vectors.Where((_, i) => labels[i] == c).Sum(v => (double)v[k]), 2)))));
            }

            KMeansResult result = SphericalKMeans.Run(Matrix(vectors, 3), clusters, RandomSource.Create(seed), new ClusteringOptions { Restarts = 40 });
            Assert.Equal(best, result.Objective, 1e-5);
        }
    }

    [Fact]
    public void TheObjectiveNeverFallsAndTheResultIsAFixedPoint()
    {
        for (int seed = 0; seed < 20; seed++)
        {
            float[][] vectors = Mixture(seed, 400, 19, 12, 1.1);
            KMeansResult result = SphericalKMeans.Run(
                Matrix(vectors, 19), 10, RandomSource.Create(seed), new ClusteringOptions { Restarts = 1, Tolerance = 0 });
            Assert.True(result.Converged);
            Assert.All(result.Trace.Zip(result.Trace.Skip(1)), pair => Assert.True(pair.Second >= pair.First - 1e-4, $"{pair}"));
            Assert.Equal(10, result.Labels.Distinct().Count());
            for (int i = 0; i < vectors.Length; i++)
            {
                double[] cosines = [.. Enumerable.Range(0, 10).Select(c => Cosine(vectors[i], result.Centroids[c]))];
                Assert.True(cosines[result.Labels[i]] >= cosines.Max() - 1e-6);
                Assert.Equal(cosines[result.Labels[i]], result.Similarities[i], 1e-6);
            }

            Assert.Equal(result.Similarities.Sum(s => (double)s), result.Objective, 1e-3);
        }
    }

    [Fact]
    public void SeedsDecideTheResultAndThreadsDoNot()
    {
        VectorMatrix matrix = Matrix(Mixture(5, 1500, 40, 30, 1.5), 40);
        KMeansResult Run(int seed, int threads) =>
            SphericalKMeans.Run(matrix, 25, RandomSource.Create(seed), new ClusteringOptions { Restarts = 2, MaximumThreads = threads });
        KMeansResult one = Run(9, 1);
        foreach (int threads in new[] { 2, 7, -1 })
        {
            KMeansResult many = Run(9, threads);
            Assert.Equal(one.Labels, many.Labels);
            Assert.Equal(one.Trace, many.Trace);
            Assert.All(Enumerable.Range(0, 25), c => Assert.Equal(one.Centroids[c].ToArray(), many.Centroids[c].ToArray()));
        }

        Assert.NotEqual(one.Labels, Run(10, 1).Labels);
    }

    [Fact]
    public void PlusPlusSeedingFindsSeparatedGroupsAtOnce()
    {
        float[][] vectors = Mixture(6, 300, 64, 12, 0.1, strays: 0);
        int[] truth = NaiveLeader(vectors, 0.8);
        Assert.Equal(12, truth.Distinct().Count());
        int found = 0;
        for (int seed = 0; seed < 30; seed++)
        {
            int[] labels = SphericalKMeans.Run(Matrix(vectors, 64), 12, RandomSource.Create(seed), new ClusteringOptions { Restarts = 1 }).Labels;
            found += labels.Zip(truth).Distinct().Count() == 12 ? 1 : 0;
        }

        // Uniform seeding hits all twelve groups with probability about 12!/12^12 = 5e-5.
        Assert.InRange(found, 20, 30);
    }

    [Fact]
    public void FewerDistinctRowsThanClustersLeaveSomeEmpty()
    {
        float[][] vectors = [Plane(0), Plane(0), Plane(90), Plane(90), Plane(90)];
        KMeansResult result = SphericalKMeans.Run(Matrix(vectors, 2), 4, RandomSource.Create(1));
        Assert.Equal(2, result.Labels.Distinct().Count());
        Assert.Equal(5, result.Objective, 1e-6);
        EmbeddingClusterer clusterer = Group(
            Images(vectors),
            new ClusteringOptions { Algorithm = ClusteringAlgorithm.KMeans, ClusterCount = 4, Seed = 1 }).Clusterer;
        Assert.Equal([2, 3], clusterer.Clusters.Select(c => c.Count));
    }

    [Fact]
    public void ClustersAreNumberedByArrivalAndHoldAllButTheDistant()
    {
        float[][] vectors = Mixture(8, 200, 10, 4, 0.6);
        ClusteringOptions options = new() { Algorithm = ClusteringAlgorithm.KMeans, ClusterCount = 4, Seed = 2 };
        (List<ClipEmbedding> labelled, EmbeddingClusterer clusterer, _) = Group(Images(vectors), options);
        Assert.Equal(0, clusterer.NoiseCount);
        Assert.Equal([0, 1, 2, 3], labelled.Select(e => e.ClusterId!.Value).Distinct());

        (List<ClipEmbedding> strict, EmbeddingClusterer strictClusterer, _) = Group(Images(vectors), options with { SimilarityThreshold = 0.75 });
        for (int i = 0; i < vectors.Length; i++)
        {
            SemanticCluster cluster = clusterer.Clusters[labelled[i].ClusterId!.Value];
            Assert.Equal(Cosine(vectors[i], cluster.Centroid) < 0.75, strict[i].Novelty == Novelty.Noise);
        }

        Assert.InRange(strictClusterer.NoiseCount, 1, 199);
        Assert.Equal(200, strictClusterer.NoiseCount + strictClusterer.Clusters.Sum(c => c.Count));
    }

    [Fact]
    public void MoreClustersThanRecordsAreRefused()
    {
        QosValuationException error = Assert.Throws<QosValuationException>(() =>
            Group(Images([Plane(0), Plane(1)]), new ClusteringOptions { Algorithm = ClusteringAlgorithm.KMeans, ClusterCount = 3 }));
        Assert.Equal("ClusterCountExceedsRecords", error.ErrorId);
        Assert.Equal(FaultKind.InvalidArgument, error.Kind);
    }

    [Fact]
    public void CancellationStops()
    {
        VectorMatrix matrix = Matrix(Mixture(9, 500, 8, 4, 1), 8);
        using CancellationTokenSource source = new();
        ClusteringOptions options = new() { Progress = _ => source.Cancel() };
        Assert.ThrowsAny<OperationCanceledException>(() => SphericalKMeans.Run(matrix, 5, RandomSource.Create(1), options, source.Token));
        Assert.ThrowsAny<OperationCanceledException>(() => DensityClustering.Run(matrix, 0.5, 3, options, source.Token));
    }
}
