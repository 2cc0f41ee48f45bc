using QosValuation.Foundation.Numerics;
using QosValuation.Foundation.Randomness;
using QosValuation.Learning.Federated;

namespace QosValuation.Tests;

public sealed class ModelDistancesTests
{
    [Theory]
    [InlineData(1, 3)]
    [InlineData(5, 1)]
    [InlineData(16, 1024)]
    [InlineData(17, 1025)]
    [InlineData(37, 2500)]
    public void DistancesAreThoseOfAPlainLoop(int clients, int parameters)
    {
        ReadOnlyMemory<float>[] models = Models(clients, parameters, 3);
        float[] origin = [.. Models(1, parameters, 4)[0].Span];
        SquareMatrix distances = ModelDistances.Cosine(models, origin, 2);
        SquareMatrix one = ModelDistances.Cosine(models, origin, 1);
        Assert.Equal(one.Values, distances.Values);
        for (int i = 0; i < clients; i++)
        {
            for (int j = 0; j < clients; j++)
            {
                double expected = i == j ? 0 : 1 - Cosine(models[i].Span, models[j].Span, origin);
                Assert.Equal(expected, distances[i, j], 1e-12);
                Assert.Equal(distances[i, j], distances[j, i]);
            }
        }
    }

    [Fact]
    public void AnUpdateOfZeroIsAsFarAsARightAngle()
    {
        float[] origin = [1, 2];
        SquareMatrix distances = ModelDistances.Cosine([origin, new float[] { 2, 2 }, new float[] { 0, 2 }], origin);
        Assert.Equal([0, 1, 1, 1, 0, 2, 1, 2, 0], distances.Values);
    }

    [Fact]
    public void TheModelStepIsAGradientStepOnTheCosines()
    {
        const int Parameters = 9;
        for (int trial = 0; trial < 50; trial++)
        {
            ReadOnlyMemory<float>[] models = Models(5, Parameters, 100 + trial);
            double[] weights = [0.3, 2, 1.1];
            double[] proxy = new double[Parameters];
            ModelStep.Take(models[0].Span, models[4].Span, [models[1], models[2], models[3]], weights, 5, proxy);
            double[] at = [.. models[0].ToArray().Select(x => (double)x)];
            for (int k = 0; k < Parameters; k++)
            {
                const double Step = 1e-5;
                double Value(double by)
                {
                    double[] moved = [.. at];
                    moved[k] += by;
                    double sum = 0;
                    for (int j = 0; j < 3; j++)
                    {
                        double dot = 0, a = 0, b = 0;
                        for (int l = 0; l < Parameters; l++)
                        {
                            double u = moved[l] - models[4].Span[l];
                            double v = (double)models[j + 1].Span[l] - models[4].Span[l];
                            dot += u * v;
                            a += u * u;
                            b += v * v;
                        }

                        sum += weights[j] * dot / Math.Sqrt(a * b);
                    }

                    return sum;
                }

                Assert.Equal(at[k] + (5 * (Value(Step) - Value(-Step)) / (2 * Step)), proxy[k], 1e-7);
            }
        }
    }

    [Fact]
    public void AModelThatHasNotMovedTakesNoStepAndGivesNone()
    {
        float[] origin = [1, 2, 3];
        float[] moved = [2, 2, 3];
        double[] proxy = new double[3];
        ModelStep.Take(origin, origin, [moved], [1], 5, proxy);
        Assert.Equal([1, 2, 3], proxy);
        ModelStep.Take(moved, origin, [origin], [1], 5, proxy);
        Assert.Equal([2, 2, 3], proxy);
        ModelStep.Take(moved, origin, [], [], 5, proxy);
        Assert.Equal([2, 2, 3], proxy);
    }

    [Fact]
    public void TheProjectionIsTheNearestPointOfTheSimplex()
    {
        var random = RandomSource.Create(7);
        for (int trial = 0; trial < 300; trial++)
        {
            double[] vector = [.. Enumerable.Range(0, 1 + random.NextInt32(8)).Select(_ => 3 * random.NextNormal())];
            double[] projected = [.. vector];
            SimplexProjection.Project(projected);
            Assert.Equal(1, projected.Sum(), 12);
            Assert.All(projected, part => Assert.True(part >= 0));

            // Bisection on the threshold, which is another way to it.
            double low = vector.Min() - 2;
            double high = vector.Max();
            for (int step = 0; step < 200; step++)
            {
                double middle = (low + high) / 2;
                (low, high) = vector.Sum(v => Math.Max(0, v - middle)) > 1 ? (middle, high) : (low, middle);
            }

            for (int k = 0; k < vector.Length; k++)
            {
                Assert.Equal(Math.Max(0, vector[k] - low), projected[k], 1e-12);
            }
        }
    }

    [Fact]
    public void CompleteLinkageSplitsAsTheNearestPairOfAllDoes()
    {
        var random = RandomSource.Create(9);
        for (int trial = 0; trial < 300; trial++)
        {
            int n = 2 + random.NextInt32(12);
            var distances = new SquareMatrix(n);
            for (int i = 0; i < n; i++)
            {
                for (int j = 0; j < i; j++)
                {
                    distances[i, j] = distances[j, i] = random.NextDouble() - 0.5;
                }
            }

            List<List<int>> clusters = [.. Enumerable.Range(0, n).Select(i => new List<int> { i })];
            while (clusters.Count > 2)
            {
                (int a, int b) = Enumerable.Range(0, clusters.Count).SelectMany(a => Enumerable.Range(0, a).Select(b => (a, b)))
                    .MinBy(pair => clusters[pair.a].Max(i => clusters[pair.b].Max(j => distances[i, j])));
                clusters[b].AddRange(clusters[a]);
                clusters.RemoveAt(a);
            }

            bool[] second = CompleteLinkage.Split(distances);
            List<int> other = clusters.Single(cluster => !cluster.Contains(0));
            Assert.Equal(Enumerable.Range(0, n).Select(other.Contains), second);
        }

        Assert.Equal([false], CompleteLinkage.Split(new SquareMatrix(1)));
    }

    private static ReadOnlyMemory<float>[] Models(int count, int parameters, int seed)
    {
        var random = RandomSource.Create(seed);
        return [.. Enumerable.Range(0, count).Select(_ => (ReadOnlyMemory<float>)Enumerable.Range(0, parameters).Select(_ => (float)random.NextNormal()).ToArray())];
    }

    private static double Cosine(ReadOnlySpan<float> first, ReadOnlySpan<float> second, float[] origin)
    {
        double dot = 0;
        double a = 0;
        double b = 0;
        for (int k = 0; k < origin.Length; k++)
        {
            double u = (double)first[k] - origin[k];
            double v = (double)second[k] - origin[k];
            dot += u * v;
            a += u * u;
            b += v * v;
        }

        return dot / Math.Sqrt(a * b);
    }
}
