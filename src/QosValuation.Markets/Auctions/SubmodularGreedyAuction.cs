namespace QosValuation.Markets.Auctions;

/// <summary>
/// The greedy auction for a monotone submodular value (Chen, Gravin and Lu, SODA 2011): by V(i|S)/c, accept while c ≤ (B/2)·V(i|S)/V(S + i). The
/// half keeps the payments within the budget. O(n²) questions of value for the winners and as many again for each payment.
/// </summary>
/// <remarks>
/// A winner is paid the supremum of its winning reports: over the run of the others to their first failure, k_1, k_2, …,
/// max over j of min(c(k_j)·V(i|S_(j−1))/V(k_j|S_(j−1)), (B/2)·V(i|S_(j−1))/V(S_(j−1) + i)).
/// </remarks>
internal sealed class SubmodularGreedyAuction : IDataAuction
{
    /// <inheritdoc/>
    public AuctionMechanism Name => AuctionMechanism.SubmodularGreedy;

    /// <inheritdoc/>
    public bool IsTruthful => true;

    /// <inheritdoc/>
    public bool KeepsBudget => true;

    /// <inheritdoc/>
    public bool UsesDiversity => true;

    /// <inheritdoc/>
    public void Run(in AuctionRequest request, AuctionOutcome outcome)
    {
        SetValue value = request.Diversity ?? new AdditiveValue(request.Values.ToArray());
        double half = request.Budget / 2;
        var all = new List<int>();
        for (int i = 0; i < request.Costs.Length; i++)
        {
            if (request.Values[i] > 0)
            {
                all.Add(i);
                outcome.Reasons[i] = request.Costs[i] > half ? AwardReason.TooDear : AwardReason.Blocked;
            }
        }

        GrowingSet set = value.Start();
        var winners = new List<int>();
        var open = new CheapestFirst(request.Costs, set, all);
        while (open.Take(request.Costs, out double gain) is int offer and >= 0)
        {
            if (!(request.Costs[offer] <= half * gain / (set.Value + gain)))
            {
                outcome.Reasons[offer] = request.Costs[offer] > half ? AwardReason.TooDear : AwardReason.Budget;
                break;
            }

            set.Add(offer);
            winners.Add(offer);
        }

        outcome.SetValue = set.Value;
        foreach (int winner in winners)
        {
            outcome.Reasons[winner] = AwardReason.Won;
            outcome.Payments[winner] = Math.Max(request.Costs[winner], Threshold(request, value, all, winner, half));
        }
    }

    private static double Threshold(in AuctionRequest request, SetValue value, List<int> all, int winner, double half)
    {
        GrowingSet set = value.Start();
        var open = new CheapestFirst(request.Costs, set, all.Where(offer => offer != winner));
        double best = 0;
        while (true)
        {
            request.CancellationToken.ThrowIfCancellationRequested();
            double own = set.Gain(winner);
            double share = own > 0 ? half * own / (set.Value + own) : 0;
            int other = open.Take(request.Costs, out double gain);
            if (other < 0)
            {
                return Math.Max(best, share);
            }

            best = Math.Max(best, Math.Min(request.Costs[other] * own / gain, share));
            if (!(request.Costs[other] <= half * gain / (set.Value + gain)))
            {
                return best;
            }

            set.Add(other);
        }
    }

    /// <summary>
    /// Hands out offers by ascending cost per marginal value, the earlier where equal. Marginal values only fall, so an offer whose last known
    /// density is not the least need not be asked again.
    /// </summary>
    private sealed class CheapestFirst
    {
        private readonly GrowingSet _set;
        private readonly PriorityQueue<int, (double Density, int Offer)> _queue = new();

        public CheapestFirst(ReadOnlySpan<double> costs, GrowingSet set, IEnumerable<int> offers)
        {
            _set = set;
            foreach (int offer in offers)
            {
                double gain = set.Gain(offer);
                if (gain > 0)
                {
                    _queue.Enqueue(offer, (costs[offer] / gain, offer));
                }
            }
        }

        /// <summary>The next offer, and what it adds; −1 where none adds anything.</summary>
        public int Take(ReadOnlySpan<double> costs, out double gain)
        {
            while (_queue.TryDequeue(out int offer, out (double Density, int Offer) known))
            {
                gain = _set.Gain(offer);
                (double Density, int Offer) now = (costs[offer] / gain, offer);
                if (gain > 0 && (now.Density <= known.Density || !_queue.TryPeek(out _, out (double Density, int Offer) next) || now.CompareTo(next) <= 0))
                {
                    return offer;
                }

                if (gain > 0)
                {
                    _queue.Enqueue(offer, now);
                }
            }

            gain = 0;
            return -1;
        }
    }
}
