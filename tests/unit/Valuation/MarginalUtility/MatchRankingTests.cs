using QosValuation.Foundation.Randomness;
using QosValuation.Valuation.MarginalUtility;

namespace QosValuation.Tests;

public sealed class MatchRankingTests
{
    // Whole numbers tie often; copies and near copies; magnitudes from underflow to overflow of single precision; one point everywhere.
    [Theory]
    [InlineData("Whole")]
    [InlineData("Normal")]
    [InlineData("Copies")]
    [InlineData("NearCopies")]
    [InlineData("Far")]
    [InlineData("Magnitudes")]
    [InlineData("Tiny")]
    [InlineData("Huge")]
    [InlineData("Same")]
    public void ValuesAreThoseOfTheFullOrderToTheBit(string kind)
    {
        RandomSource random = RandomSource.Create(kind.Length);
        foreach (int dimension in (int[])[1, 3, 16, 47, 128, 300])
        {
            foreach (int n in (int[])[1, 2, 7, 130, 1500])
            {
                foreach (int classes in (int[])[1, 2, 9])
                {
                    float[][] train = Draw(n, dimension, kind, random);
                    float[][] test = Draw(6, dimension, kind, random);
                    var points = new LabelledPoints(train, [.. Enumerable.Range(0, n).Select(_ => random.NextInt32(classes))]);
                    // One class more than the training points have.
                    var tests = new LabelledPoints(test, [.. Enumerable.Range(0, 6).Select(_ => random.NextInt32(classes + 1))]);
                    int neighbors = 1 + random.NextInt32(12);
                    double[] expected = KnnShapleyMethod.MeanByOrder(points, tests, neighbors, Run(1));
                    foreach (int threads in (int[])[1, 2])
                    {
                        double[] found = new MatchRanking(points, tests, KnnShapleyMethod.Factors(n, neighbors)).Mean(Run(threads));
                        Assert.Equal(expected.Select(BitConverter.DoubleToInt64Bits), found.Select(BitConverter.DoubleToInt64Bits));
                    }
                }
            }
        }
    }

    [Theory]
    [InlineData(5)]
    [InlineData(512)]
    [InlineData(2000)]
    public void BoundHoldsAndIsNotIdle(int dimension)
    {
        RandomSource random = RandomSource.Create(dimension);
        foreach (string kind in (string[])["Normal", "Far", "Magnitudes", "NearCopies", "Tiny"])
        {
            var train = new LabelledPoints(Draw(200, dimension, kind, random), new int[200]);
            var test = new LabelledPoints(Draw(5, dimension, kind, random), new int[5]);
            var products = new NeighborProducts(train, test);
            float[][] found = [.. Enumerable.Range(0, 5).Select(_ => new float[200])];
            double[] squares = new double[200];
            products.Compute(0, found, Run(2));
            for (int t = 0; t < 5; t++)
            {
                new NeighborDistances(train, test).Compute(t, [.. Enumerable.Range(0, 200)], squares);
                for (int i = 0; i < 200; i++)
                {
                    double sum = products.Squares[i] + products.TestSquares[t];
                    double bound = products.Bound(sum);
                    Assert.True(Math.Abs(sum - (2.0 * found[t][i]) - squares[i]) <= bound || double.IsPositiveInfinity(bound));
                    Assert.True(kind != "Normal" || bound < 2e-5 * sum);
                }
            }
        }
    }

    private static MeasurementRun Run(int threads) => new(threads, static _ => { }, CancellationToken.None);

    private static float[][] Draw(int count, int dimension, string kind, RandomSource random)
    {
        var source = RandomSource.Create(dimension);
        float[] center = [.. Enumerable.Range(0, dimension).Select(_ => (float)source.NextNormal())];
        return [.. Enumerable.Range(0, count).Select(_ =>
        {
            double scale = Math.Pow(10, 36 * ((2 * random.NextDouble()) - 1));
            int other = random.NextInt32(dimension);
            return Enumerable.Range(0, dimension).Select(k => kind switch
            {
                "Whole" => random.NextInt32(3),
                "Copies" => center[k] * (other % 3),
                "NearCopies" => k == other ? MathF.BitIncrement(center[k]) : center[k],
                "Far" => (float)(1e4 + random.NextNormal()),
                "Magnitudes" => (float)(scale * random.NextNormal()),
                "Tiny" => (float)(1e-42 * random.NextInt32(5)),
                "Huge" => (float)(2e38 * ((2 * random.NextDouble()) - 1)),
                "Same" => center[k],
                _ => (float)random.NextNormal(),
            }).ToArray();
        })];
    }
}
