using QosValuation.Foundation.Numerics;

namespace QosValuation;

/// <summary>An auction's outcome as columns: element i of each belongs to offer i. For millions of offers, without an object for each.</summary>
public sealed record AuctionColumns
{
    /// <summary>v: what the data are worth; 0 where an offer is not eligible.</summary>
    public required double[] Value { get; init; }

    /// <summary>Why each offer won or lost.</summary>
    public required AwardReason[] Reason { get; init; }

    /// <summary>All that each offer is paid, 0 for losers.</summary>
    public required double[] Payment { get; init; }

    /// <summary>The supremum of each winner's winning reports; NaN for losers, and where the outcome was drawn.</summary>
    public double[] CriticalCost
    {
        get => _critical.Value;
        init => _critical = new Lazy<double[]>(() => value);
    }

    /// <summary>s: each winner's share of the utility pool.</summary>
    public double[] Share
    {
        get => _share.Value;
        init => _share = new Lazy<double[]>(() => value);
    }

    /// <summary>The part of each payment in money now.</summary>
    public required double[] Cash { get; init; }

    /// <summary>The place by ascending cost per value among the eligible offers, from 1; 0 where an offer is not eligible.</summary>
    public int[] Rank
    {
        get => _rank.Value;
        init => _rank = new Lazy<int[]>(() => value);
    }

    /// <summary>Whether each offer won.</summary>
    public bool[] IsWinner => Array.ConvertAll(Reason, reason => reason == AwardReason.Won);

    /// <summary>The totals.</summary>
    public required AuctionReport Report { get; init; }

    /// <summary>The number of offers.</summary>
    public int Count => Payment.Length;

    /// <summary>c: the reported costs, by which <see cref="Rank"/> orders.</summary>
    internal double[] Costs
    {
        init
        {
            double[] costs = value;
            _rank = new Lazy<int[]>(() => Ranks(costs, Value!));
        }
    }

    /// <summary>The critical costs; null where each is the payment, worked out when somebody asks.</summary>
    internal double[]? KnownCriticalCosts
    {
        init
        {
            double[]? known = value;
            _critical = new Lazy<double[]>(() => known ?? Critical(Reason!, Payment!));
        }
    }

    /// <summary>The shares; null where all are 0.</summary>
    internal double[]? KnownShares
    {
        init
        {
            double[]? known = value;
            _share = new Lazy<double[]>(() => known ?? new double[Count]);
        }
    }

    private readonly Lazy<int[]> _rank = new(() => []);
    private readonly Lazy<double[]> _critical = new(() => []);
    private readonly Lazy<double[]> _share = new(() => []);

    /// <summary>A number for each winner, NaN for losers. O(n).</summary>
    internal static double[] Critical(AwardReason[] reasons, double[] numbers)
    {
        double[] critical = GC.AllocateUninitializedArray<double>(reasons.Length);
        for (int i = 0; i < critical.Length; i++)
        {
            critical[i] = reasons[i] == AwardReason.Won ? numbers[i] : double.NaN;
        }

        return critical;
    }

    private static int[] Ranks(double[] costs, double[] values)
    {
        int[] offers = [.. Enumerable.Range(0, costs.Length).Where(i => values[i] > 0)];
        double[] densities = Array.ConvertAll(offers, i => costs[i] / values[i]);
        StableOrder.Sort(densities, offers);
        int[] ranks = new int[costs.Length];
        for (int k = 0; k < offers.Length; k++)
        {
            ranks[offers[k]] = k + 1;
        }

        return ranks;
    }
}
