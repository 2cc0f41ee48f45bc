using QosValuation.Foundation.Numerics;
using QosValuation.Foundation.Randomness;
using QosValuation.Markets.Models;

namespace QosValuation.Tests;

/// <summary>Markets for tests of the model market: by hand, and at random.</summary>
internal static class ModelMarkets
{
    // By default each seventh of 3,000 markets is tried; QOSVALUATION_ALL_MARKETS=1 tries all.
    public static readonly int Stride = Environment.GetEnvironmentVariable("QOSVALUATION_ALL_MARKETS") == "1" ? 1 : 7;

    public static IEnumerable<int> Seeds => Enumerable.Range(0, 3000).Where(seed => seed % Stride == 0);

    public static TraderColumns Traders(double[] sizes, double[] costs, params double[] scales) => new()
    {
        Names = [.. Enumerable.Range(0, sizes.Length).Select(i => "c" + i)],
        Sizes = sizes,
        Costs = costs,
        GainScales = scales.Length == 1 ? [.. Enumerable.Repeat(scales[0], sizes.Length)] : scales,
    };

    public static SquareMatrix Distances(int count, Func<int, int, double> distance)
    {
        var matrix = new SquareMatrix(count);
        for (int i = 0; i < count; i++)
        {
            for (int j = 0; j < count; j++)
            {
                matrix[i, j] = i == j ? 0 : distance(i, j);
            }
        }

        return matrix;
    }

    /// <summary>Two to eight clients: sizes alike or from 20 to 12,000, costs of which some are 0, distances from 0 to 2, gain scales of which some are 0.</summary>
    public static (TraderColumns Traders, SquareMatrix Distances, ModelMarketRules Rules) Draw(int seed)
    {
        var random = RandomSource.Create(seed);
        int n = 2 + random.NextInt32(7);
        bool isEqual = random.NextInt32(4) == 0;
        bool isFree = random.NextInt32(5) == 0;
        double scale = Math.Pow(10, 3 + (3 * random.NextDouble()));
        double[] sizes = new double[n];
        double[] costs = new double[n];
        double[] scales = new double[n];
        for (int i = 0; i < n; i++)
        {
            sizes[i] = isEqual ? 100 : Math.Round(20 * Math.Pow(600, random.NextDouble()));
            costs[i] = random.NextInt32(8) == 0 ? 0 : Math.Pow(10, -2 + (3 * random.NextDouble()));
            scales[i] = random.NextInt32(8) == 0 ? 0 : scale * (0.5 + random.NextDouble());
        }

        SquareMatrix distances = Distances(n, (_, _) => isFree ? 0 : 2 * random.NextDouble());
        return (Traders(sizes, costs, scales), distances, new ModelMarketRules { Lambda = isFree ? 1 : random.NextInt32(3) });
    }
}
