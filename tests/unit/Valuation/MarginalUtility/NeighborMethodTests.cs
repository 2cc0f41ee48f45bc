using QosValuation.Foundation.Randomness;
using QosValuation.Valuation.MarginalUtility;

namespace QosValuation.Tests;

public sealed class NeighborMethodTests
{
    public static TheoryData<int, int> Sizes()
    {
        var data = new TheoryData<int, int>();
        foreach (int n in (int[])[1, 2, 3, 5, 8, 10])
        {
            for (int k = 1; k <= n + 3; k++)
            {
                data.Add(n, k);
            }
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Sizes))]
    public void KnnShapleyIsBruteForce(int n, int k) =>
        Compare(n, MarginalUtilityMethod.KnnShapley, new MarginalUtilityOptions { Neighbors = k }, (train, labels, test, label, _) => mask =>
            BruteForce.Nearest(train, test, mask).Take(k).Count(i => labels[i] == label) / (double)k);

    [Theory]
    [MemberData(nameof(Sizes))]
    public void SoftKnnShapleyIsBruteForce(int n, int k) =>
        Compare(n, MarginalUtilityMethod.SoftKnnShapley, new MarginalUtilityOptions { Neighbors = k }, (train, labels, test, label, classes) => mask =>
            mask == 0 ? 1.0 / classes : BruteForce.Nearest(train, test, mask).Take(k).Average(i => labels[i] == label ? 1.0 : 0));

    [Theory]
    [MemberData(nameof(Sizes))]
    public void WeightedKnnShapleyIsBruteForce(int n, int k) =>
        Compare(n, MarginalUtilityMethod.WeightedKnnShapley, new MarginalUtilityOptions { Neighbors = k, WeightLevels = 9 }, (train, labels, test, label, _) => mask =>
            BruteForce.Nearest(train, test, mask).Take(k).Sum(i =>
                (labels[i] == label ? 1 : -1) * (int)Math.Round(9 * Math.Exp(-BruteForce.Square(train[i], test)))) >= 0 ? 1 : 0);

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(6)]
    [InlineData(10)]
    public void ThresholdKnnShapleyIsBruteForce(int n)
    {
        foreach (double threshold in (double[])[0, 1, 1.5, 2, 9])
        {
            Compare(n, MarginalUtilityMethod.ThresholdKnnShapley, new MarginalUtilityOptions { Threshold = threshold }, (train, labels, test, label, classes) => mask =>
                BruteForce.Members(mask, train.Length).Where(i => BruteForce.Square(train[i], test) <= threshold * threshold)
                    .Select(i => labels[i] == label ? 1.0 : 0).DefaultIfEmpty(1.0 / classes).Average());
        }
    }

    [Fact]
    public void WeightsOfAnySignAndSizeAreCounted()
    {
        RandomSource random = RandomSource.Create(8);
        for (int trial = 0; trial < 60; trial++)
        {
            int n = 1 + random.NextInt32(9);
            int k = 1 + random.NextInt32(n + 3);
            int[] weights = [.. Enumerable.Range(0, n).Select(_ => random.NextInt32(41) - 20)];
            double[] expected = BruteForce.Shapley(n, mask => BruteForce.Members(mask, n).Take(k).Sum(i => weights[i]) >= 0 ? 1 : 0);
            Assert.Equal(expected, WeightedKnnShapleyMethod.Values(weights, k, CancellationToken.None), Near(1e-10));
        }
    }

    [Fact]
    public void ContributorsAreWorthTheSumOfTheirPoints()
    {
        (float[][] train, int[] labels, float[][] test, int[] testLabels, int classes) = BruteForce.Grid(9, 5, 4);
        int[] players = [0, 1, 2, 0, 1, 2, 2, 2, 0];
        var options = new MarginalUtilityOptions { Neighbors = 3 };
        double[] points = [.. MarginalUtilityMeasurement.Run(BruteForce.Problem(train, labels, test, testLabels, classes), options).Select(row => row.Value)];
        IReadOnlyList<MarginalUtility> rows = MarginalUtilityMeasurement.Run(
            BruteForce.Problem(train, labels, test, testLabels, classes, players), options);
        for (int player = 0; player < 3; player++)
        {
            Assert.Equal(points.Where((_, i) => players[i] == player).Sum(), rows[player].Value, 12);
            Assert.Equal(players.Count(p => p == player), rows[player].Points);
        }
    }

    [Fact]
    public void ContributorsWhoComeAndGoAsAWholeAreBruteForce()
    {
        (float[][] train, int[] labels, float[][] test, int[] testLabels, int classes) = BruteForce.Grid(10, 4, 6);
        int[] players = [0, 1, 2, 3, 0, 1, 2, 2, 3, 4];
        IReadOnlyList<MarginalUtility> rows = MarginalUtilityMeasurement.Run(
            BruteForce.Problem(train, labels, test, testLabels, classes, players),
            new MarginalUtilityOptions { Method = MarginalUtilityMethod.Shapley, Learner = UtilityLearner.Knn, Neighbors = 3 });
        double[] expected = BruteForce.Shapley(5, mask =>
        {
            int points = Enumerable.Range(0, 10).Where(i => (mask >> players[i] & 1) == 1).Sum(i => 1 << i);
            return Enumerable.Range(0, 4).Average(t => BruteForce.Nearest(train, test[t], points).Take(3).Count(i => labels[i] == testLabels[t]) / 3.0);
        });
        Assert.Equal(expected, rows.Select(row => row.Value), Near(1e-10));
    }

    [Fact]
    public void OrderIsThatOfAStableSortWhateverTheDistances()
    {
        RandomSource random = RandomSource.Create(9);
        foreach (int n in (int[])[1, 2, 100, 5000])
        {
            foreach (int kind in (int[])[0, 1, 2, 3])
            {
                // Many ties; doubles that share a float; huge and tiny ones; descending.
                double[] squares =
                [
                    .. Enumerable.Range(0, n).Select(i => kind switch
                    {
                        0 => random.NextInt32(7),
                        1 => 1 + (random.NextInt32(40) * 1e-12),
                        2 => Math.Exp((random.NextDouble() * 160) - 80) * (i % 5 == 0 ? 0 : 1),
                        _ => n - i,
                    }),
                ];
                int[] order = new int[n];
                new NeighborSorter(n).Sort(squares, order);
                Assert.Equal(Enumerable.Range(0, n).OrderBy(i => squares[i]), order);
            }
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(16)]
    [InlineData(19)]
    [InlineData(64)]
    public void DistancesAreTheirDefinitionAndTieForCopies(int dimension)
    {
        RandomSource random = RandomSource.Create(dimension);
        float[] Point() => [.. Enumerable.Range(0, dimension).Select(_ => (float)random.NextNormal())];
        float[][] train = [.. Enumerable.Range(0, 131).Select(_ => Point())];
        train[130] = [.. train[7]];
        train[64] = [.. train[7]];
        float[][] test = [.. Enumerable.Range(0, 7).Select(_ => Point())];
        double[][] squares = [.. test.Select(_ => new double[131])];
        new NeighborDistances(new LabelledPoints(train, new int[131]), new LabelledPoints(test, new int[7])).Compute(
            0, squares, new MeasurementRun(2, _ => { }, CancellationToken.None));
        for (int t = 0; t < 7; t++)
        {
            Assert.Equal(squares[t][7], squares[t][130]);
            Assert.Equal(squares[t][7], squares[t][64]);
            for (int i = 0; i < 131; i++)
            {
                Assert.Equal(BruteForce.Square(train[i], test[t]), squares[t][i], 1e-12 * Math.Max(1, squares[t][i]));
            }
        }
    }

    internal static IEqualityComparer<double> Near(double tolerance) => new Comparer(tolerance);

    private static void Compare(
        int n,
        MarginalUtilityMethod method,
        MarginalUtilityOptions options,
        Func<float[][], int[], float[], int, int, Func<int, double>> worth)
    {
        for (int seed = 1; seed <= 3; seed++)
        {
            (float[][] train, int[] labels, float[][] test, int[] testLabels, int classes) = BruteForce.Grid(n, 3, (seed * 100) + n);
            double[] expected = new double[n];
            for (int t = 0; t < test.Length; t++)
            {
                double[] values = BruteForce.Shapley(n, worth(train, labels, test[t], testLabels[t], classes));
                for (int i = 0; i < n; i++)
                {
                    expected[i] += values[i] / test.Length;
                }
            }

            IReadOnlyList<MarginalUtility> rows = MarginalUtilityMeasurement.Run(
                BruteForce.Problem(train, labels, test, testLabels, classes), options with { Method = method });
            Assert.Equal(expected, rows.Select(row => row.Value), Near(1e-10));
            Assert.All(rows, row => Assert.True(row.Converged && row.StandardError == 0 && row.Seed is null));
        }
    }

    private sealed class Comparer(double tolerance) : IEqualityComparer<double>
    {
        public bool Equals(double x, double y) => Math.Abs(x - y) <= tolerance;

        public int GetHashCode(double obj) => 0;
    }
}
