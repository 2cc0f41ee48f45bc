using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using QosValuation.Foundation.Numerics;

namespace QosValuation.Markets.Auctions;

/// <summary>
/// Holds auctions of data by any mechanism of <see cref="DataAuctions"/>, with or without a utility pool (Mixed-MIA) and a part of the budget
/// that is reserved for under-served providers.
/// </summary>
public static class DataAuctioneer
{
    /// <summary>Holds an auction.</summary>
    /// <param name="offers">The offers; ties go to the earlier one.</param>
    /// <param name="options">How it is held.</param>
    /// <param name="underserved">
    /// Whether the provider of an offer is under-served: these compete for their share of the budget alone, and the rest for the rest. A strict
    /// partition is truthful; letting them compete in both is not. Null without such a tranche.
    /// </param>
    /// <param name="report">Receives the totals.</param>
    /// <returns>One award an offer, in order.</returns>
    /// <exception cref="QosValuationException">What the options or the offers are refused for.</exception>
    public static DataAward[] Run(IReadOnlyList<DataOffer> offers, AuctionOptions options, Func<DataOffer, bool>? underserved, out AuctionReport report)
    {
        ArgumentNullException.ThrowIfNull(offers);
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        for (int i = 0; i < offers.Count; i++)
        {
            offers[i].Validate(i + 1, options.Kappa);
        }

        var awards = new DataAward[offers.Count];
        if (underserved is null)
        {
            report = Run(offers, [.. Enumerable.Range(0, offers.Count)], options, AuctionTranche.Main, awards);
            return awards;
        }

        ILookup<bool, int> tranches = Enumerable.Range(0, offers.Count).ToLookup(i => underserved(offers[i]));
        double share = options.TrancheShare;
        AuctionOptions reserved = options with { Budget = options.Budget * share, Pool = options.Pool * share };
        AuctionOptions rest = options with { Budget = options.Budget * (1 - share), Pool = options.Pool * (1 - share) };
        AuctionReport main = Run(offers, [.. tranches[false]], rest, AuctionTranche.Main, awards);
        AuctionReport diversity = Run(offers, [.. tranches[true]], reserved, AuctionTranche.Diversity, awards);
        report = main with
        {
            Offers = offers.Count,
            Winners = main.Winners + diversity.Winners,
            TotalPayment = main.TotalPayment + diversity.TotalPayment,
            TotalCost = main.TotalCost + diversity.TotalCost,
            Budget = options.Budget,
            Pool = options.Pool,
            Overrun = main.Overrun + diversity.Overrun,
            Value = main.Value + diversity.Value,
            UnitPrice = double.NaN,
        };
        return awards;
    }

    /// <summary>Holds an auction on columns of numbers, without groups or tranches. O(n log n) for mechanisms on values that add up.</summary>
    /// <param name="costs">c, finite and at least 0.</param>
    /// <param name="qualities">q, finite and at least 0; empty where all are 1.</param>
    /// <param name="utilities">φ, finite with φ + κ ≥ 0; empty where all are 1.</param>
    /// <param name="options">How it is held.</param>
    /// <returns>The outcome.</returns>
    /// <exception cref="QosValuationException"><c>OfferNotValid</c> names the first row at fault; <c>ColumnLengthMismatch</c>.</exception>
    public static AuctionColumns Run(double[] costs, double[] qualities, double[] utilities, AuctionOptions options)
    {
        ArgumentNullException.ThrowIfNull(costs);
        ArgumentNullException.ThrowIfNull(qualities);
        ArgumentNullException.ThrowIfNull(utilities);
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        double[] quality = Column(qualities, "qualities");
        double[] utility = Column(utilities, "marginal utilities");
        for (int i = CountValid(costs, quality, utility, options.Kappa); i < costs.Length; i++)
        {
            var offer = new DataOffer { Contributor = string.Empty, Cost = costs[i], Quality = quality[i], MarginalUtility = utility[i] };
            offer.Validate(i + 1, options.Kappa);
        }

        return Clear(costs, quality, utility, [], [], options);

        double[] Column(double[] column, string name)
        {
            if (column.Length == 0 && costs.Length > 0)
            {
                double[] ones = new double[costs.Length];
                Array.Fill(ones, 1);
                return ones;
            }

            return column.Length == costs.Length
                ? column
                : throw new QosValuationException(
                    Faults.ColumnLengthMismatch, $"There are {column.Length:N0} {name} and {costs.Length:N0} costs; give one for each offer.", column.Length);
        }
    }

    // How many offers at the front are valid, in whole vectors.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static int CountValid(double[] costs, double[] qualities, double[] utilities, double kappa)
    {
        int i = 0;
        var most = Vector512.Create(double.MaxValue);
        for (; i <= costs.Length - Vector512<double>.Count; i += Vector512<double>.Count)
        {
            var cost = Vector512.Create(costs, i);
            var quality = Vector512.Create(qualities, i);
            var utility = Vector512.Create(utilities, i);
            Vector512<double> isValid = Vector512.GreaterThanOrEqual(cost, Vector512<double>.Zero) & Vector512.LessThanOrEqual(cost, most)
                & Vector512.GreaterThanOrEqual(quality, Vector512<double>.Zero) & Vector512.LessThanOrEqual(quality, most)
                & Vector512.LessThanOrEqual(Vector512.Abs(utility), most)
                & Vector512.GreaterThanOrEqual(utility + Vector512.Create(kappa), Vector512<double>.Zero);
            if (!Vector512.EqualsAll(isValid.AsInt64(), Vector512<long>.AllBitsSet))
            {
                break;
            }
        }

        return i;
    }

    /// <summary>The award of one offer out of columns.</summary>
    /// <param name="columns">The outcome.</param>
    /// <param name="index">The offer's place in it.</param>
    /// <param name="offer">The offer.</param>
    /// <param name="tranche">The tranche.</param>
    /// <returns>The award.</returns>
    public static DataAward Award(AuctionColumns columns, int index, DataOffer offer, AuctionTranche tranche)
    {
        ArgumentNullException.ThrowIfNull(columns);
        ArgumentNullException.ThrowIfNull(offer);
        return new DataAward
        {
            Contributor = offer.Contributor,
            Rank = columns.Rank[index],
            Cost = offer.Cost,
            Value = columns.Value[index],
            Density = columns.Value[index] > 0 ? offer.Cost / columns.Value[index] : double.PositiveInfinity,
            IsWinner = columns.Reason[index] == AwardReason.Won,
            Reason = columns.Reason[index],
            Payment = columns.Payment[index],
            CriticalCost = columns.CriticalCost[index],
            Share = columns.Share[index],
            Cash = columns.Cash[index],
            Deferred = columns.Payment[index] - columns.Cash[index],
            Tranche = tranche,
            Group = offer.Group,
            Hash = offer.Hash,
            Quality = offer.Quality,
            MarginalUtility = offer.MarginalUtility,
            Mechanism = columns.Report.Mechanism,
        };
    }

    private static AuctionReport Run(IReadOnlyList<DataOffer> offers, int[] members, AuctionOptions options, AuctionTranche tranche, DataAward[] awards)
    {
        var groups = new Dictionary<string, int>(StringComparer.Ordinal);
        int[] group = options.GroupLimit is null ? [] : Array.ConvertAll(members, i => Number(offers[i].Group));
        AuctionColumns columns = Clear(
            Array.ConvertAll(members, i => offers[i].Cost),
            Array.ConvertAll(members, i => offers[i].Quality),
            Array.ConvertAll(members, i => offers[i].MarginalUtility),
            group,
            members,
            options);
        for (int k = 0; k < members.Length; k++)
        {
            awards[members[k]] = Award(columns, k, offers[members[k]], tranche);
        }

        return columns.Report;

        int Number(string name)
        {
            if (name.Length == 0)
            {
                return -1;
            }

            if (!groups.TryGetValue(name, out int number))
            {
                groups[name] = number = groups.Count;
            }

            return number;
        }
    }

    /// <summary>Holds an auction on trusted numbers. <paramref name="members"/> tells the value of sets which offers they are.</summary>
    internal static AuctionColumns Clear(
        double[] costs, double[] quality, double[] utility, int[] groups, int[] members, AuctionOptions options)
    {
        double[] values = VirtualValue.Of(quality, utility, options);
        IDataAuction auction = DataAuctions.Find(options.Mechanism);
        MixedPayment? mixed = options.Liquidity is double liquidity ? new(liquidity, options.Pool, options.Corrected, costs, quality, utility, values) : null;
        var request = new AuctionRequest
        {
            Costs = mixed?.Reports ?? costs,
            Values = values,
            Budget = options.Budget,
            Groups = groups,
            GroupLimit = options.GroupLimit ?? int.MaxValue,
            Diversity = options.Diversity?.Invoke(members.Length == costs.Length ? members : [.. Enumerable.Range(0, costs.Length)], values),
            Random = options.Random,
            CancellationToken = options.CancellationToken,
        };
        var outcome = new AuctionOutcome(costs.Length);
        if (mixed is { IsPostedPrice: true })
        {
            mixed.AcceptPostedPrices(outcome);
        }
        else
        {
            auction.Run(request, outcome);
        }

        // Work of its own only where somebody needs them: without a pool they are the payments of the winners.
        double[]? critical = outcome.HasNoCriticalCosts ? NoCriticalCosts(costs.Length)
            : outcome.CriticalCosts is { } own ? AuctionColumns.Critical(outcome.Reasons, own)
            : mixed is null ? null : AuctionColumns.Critical(outcome.Reasons, outcome.Payments);
        double[] payments = outcome.Payments;
        double[] cash = outcome.Payments;
        double[]? shares = null;
        if (mixed is not null)
        {
            shares = mixed.Pay(outcome, critical!, out payments, out cash);
        }

        double total = CompensatedSum.Of(payments);
        (int winners, double value, double asked) = Totals(outcome.Reasons, values, costs);
        return new AuctionColumns
        {
            Costs = costs,
            Value = values,
            Reason = outcome.Reasons,
            Payment = payments,
            KnownCriticalCosts = critical,
            KnownShares = shares,
            Cash = cash,
            Report = new AuctionReport
            {
                Mechanism = options.Mechanism,
                Offers = costs.Length,
                Winners = winners,
                TotalPayment = total,
                TotalCost = asked,
                Budget = options.Budget,
                Pool = options.Pool,
                Overrun = Math.Max(0, total - options.Budget - options.Pool),
                Value = double.IsNaN(outcome.SetValue) ? value : outcome.SetValue,
                UnitPrice = mixed is null or { IsPlain: true } ? outcome.UnitPrice : double.NaN,
                IsTruthful = auction.IsTruthful && mixed is null or { IsTruthful: true },
            },
        };
    }

    // The winners, and the sums of their values and costs in the order of the offers.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static (int Winners, double Value, double Cost) Totals(AwardReason[] reasons, double[] values, double[] costs)
    {
        double value = 0;
        double cost = 0;
        int winners = 0;
        for (int i = 0; i < reasons.Length; i++)
        {
            int won = reasons[i] == AwardReason.Won ? 1 : 0;
            winners += won;
            value += BitConverter.Int64BitsToDouble(BitConverter.DoubleToInt64Bits(values[i]) & -(long)won);
            cost += BitConverter.Int64BitsToDouble(BitConverter.DoubleToInt64Bits(costs[i]) & -(long)won);
        }

        return (winners, value, cost);
    }

    private static double[] NoCriticalCosts(int count)
    {
        double[] none = new double[count];
        Array.Fill(none, double.NaN);
        return none;
    }
}
