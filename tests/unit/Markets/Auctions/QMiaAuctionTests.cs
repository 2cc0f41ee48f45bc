using QosValuation.Foundation.Randomness;

namespace QosValuation.Tests;

public sealed class QMiaAuctionTests
{
    // Many offers are partly sorted, and paid by vectors: the same as a plain sort and every place tried, to the bit.
    [Theory]
    [InlineData("Random")]
    [InlineData("Ties")]
    [InlineData("Heavy")]
    [InlineData("Magnitudes")]
    [InlineData("Equal")]
    [InlineData("Worthless")]
    public void ManyOffersAreSoldAsByAPlainSort(string kind)
    {
        const int Count = 40_000;
        RandomSource random = RandomSource.Create(kind.Length);
        double[] costs = new double[Count];
        double[] values = new double[Count];
        for (int i = 0; i < Count; i++)
        {
            (costs[i], values[i]) = kind switch
            {
                "Ties" => (random.NextInt32(4), random.NextInt32(3)),
                "Heavy" => (random.NextDouble(), Math.Exp(4 * random.NextNormal())),
                "Magnitudes" => (Math.Exp(100 * random.NextNormal()), Math.Exp(100 * random.NextNormal())),
                "Equal" => (0.25, 1.0),
                "Worthless" => (1.0, 0.0),
                _ => (random.NextDouble(), 0.1 + random.NextDouble()),
            };
        }

        foreach (double part in (double[])[0, 1e-5, 1e-3, 0.3, 0.9, 1, 2])
        {
            double budget = part * costs.Sum();
            AuctionColumns outcome = AuctionSamples.Run(AuctionMechanism.QMia, costs, values, budget);
            (double[] payments, AwardReason[] reasons) = Plain(costs, values, budget);
            Assert.Equal(reasons, outcome.Reason);
            Assert.Equal(payments, outcome.Payment);
            Assert.Equal(payments.Zip(reasons, (payment, reason) => reason == AwardReason.Won ? payment : double.NaN), outcome.CriticalCost);
            Assert.All(outcome.Share, share => Assert.Equal(0, share));
        }
    }

    private static (double[] Payments, AwardReason[] Reasons) Plain(double[] costs, double[] values, double budget)
    {
        int[] order = [.. Enumerable.Range(0, costs.Length).Where(i => values[i] > 0).OrderBy(i => costs[i] / values[i])];
        double[] sums = new double[order.Length + 1];
        for (int k = 0; k < order.Length; k++)
        {
            sums[k + 1] = sums[k] + costs[order[k]];
        }

        int winners = Enumerable.Range(0, order.Length + 1).Last(k => sums[k] <= budget);
        double[] payments = new double[costs.Length];
        AwardReason[] reasons = [.. values.Select(_ => AwardReason.ZeroValue)];
        double Density(int m) => m < order.Length ? costs[order[m]] / values[order[m]] : double.PositiveInfinity;
        for (int k = 0; k < order.Length; k++)
        {
            int offer = order[k];
            if (k >= winners)
            {
                reasons[offer] = costs[offer] > budget ? AwardReason.TooDear : k == winners ? AwardReason.Budget : AwardReason.Blocked;
                continue;
            }

            // The largest of min(B + c − C_m, v·ψ_(m+1)) over m > k: the first falls, the second rises.
            int low = k + 1;
            int high = order.Length;
            while (low < high)
            {
                int middle = (low + high) / 2;
                if (budget - (sums[middle] - costs[offer]) <= values[offer] * Density(middle))
                {
                    high = middle;
                }
                else
                {
                    low = middle + 1;
                }
            }

            double Worth(int m) => Math.Min(budget - (sums[m] - costs[offer]), values[offer] * Density(m));
            reasons[offer] = AwardReason.Won;
            payments[offer] = Math.Max(costs[offer], Math.Max(Worth(low), low > k + 1 ? Worth(low - 1) : 0));
        }

        return (payments, reasons);
    }
}
