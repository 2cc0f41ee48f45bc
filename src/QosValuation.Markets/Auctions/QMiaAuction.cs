using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

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
            new Thresholds(cheapest.Offers, cheapest.Count, cheapest.Costs, cheapest.Sums, cheapest.Ratios, request.Budget, outcome).Settle(request);
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
        double[] ratios = new double[request.Costs.Length];
        for (int k = 0; k < order.Count; k++)
        {
            ratios[order.Offers[k]] = order.Densities[k];
        }

        new Thresholds(order.Offers, order.Count, costs, DensityOrder.RunningSums(costs), ratios, request.Budget, outcome).Settle(request);
    }

    // The first offers in order, as far as any winner's threshold looks: their indices, costs and sums, and ψ of all offers as they came.
    private sealed unsafe class Thresholds(
        int[] offers, int count, double[] costs, double[] sums, double[] ratios, double budget, AuctionOutcome outcome)
    {
        // Nearly all thresholds cross within so many places, most of them at the last: one behind the budget's end.
        private const int Window = 16;
        private readonly double[] _sums = new double[Window];
        private readonly double[] _densities = new double[Window];
        private int _winners;

        public void Settle(in AuctionRequest request)
        {
            while (_winners < count && sums[_winners + 1] <= budget)
            {
                _winners++;
            }

            // Offers below this ψ have places before the window's: they are paid as they come, with no way through the order.
            double below = -1;
            int first = 0;
            int near = Math.Min(_winners + 1, count - 1) - Window + 1;
            if (near > 0 && _winners < count)
            {
                sums.AsSpan(near, Window).CopyTo(_sums);
                for (int lane = 0; lane < Window; lane++)
                {
                    _densities[lane] = Density(near + lane);
                }

                below = Density(near - 1);
                for (first = near - 1; first > 0 && Density(first - 1) >= below; first--)
                {
                }
            }

            fixed (double* cost = request.Costs)
            fixed (double* value = request.Values)
            {
                double* c = cost;
                double* v = value;
                int n = request.Costs.Length;
                int parts = n < ManyOffers ? 1 : Environment.ProcessorCount;
                if (parts == 1)
                {
                    Settle(0, n, c, v, below);
                }
                else
                {
                    Parallel.For(0, parts, part => Settle((int)((long)n * part / parts), (int)((long)n * (part + 1) / parts), c, v, below));
                }
            }

            for (int k = first; k < _winners; k++)
            {
                int offer = offers[k];
                outcome.Payments[offer] = Payment(k, Crossing(k + 1, costs[k], request.Values[offer]), costs[k], request.Values[offer]);
                outcome.Reasons[offer] = AwardReason.Won;
            }

            if (_winners < count && costs[_winners] <= budget)
            {
                outcome.Reasons[offers[_winners]] = AwardReason.Budget;
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private void Settle(int start, int end, double* cost, double* value, double below)
        {
            double[] payments = outcome.Payments;
            AwardReason[] reasons = outcome.Reasons;
            if (Avx512F.IsSupported)
            {
                int whole = end - ((end - start) % Vector512<double>.Count);
                fixed (double* payment = payments, ratio = ratios)
                fixed (AwardReason* reason = reasons)
                {
                    Settle(start, whole, cost, value, below, payment, ratio, (int*)reason);
                }

                start = whole;
            }

            for (int i = start; i < end; i++)
            {
                double c = cost[i];
                double v = value[i];
                if (!(v > 0))
                {
                    continue;
                }

                if (!(ratios[i] < below))
                {
                    reasons[i] = c > budget ? AwardReason.TooDear : AwardReason.Blocked;
                    continue;
                }

                reasons[i] = AwardReason.Won;

                // From the crossing on all places are crossed.
                int crossed = BitOperations.PopCount(Crossed(0, c, v) | (Crossed(Vector512<double>.Count, c, v) << Vector512<double>.Count));
                payments[i] = crossed is > 0 and < Window
                    ? Math.Max(Math.Max(budget - (_sums[Window - crossed] - c), v * Before(crossed)), c)
                    : Threshold(i, c, v);
            }
        }

        // The same for eight offers at a time: nearly half of them win, in no order that a branch could foresee.
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private void Settle(int start, int end, double* cost, double* value, double below, double* payments, double* ratio, int* reasons)
        {
            Vector512<double> firstSums = Vector512.Create<double>(_sums), lastSums = Vector512.Create<double>(_sums.AsSpan(Vector512<double>.Count));
            Vector512<double> first = Vector512.Create<double>(_densities), last = Vector512.Create<double>(_densities.AsSpan(Vector512<double>.Count));
            var all = Vector512.Create(budget);
            for (int i = start; i < end; i += Vector512<double>.Count)
            {
                Vector512<double> c = Vector512.Load(cost + i);
                Vector512<double> v = Vector512.Load(value + i);
                Vector512<double> takesPart = Vector512.GreaterThan(v, Vector512<double>.Zero);
                Vector512<double> wins = takesPart & Vector512.LessThan(Vector512.Load(ratio + i), Vector512.Create(below));
                Vector512<long> loses = Vector512.ConditionalSelect(
                    takesPart.AsInt64(),
                    Vector512.ConditionalSelect(
                        Vector512.GreaterThan(c, all).AsInt64(), Vector512.Create((long)AwardReason.TooDear), Vector512.Create((long)AwardReason.Blocked)),
                    Vector512.Create((long)AwardReason.ZeroValue));
                Vector512<long> reason = Vector512.ConditionalSelect(wins.AsInt64(), Vector512.Create((long)AwardReason.Won), loses);
                Vector512.Narrow(reason, reason).GetLower().Store(reasons + i);

                // How many places of the window come before the crossing, by halves.
                Vector512<long> before = Vector512<long>.Zero;
                for (int step = Window / 2; step > 0; step /= 2)
                {
                    before += Vector512.Create((long)step) & ~Crossed(before + Vector512.Create(step - 1L));
                }

                before -= ~Crossed(before);
                Vector512<double> sum = Avx512F.PermuteVar8x64x2(firstSums, before, lastSums);
                Vector512<double> density = Avx512F.PermuteVar8x64x2(first, before - Vector512<long>.One, last);
                Vector512<double> payment = Vector512.Max(Vector512.Max(all - (sum - c), v * density), c);
                Vector512.ConditionalSelect(wins, payment, Vector512<double>.Zero).Store(payments + i);
                Vector512<long> outside = Vector512.Equals(before, Vector512<long>.Zero) | Vector512.Equals(before, Vector512.Create((long)Window));
                ulong left = (outside & wins.AsInt64()).ExtractMostSignificantBits();
                for (; left != 0; left &= left - 1)
                {
                    int offer = i + BitOperations.TrailingZeroCount(left);
                    payments[offer] = Threshold(offer, cost[offer], value[offer]);
                }

                // All bits of the lanes in which a place is crossed.
                [MethodImpl(MethodImplOptions.AggressiveInlining)]
                Vector512<long> Crossed(Vector512<long> place) => Vector512.LessThanOrEqual(
                    all - (Avx512F.PermuteVar8x64x2(firstSums, place, lastSums) - c), Avx512F.PermuteVar8x64x2(first, place, last) * v).AsInt64();
            }
        }

        private double Before(int crossed) => _densities[Window - crossed - 1];

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private uint Crossed(int lane, double cost, double value)
        {
            Vector512<double> left = Vector512.Create(budget) - (Vector512.LoadUnsafe(ref _sums[0], (nuint)lane) - Vector512.Create(cost));
            return (uint)Vector512.LessThanOrEqual(left, Vector512.LoadUnsafe(ref _densities[0], (nuint)lane) * value).ExtractMostSignificantBits();
        }

        private double Density(int position) => ratios[offers[position]];

        // An offer's place in the order.
        private int Place(int offer)
        {
            int low = 0;
            int high = count;
            while (low < high)
            {
                int middle = (low + high) >> 1;
                double density = Density(middle);
                if (density < ratios[offer] || (density == ratios[offer] && offers[middle] < offer))
                {
                    low = middle + 1;
                }
                else
                {
                    high = middle;
                }
            }

            return low;
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private double Threshold(int offer, double cost, double value)
        {
            // The place matters only where the crossing comes before it, which ψ tells nearly always.
            int crossing = Crossing(1, cost, value);
            if (Density(crossing - 1) > ratios[offer])
            {
                return Payment(0, crossing, cost, value);
            }

            int position = Place(offer);
            return Payment(position, Crossing(position + 1, cost, value), cost, value);
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private int Crossing(int first, double cost, double value)
        {
            // The first m ≥ first where the money left is at most what the next density allows; true at the end, where there is no next.
            bool Crossed(int m) => m >= count || budget - (sums[m] - cost) <= value * Density(m);
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

            return high;
        }

        // The larger of the two terms at the crossing and before it.
        private double Payment(int position, int crossing, double cost, double value)
        {
            double best = budget - (sums[crossing] - cost);
            if (crossing > position + 1)
            {
                best = Math.Max(best, value * Density(crossing - 1));
            }

            return Math.Max(best, cost);
        }
    }
}
