namespace QosValuation.Markets.Auctions;

/// <summary>
/// Buying by ascending ψ with at most so many winners of a group: an offer whose group is full is passed over, and the first other one that
/// asks more than the cap ends the auction. Winning stays monotone in the own report, and a winner is paid its supremum. O(n) a winner.
/// </summary>
/// <param name="request">The offers.</param>
/// <param name="order">Their order.</param>
/// <param name="cap">The most that may be asked, of what is spent so far, the value so far, and the own value; it falls with both.</param>
internal ref struct GroupedGreedy(AuctionRequest request, DensityOrder order, Func<double, double, double, double> cap)
{
    private readonly AuctionRequest _request = request;
    private readonly DensityOrder _order = order;
    private readonly Func<double, double, double, double> _cap = cap;

    /// <summary>Decides winners and payments.</summary>
    /// <param name="outcome">Receives them.</param>
    public readonly void Run(AuctionOutcome outcome)
    {
        var state = new State(_request);
        bool hasStopped = false;
        var winners = new List<int>();
        foreach (int offer in _order.Offers)
        {
            double cost = _request.Costs[offer];
            if (hasStopped)
            {
                outcome.Reasons[offer] = cost > _request.Budget ? AwardReason.TooDear : AwardReason.Blocked;
            }
            else if (state.IsFull(_request, offer))
            {
                outcome.Reasons[offer] = AwardReason.GroupLimit;
            }
            else if (cost <= state.Cap(_request, _cap, offer))
            {
                state.Add(_request, offer);
                winners.Add(offer);
                outcome.Reasons[offer] = AwardReason.Won;
            }
            else
            {
                hasStopped = true;
                outcome.Reasons[offer] = cost > _request.Budget ? AwardReason.TooDear : AwardReason.Budget;
            }
        }

        foreach (int winner in winners)
        {
            outcome.Payments[winner] = Math.Max(_request.Costs[winner], Threshold(winner));
        }
    }

    // The run of the others does not depend on the report: it wins in front of any position that the run reaches with room in its group.
    private readonly double Threshold(int winner)
    {
        var state = new State(_request);
        double best = 0;
        double value = _request.Values[winner];
        for (int k = 0; k < _order.Count; k++)
        {
            int other = _order.Offers[k];
            if (other == winner)
            {
                continue;
            }

            best = Math.Max(best, Math.Min(state.Cap(_request, _cap, winner), value * _order.Densities[k]));
            if (state.IsFull(_request, other))
            {
                continue;
            }

            if (_request.Costs[other] > state.Cap(_request, _cap, other))
            {
                return best;
            }

            state.Add(_request, other);
            if (state.IsFull(_request, winner))
            {
                return best;
            }
        }

        return Math.Max(best, state.Cap(_request, _cap, winner));
    }

    private sealed class State
    {
        private readonly int[] _counts;
        private double _paid;
        private double _value;

        public State(in AuctionRequest request)
        {
            int most = -1;
            foreach (int group in request.Groups)
            {
                most = Math.Max(most, group);
            }

            _counts = new int[most + 1];
        }

        public bool IsFull(in AuctionRequest request, int offer) => request.Groups[offer] >= 0 && _counts[request.Groups[offer]] >= request.GroupLimit;

        public double Cap(in AuctionRequest request, Func<double, double, double, double> cap, int offer) => cap(_paid, _value, request.Values[offer]);

        public void Add(in AuctionRequest request, int offer)
        {
            _paid += request.Costs[offer];
            _value += request.Values[offer];
            if (request.Groups[offer] >= 0)
            {
                _counts[request.Groups[offer]]++;
            }
        }
    }
}
