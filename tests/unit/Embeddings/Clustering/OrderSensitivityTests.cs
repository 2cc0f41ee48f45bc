using System.Security.Cryptography;
using System.Text;
using QosValuation.Embeddings.Clustering;
using QosValuation.Foundation.Numerics;
using QosValuation.Foundation.Randomness;
using QosValuation.Onnx.Model;
using static QosValuation.Tests.ClusteringSamples;

namespace QosValuation.Tests;

public sealed class OrderSensitivityTests
{
    [Fact]
    public void AdjustedRandIndexWorkedByHand()
    {
        // Pairs together: 2 in both; 6 in the first; 3 in the second; of 15. E = 6·3/15 = 1.2; (2 − 1.2)/(4.5 − 1.2) = 8/33.
        Assert.Equal(8.0 / 33, AdjustedRandIndex.Compute([0, 0, 0, 1, 1, 1], [0, 0, 1, 1, 2, 2]), 1e-15);

        // 1 of 6 pairs in both, 2 and 1 in each: E = 1/3; (1 − 1/3)/(3/2 − 1/3) = 4/7.
        Assert.Equal(4.0 / 7, AdjustedRandIndex.Compute([0, 0, 1, 1], [0, 0, 1, 2]), 1e-15);

        // Crossed: none of 6 in both, 2 and 2: E = 2/3; (0 − 2/3)/(2 − 2/3) = −1/2.
        Assert.Equal(-0.5, AdjustedRandIndex.Compute([0, 0, 1, 1], [0, 1, 0, 1]), 1e-15);
    }

    [Fact]
    public void NamesOfGroupsDoNotMatterAndTrivialPartitionsAgree()
    {
        Assert.Equal(1, AdjustedRandIndex.Compute([5, 5, 7, 9], [1, 1, 0, 2]));
        Assert.Equal(1, AdjustedRandIndex.Compute([0, 1, 2], [2, 1, 0]));
        Assert.Equal(1, AdjustedRandIndex.Compute([4, 4, 4], [0, 0, 0]));
        Assert.Equal(0, AdjustedRandIndex.Compute([4, 4, 4], [0, 1, 2]));
        Assert.Equal(1, AdjustedRandIndex.Compute([], []));
        Assert.Equal(1, AdjustedRandIndex.Compute([3], [4]));
        Assert.Throws<ArgumentException>(() => AdjustedRandIndex.Compute([0], [0, 1]));
    }

    [Fact]
    public void IndependentPartitionsAgreeByChanceOnly()
    {
        RandomSource random = RandomSource.Create(1);
        RunningMean mean = new();
        for (int i = 0; i < 400; i++)
        {
            int[] first = [.. Enumerable.Range(0, 60).Select(_ => random.NextInt32(4))];
            int[] second = [.. Enumerable.Range(0, 60).Select(_ => random.NextInt32(7))];
            mean.Add(AdjustedRandIndex.Compute(first, second));
        }

        // Five standard errors: a false alarm in two million seeds.
        Assert.True(Math.Abs(mean.Mean) < 5 * mean.StandardError, $"{mean.Mean} ± {mean.StandardError}");
    }

    [Fact]
    public void SeparatedGroupsDoNotDependOnOrderAndScatteredOnesDo()
    {
        VectorMatrix separated = Matrix(Mixture(14, 200, 64, 5, 0.3, strays: 0), 64);
        OrderSensitivityResult stable = OrderSensitivityEstimator.Measure(separated, 0.7, 6, 1);
        Assert.Equal(
            (1d, 0d, 5d, 0d, 0d),
            (stable.AdjustedRandIndex, stable.AdjustedRandIndexStandardError, stable.Clusters, stable.ClustersStandardError, stable.Noise));
        VectorMatrix scattered = Matrix(Mixture(15, 200, 6, 40, 1.0), 6);
        OrderSensitivityResult loose = OrderSensitivityEstimator.Measure(scattered, 0.8, 20, 1);
        Assert.InRange(loose.AdjustedRandIndex, 0.05, 0.95);
        Assert.InRange(loose.AdjustedRandIndexStandardError, 1e-4, 0.05);
    }

    [Fact]
    public void TheMeasurementIsThatOfTheOrdersItDrew()
    {
        float[][] vectors = Mixture(16, 120, 12, 15, 0.7);
        List<double> indexes = [];
        List<double> clusters = [];
        List<double> noise = [];
        for (int pair = 0; pair < 3; pair++)
        {
            RandomSource random = RandomSource.Create(9, OrderSensitivityEstimator.StreamOf(pair));
            int[][] partitions = [.. Enumerable.Range(0, 2).Select(_ =>
            {
                int[] order = [.. Enumerable.Range(0, vectors.Length)];
                random.Shuffle(order.AsSpan());
                int[] groups = NaiveLeader([.. order.Select(i => vectors[i])], 0.75);
                clusters.Add(groups.GroupBy(g => g).Count(g => g.Count() > 1));
                noise.Add(groups.GroupBy(g => g).Count(g => g.Count() == 1));
                int[] partition = new int[vectors.Length];
                for (int i = 0; i < order.Length; i++)
                {
                    partition[order[i]] = groups[i];
                }

                return partition;
            })];
            indexes.Add(AdjustedRandIndex.Compute(partitions[0], partitions[1]));
        }

        foreach (int threads in new[] { 1, 2 })
        {
            OrderSensitivityResult result = OrderSensitivityEstimator.Measure(Matrix(vectors, 12), 0.75, 3, 9, maximumThreads: threads);
            Assert.Equal(indexes.Average(), result.AdjustedRandIndex, 1e-12);
            Assert.Equal(clusters.Average(), result.Clusters, 1e-12);
            Assert.Equal(noise.Average(), result.Noise, 1e-12);
            Assert.Equal((120, 3, 0.75), (result.Records, result.Pairs, result.SimilarityThreshold));
        }
    }

    [Fact]
    public void AMergeIsComparedWithTheOrderOfArrival()
    {
        float[][] vectors = Mixture(16, 120, 12, 15, 0.7);
        string[] keys = [.. vectors.Select((_, i) => Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes($"ann\0r{i}"))))];
        int[] order = [.. Enumerable.Range(0, vectors.Length)];
        Array.Sort([.. keys], order, StringComparer.Ordinal);
        int[] arrival = NaiveLeader(vectors, 0.75);
        int[] groups = NaiveLeader([.. order.Select(i => vectors[i])], 0.75);
        int[] merged = new int[vectors.Length];
        for (int i = 0; i < order.Length; i++)
        {
            merged[order[i]] = groups[i];
        }

        var collector = new RecordCollector(fault => throw fault) { WithMergeOrder = true };
        for (int i = 0; i < vectors.Length; i++)
        {
            collector.Add(new ClipEmbedding { Source = $"s{i}", Item = $"r{i}", Contributor = "ann", Modality = Modality.Image, Vector = vectors[i] });
        }

        VectorMatrix records = collector.Complete()!;
        Assert.Equal(order, collector.MergeOrder);
        OrderSensitivityResult result = OrderSensitivityEstimator.MeasureMerge(records, 0.75, collector.MergeOrder);
        double expected = AdjustedRandIndex.Compute(arrival, merged);
        Assert.InRange(expected, 0.05, 0.95);
        Assert.Equal(expected, result.AdjustedRandIndex, 1e-12);
        Assert.True(double.IsNaN(result.AdjustedRandIndexStandardError));
        Assert.Equal((120, 1, 0.75), (result.Records, result.Pairs, result.SimilarityThreshold));
        int[][] both = [arrival, merged];
        Assert.Equal(both.Average(one => one.GroupBy(group => group).Count(group => group.Count() > 1)), result.Clusters, 1e-12);
        Assert.Equal(both.Average(one => one.GroupBy(group => group).Count(group => group.Count() == 1)), result.Noise, 1e-12);
    }

    [Fact]
    public void ArgumentsAreChecked()
    {
        Assert.Equal("TooFewRecords", Assert.Throws<QosValuationException>(() => OrderSensitivityEstimator.Measure(Matrix([Plane(0)], 2), 0.5, 1, 1)).ErrorId);
        Assert.Equal(
            "SimilarityThresholdOutOfRange",
            Assert.Throws<QosValuationException>(() => OrderSensitivityEstimator.Measure(Matrix([Plane(0), Plane(1)], 2), 1.5, 1, 1)).ErrorId);
    }
}
