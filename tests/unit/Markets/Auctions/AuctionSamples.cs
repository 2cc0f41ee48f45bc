using QosValuation.Foundation.Randomness;
using QosValuation.Markets.Auctions;

namespace QosValuation.Tests;

/// <summary>Small random markets, and what bisection says about them.</summary>
internal static class AuctionSamples
{
    public sealed record Market(double[] Costs, double[] Values, double Budget);

    /// <summary>Markets with ties, zero costs, costs above the budget, worthless data, and single providers.</summary>
    public static IEnumerable<Market> Draw(int count, int seed, int most = 8)
    {
        RandomSource random = RandomSource.Create(seed);
        for (int k = 0; k < count; k++)
        {
            int n = 1 + random.NextInt32(most);
            bool isCoarse = random.NextInt32(2) == 0;
            double budget = isCoarse ? 1 + random.NextInt32(8) : 0.2 + random.NextDouble() * 2;
            double Cost() => random.NextInt32(8) == 0 ? 0 : random.NextInt32(12) == 0 ? budget * 1.5 : isCoarse ? random.NextInt32(5) : random.NextDouble();
            double Value() => random.NextInt32(12) == 0 ? 0 : isCoarse ? 1 + random.NextInt32(4) : 0.05 + random.NextDouble();
            yield return new([.. Enumerable.Range(0, n).Select(_ => Cost())], [.. Enumerable.Range(0, n).Select(_ => Value())], budget);
        }
    }

    public static AuctionColumns Run(AuctionMechanism mechanism, double[] costs, double[] values, double budget, Func<int[], double[], SetValue>? diversity = null) =>
        DataAuctioneer.Run(costs, [], values, new AuctionOptions { Mechanism = mechanism, Budget = budget, Diversity = diversity, Random = RandomSource.Create(1) });

    public static AuctionColumns With(this double[] costs, int offer, double report, Func<double[], AuctionColumns> run)
    {
        double[] changed = [.. costs];
        changed[offer] = report;
        return run(changed);
    }

    /// <summary>The supremum of winning reports by bisection; −1 where even a report of 0 loses.</summary>
    public static double Bisect(double[] costs, int offer, double most, Func<double[], AuctionColumns> run)
    {
        if (!costs.With(offer, 0, run).IsWinner[offer])
        {
            return -1;
        }

        double low = 0;
        double high = most;
        for (int k = 0; k < 100 && low < high; k++)
        {
            double middle = low + (high - low) / 2;
            if (costs.With(offer, middle, run).IsWinner[offer])
            {
                low = middle;
            }
            else
            {
                high = middle;
            }
        }

        return low;
    }

    /// <summary>Holds every winner's payment against bisection, and checks that payments do not depend on the winning report and cover it.</summary>
    public static int CheckThresholds(AuctionMechanism mechanism, IEnumerable<Market> markets, Func<double[], SetValue>? diversity = null)
    {
        int winners = 0;
        foreach (Market market in markets)
        {
            AuctionColumns Run(double[] costs) =>
                AuctionSamples.Run(mechanism, costs, market.Values, market.Budget, diversity is null ? null : (_, values) => diversity(values));
            AuctionColumns outcome = Run(market.Costs);
            for (int i = 0; i < market.Costs.Length; i++)
            {
                double threshold = Bisect(market.Costs, i, 2 * market.Budget + 1, Run);
                if (outcome.IsWinner[i])
                {
                    winners++;
                    Assert.Equal(threshold, outcome.CriticalCost[i], 1e-9);
                    Assert.Equal(threshold, outcome.Payment[i], 1e-9);
                    Assert.True(outcome.Payment[i] >= market.Costs[i]);
                    Assert.Equal(outcome.Payment[i], market.Costs.With(i, market.Costs[i] / 2, Run).Payment[i], 1e-9);
                }
                else
                {
                    Assert.Equal(0, outcome.Payment[i]);
                    Assert.True(double.IsNaN(outcome.CriticalCost[i]));
                    Assert.True(threshold <= market.Costs[i] + 1e-9, $"{mechanism} {i}: {threshold} > {market.Costs[i]}");
                }
            }

            if (DataAuctions.Find(mechanism).KeepsBudget)
            {
                Assert.True(outcome.Report.IsBudgetFeasible);
            }
        }

        return winners;
    }
}
