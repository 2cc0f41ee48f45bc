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
    // Below this one thread is faster.
    private const int FewWinners = 1 << 16;

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
        var order = new DensityOrder(request.Costs, request.Values);
        outcome.Order = order.Offers;
        if (!request.Groups.IsEmpty)
        {
            double budget = request.Budget;
            new GroupedGreedy(request, order, (paid, _, _) => budget - paid).Run(outcome);
            return;
        }

        double[] costs = order.Gather(request.Costs);
        double[] values = order.Gather(request.Values);
        double[] sums = DensityOrder.RunningSums(costs);
        int winners = 0;
        while (winners < order.Count && sums[winners + 1] <= request.Budget)
        {
            winners++;
        }

        for (int k = winners; k < order.Count; k++)
        {
            int offer = order.Offers[k];
            outcome.Reasons[offer] = request.Costs[offer] > request.Budget ? AwardReason.TooDear : k == winners ? AwardReason.Budget : AwardReason.Blocked;
        }

        var thresholds = new Thresholds(order, costs, values, sums, winners, request.Budget, outcome);
        if (winners < FewWinners)
        {
            thresholds.Pay(0, winners);
            return;
        }

        int parts = 4 * Environment.ProcessorCount;
        Parallel.For(0, parts, part => thresholds.Pay((int)((long)winners * part / parts), (int)((long)winners * (part + 1) / parts)));
    }

    private sealed class Thresholds(
        DensityOrder order, double[] costs, double[] values, double[] sums, int winners, double budget, AuctionOutcome outcome)
    {
        public void Pay(int start, int end)
        {
            int[] offers = order.Offers;
            double[] densities = order.Densities;
            double[] payments = outcome.Payments;
            AwardReason[] reasons = outcome.Reasons;
            for (int k = start; k < end; k++)
            {
                payments[offers[k]] = Threshold(k, densities);
                reasons[offers[k]] = AwardReason.Won;
            }
        }

        private double Threshold(int position, double[] densities)
        {
            double cost = costs[position];
            double value = values[position];
            int first = position + 1;

            // The first m ≥ first where the money left is at most what the next density allows; true at the end, where there is no next.
            bool Crossed(int m) => m >= densities.Length || budget - (sums[m] - cost) <= value * densities[m];
            int low;
            int high = winners;
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

                high = Math.Min(high, densities.Length);
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

            double best = budget - (sums[high] - cost);
            if (high > first)
            {
                best = Math.Max(best, value * densities[high - 1]);
            }

            return Math.Max(best, cost);
        }
    }
}
