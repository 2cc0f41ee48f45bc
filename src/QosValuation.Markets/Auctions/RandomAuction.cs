namespace QosValuation.Markets.Auctions;

/// <summary>The baseline: eligible offers in random order until the first that no longer fits the budget, paid what they ask. Not truthful. O(n).</summary>
internal sealed class RandomAuction : IDataAuction
{
    /// <inheritdoc/>
    public AuctionMechanism Name => AuctionMechanism.Random;

    /// <inheritdoc/>
    public bool IsTruthful => false;

    /// <inheritdoc/>
    public bool KeepsBudget => true;

    /// <inheritdoc/>
    public bool SupportsGroups => true;

    /// <inheritdoc/>
    public bool Draws => true;

    /// <inheritdoc/>
    public void Run(in AuctionRequest request, AuctionOutcome outcome)
    {
        if (request.Random is null)
        {
            throw new QosValuationException(Faults.RandomSourceMissing, "The mechanism Random needs a source of randomness.", Name);
        }

        var order = new DensityOrder(request.Costs, request.Values);
        outcome.Order = order.Offers;
        outcome.HasNoCriticalCosts = true;
        int[] drawn = [.. order.Offers];

        // The draw must not depend on the reports.
        Array.Sort(drawn);
        request.Random.Shuffle<int>(drawn);
        double spent = 0;
        bool hasStopped = false;
        var counts = new Dictionary<int, int>();
        foreach (int offer in drawn)
        {
            int group = request.Groups.IsEmpty ? -1 : request.Groups[offer];
            int members = group < 0 ? 0 : counts.GetValueOrDefault(group);
            double cost = request.Costs[offer];
            if (hasStopped)
            {
                outcome.Reasons[offer] = cost > request.Budget ? AwardReason.TooDear : AwardReason.Blocked;
            }
            else if (group >= 0 && members >= request.GroupLimit)
            {
                outcome.Reasons[offer] = AwardReason.GroupLimit;
            }
            else if (spent + cost > request.Budget)
            {
                hasStopped = true;
                outcome.Reasons[offer] = cost > request.Budget ? AwardReason.TooDear : AwardReason.Budget;
            }
            else
            {
                spent += cost;
                counts[group] = members + 1;
                outcome.Reasons[offer] = AwardReason.Won;
                outcome.Payments[offer] = cost;
            }
        }
    }
}
