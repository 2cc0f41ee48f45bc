using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace QosValuation.Markets.Auctions;

/// <summary>
/// Q-MIA (seed 002, Algorithm 1): the longest prefix by ascending ψ = c/v whose reports fit the budget wins, and the auction stops at the first
/// that does not fit. A winner is paid the supremum of its winning reports; the paper's infimum is 0 for everyone. O(n log n) for all payments.
/// </summary>
/// <remarks>
/// With C_m the sum of the first m reports and ψ_(m) the m-th density, the winner at position r is paid
/// max over m ≥ r of min(B + c − C_m, v·ψ_(m+1)): the first term falls, the second rises in m, so the crossing is found by a search that
/// starts where the budget ends and doubles its step.
/// </remarks>
internal sealed class QMiaAuction : IDataAuction
{
    // From this on the offers that no budget reaches are left unsorted, and all cores work.
    private const int ManyOffers = 1 << 15;

    /// <inheritdoc/>
    public AuctionMechanism Name => AuctionMechanism.QMia;

    /// <inheritdoc/>
    public bool IsTruthful => true;

    /// <inheritdoc/>
    public bool KeepsBudget => false;

    /// <inheritdoc/>
    public bool SupportsGroups => true;

    /// <inheritdoc/>
    public void Run(in AuctionRequest request, AuctionOutcome outcome)
    {
        if (request.Groups.IsEmpty && request.Costs.Length >= ManyOffers)
        {
            using var cheapest = CheapestOffers.Sort(request.Costs, request.Values, request.Budget);
            new Thresholds(cheapest.Offers, cheapest.Count, cheapest.Costs, cheapest.Values, cheapest.Densities, cheapest.Sums, request.Budget, outcome)
                .Settle(request, Environment.ProcessorCount);
            return;
        }

        var order = new DensityOrder(request.Costs, request.Values);
        outcome.Order = order.Offers;
        if (!request.Groups.IsEmpty)
        {
            double budget = request.Budget;
            new GroupedGreedy(request, order, (paid, _, _) => budget - paid).Run(outcome);
            return;
        }

        double[] costs = order.Gather(request.Costs);
        new Thresholds(
            order.Offers, order.Count, costs, order.Gather(request.Values), order.Densities, DensityOrder.RunningSums(costs), request.Budget, outcome)
            .Settle(request, 1);
    }

    // The first offers in order, as far as any winner's threshold looks.
    private sealed class Thresholds(
        int[] offers, int count, double[] costs, double[] values, double[] densities, double[] sums, double budget, AuctionOutcome outcome)
    {
        // Most thresholds cross within so many places before the budget's end.
        private const int Window = 16;
        private int _winners;

        public void Settle(in AuctionRequest request, int parts)
        {
            while (_winners < count && sums[_winners + 1] <= budget)
            {
                _winners++;
            }

            for (int i = 0; i < request.Costs.Length; i++)
            {
                AwardReason lost = request.Costs[i] > budget ? AwardReason.TooDear : AwardReason.Blocked;
                outcome.Reasons[i] = request.Values[i] > 0 ? lost : AwardReason.ZeroValue;
            }

            if (_winners < count && costs[_winners] <= budget)
            {
                outcome.Reasons[offers[_winners]] = AwardReason.Budget;
            }

            if (parts == 1)
            {
                Pay(0, _winners);
                return;
            }

            Parallel.For(0, parts, part => Pay((int)((long)_winners * part / parts), (int)((long)_winners * (part + 1) / parts)));
        }

        private void Pay(int start, int end)
        {
            double[] payments = outcome.Payments;
            AwardReason[] reasons = outcome.Reasons;
            int near = _winners - Window + 1;
            bool hasWindow = near > 0 && _winners < count;
            for (int k = start; k < end; k++)
            {
                int offer = offers[k];
                int crossing = hasWindow && k + 1 < near ? Within(near, costs[k], values[k]) : 0;
                payments[offer] = crossing > 0 ? Payment(k, crossing) : Threshold(k);
                reasons[offer] = AwardReason.Won;
            }
        }

        // The crossing, where it lies in the window behind its first place; else 0. From it on all places are crossed.
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private int Within(int near, double cost, double value)
        {
            int crossed = BitOperations.PopCount(Crossed(near, cost, value) | (Crossed(near + Vector512<double>.Count, cost, value) << Vector512<double>.Count));
            return crossed is > 0 and < Window ? near + Window - crossed : 0;
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private uint Crossed(int first, double cost, double value)
        {
            Vector512<double> left = Vector512.Create(budget) - (Vector512.LoadUnsafe(ref sums[0], (nuint)first) - Vector512.Create(cost));
            return (uint)Vector512.LessThanOrEqual(left, Vector512.LoadUnsafe(ref densities[0], (nuint)first) * value).ExtractMostSignificantBits();
        }

        private double Threshold(int position)
        {
            double cost = costs[position];
            double value = values[position];
            int first = position + 1;

            // The first m ≥ first where the money left is at most what the next density allows; true at the end, where there is no next.
            bool Crossed(int m) => m >= count || budget - (sums[m] - cost) <= value * densities[m];
            int low;
            int high = _winners;
            int step = 1;
            if (Crossed(high))
            {
                low = high - 1;
                while (low >= first && Crossed(low))
                {
                    high = low;
                    low -= step;
                    step *= 2;
                }

                low = Math.Max(low, first - 1);
            }
            else
            {
                low = high;
                high++;
                while (!Crossed(high))
                {
                    low = high;
                    high += step;
                    step *= 2;
                }

                high = Math.Min(high, count);
            }

            while (high - low > 1)
            {
                int middle = low + ((high - low) / 2);
                if (Crossed(middle))
                {
                    high = middle;
                }
                else
                {
                    low = middle;
                }
            }

            return Payment(position, high);
        }

        // The larger of the two at the crossing and before it.
        private double Payment(int position, int crossing)
        {
            double cost = costs[position];
            double best = budget - (sums[crossing] - cost);
            if (crossing > position + 1)
            {
                best = Math.Max(best, values[position] * densities[crossing - 1]);
            }

            return Math.Max(best, cost);
        }
    }
}
