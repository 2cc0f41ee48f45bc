using System.Numerics;
using QosValuation.Foundation.Randomness;
using QosValuation.Valuation.MarginalUtility;

namespace QosValuation.Tests;

/// <summary>Semivalues by their definition, over all subsets, and small problems to try them on.</summary>
internal static class BruteForce
{
    /// <summary>Σ over S without i of weight(|S|)·(U(S + i) − U(S)).</summary>
    public static double[] Semivalue(int n, Func<int, double> worth, Func<int, double> weight)
    {
        double[] worths = [.. Enumerable.Range(0, 1 << n).Select(worth)];
        return
        [
            .. Enumerable.Range(0, n).Select(i => Enumerable.Range(0, 1 << n).Where(mask => (mask >> i & 1) == 0)
                .Sum(mask => weight(BitOperations.PopCount((uint)mask)) * (worths[mask | 1 << i] - worths[mask]))),
        ];
    }

    public static double[] Shapley(int n, Func<int, double> worth) => Semivalue(n, worth, s => 1 / (n * Choose(n - 1, s)));

    public static double Choose(int n, int k) => Enumerable.Range(1, k).Aggregate(1.0, (product, i) => product * (n - k + i) / i);

    public static IEnumerable<int> Members(int mask, int n) => Enumerable.Range(0, n).Where(i => (mask >> i & 1) == 1);

    /// <summary>Points on a small grid, so that distances tie, and copies among them.</summary>
    public static (float[][] Train, int[] TrainLabels, float[][] Test, int[] TestLabels, int Classes) Grid(int n, int tests, int seed)
    {
        RandomSource random = RandomSource.Create(seed);
        float[] Point() => [1 + random.NextInt32(3), random.NextInt32(3), random.NextInt32(2)];
        const int Classes = 3;
        float[][] train = [.. Enumerable.Range(0, n).Select(_ => Point())];
        train[n - 1] = [.. train[0]];
        return (
            train,
            [.. Enumerable.Range(0, n).Select(_ => random.NextInt32(Classes))],
            [.. Enumerable.Range(0, tests).Select(_ => Point())],
            [.. Enumerable.Range(0, tests).Select(_ => random.NextInt32(Classes))],
            Classes);
    }

    public static double Square(float[] x, float[] y) => x.Zip(y, (a, b) => ((double)a - b) * ((double)a - b)).Sum();

    /// <summary>The points of a subset, the nearest first, ties by index.</summary>
    public static int[] Nearest(float[][] train, float[] test, int mask) =>
        [.. Members(mask, train.Length).OrderBy(i => Square(train[i], test)).ThenBy(i => i)];

    public static ValuationProblem Problem(float[][] train, int[] labels, float[][] test, int[] testLabels, int classes, int[]? players = null)
    {
        players ??= [.. Enumerable.Range(0, train.Length)];
        return new ValuationProblem(
            new LabelledPoints(train, labels),
            new LabelledPoints(test, testLabels),
            classes,
            [.. Enumerable.Range(0, players.Max() + 1).Select(i => new UtilityPlayer($"c{i}", $"i{i}"))],
            players);
    }

    /// <summary>A game whose worths are drawn once: neither additive nor monotone.</summary>
    public static DrawnGame Game(int n, int seed)
    {
        RandomSource random = RandomSource.Create(seed);
        return new DrawnGame(n, [.. Enumerable.Range(0, 1 << n).Select(mask => BitOperations.PopCount((uint)mask) / (double)n + 0.3 * random.NextNormal())]);
    }

    internal sealed class DrawnGame(int players, double[] worths) : IUtilityFunction
    {
        public int Players => players;

        public bool IsThreadSafe => true;

        public double Worth(int mask) => worths[mask];

        public double Evaluate(ReadOnlySpan<int> coalition, CancellationToken cancellationToken)
        {
            int mask = 0;
            int last = -1;
            foreach (int player in coalition)
            {
                Assert.True(player > last);
                last = player;
                mask |= 1 << player;
            }

            return worths[mask];
        }

        public ValuationProblem Problem() => new(this, [.. Enumerable.Range(0, players).Select(i => new UtilityPlayer($"p{i}", string.Empty))]);
    }
}
