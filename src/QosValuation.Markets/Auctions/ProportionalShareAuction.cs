namespace QosValuation.Markets.Auctions;

/// <summary>
/// Proportional share (Singer, FOCS 2010; Chen, Gravin and Lu, SODA 2011): by ascending ψ, an offer with c ≤ B wins while c ≤ B·v/V(S + i).
/// The payments are one price π = min(B/V(S), ψ of the next) per unit of value, so Σp = π·V(S) ≤ B. O(n log n).
/// </summary>
internal sealed class ProportionalShareAuction : IDataAuction
{
    /// <inheritdoc/>
    public AuctionMechanism Name => AuctionMechanism.ProportionalShare;

    /// <inheritdoc/>
    public bool IsTruthful => true;

    /// <inheritdoc/>
    public bool KeepsBudget => true;

    /// <inheritdoc/>
    public bool SupportsGroups => true;

    /// <inheritdoc/>
    public void Run(in AuctionRequest request, AuctionOutcome outcome)
    {
        var order = new DensityOrder(request.Costs, request.Values, request.Budget);
        if (request.Groups.IsEmpty)
        {
            Run(request, order, outcome);
            return;
        }

        MarkTooDear(request, outcome);
        outcome.Order = order.Offers;
        double budget = request.Budget;
        new GroupedGreedy(request, order, (_, value, own) => budget * own / (value + own)).Run(outcome);
    }

    /// <summary>Runs the auction among offers that are sorted already.</summary>
    /// <param name="request">The offers.</param>
    /// <param name="order">Those of them that ask at most the budget.</param>
    /// <param name="outcome">Receives the outcome.</param>
    /// <returns>The number of winners: the first so many of the order.</returns>
    internal static int Run(in AuctionRequest request, DensityOrder order, AuctionOutcome outcome)
    {
        MarkTooDear(request, outcome);
        outcome.Order = order.Offers;
        int winners = 0;
        double total = 0;
        while (winners < order.Count)
        {
            int offer = order.Offers[winners];
            double next = total + request.Values[offer];
            if (!(request.Costs[offer] <= request.Budget * request.Values[offer] / next))
            {
                break;
            }

            total = next;
            winners++;
        }

        double price = winners == 0 ? double.NaN : Math.Min(request.Budget / total, order.Next(winners));
        outcome.UnitPrice = price;
        for (int k = 0; k < order.Count; k++)
        {
            int offer = order.Offers[k];
            if (k < winners)
            {
                outcome.Reasons[offer] = AwardReason.Won;
                outcome.Payments[offer] = Math.Max(Math.Min(price * request.Values[offer], request.Budget), request.Costs[offer]);
            }
            else
            {
                outcome.Reasons[offer] = k == winners ? AwardReason.Budget : AwardReason.TooDear;
            }
        }

        return winners;
    }

    /// <summary>Names the eligible offers that ask more than the whole budget.</summary>
    /// <param name="request">The offers.</param>
    /// <param name="outcome">Receives the reasons.</param>
    internal static void MarkTooDear(in AuctionRequest request, AuctionOutcome outcome)
    {
        for (int i = 0; i < request.Costs.Length; i++)
        {
            if (request.Values[i] > 0 && request.Costs[i] > request.Budget)
            {
                outcome.Reasons[i] = AwardReason.TooDear;
            }
        }
    }
}
