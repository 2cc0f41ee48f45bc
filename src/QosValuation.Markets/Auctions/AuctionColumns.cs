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
    public required double[] CriticalCost { get; init; }

    /// <summary>s: each winner's share of the utility pool.</summary>
    public required double[] Share { get; init; }

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

    private readonly Lazy<int[]> _rank = new(() => []);

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
