namespace QosValuation.Markets.Auctions;

/// <summary>
/// <see cref="ConstantRatioAuction"/> with the payments of proportional share, as the rule is often written. A winner that would flip the branch
/// with a higher report is paid more than it could have asked, so it is not truthful.
/// </summary>
internal sealed class NaiveConstantRatioAuction : IDataAuction
{
    /// <inheritdoc/>
    public AuctionMechanism Name => AuctionMechanism.NaiveConstantRatio;

    /// <inheritdoc/>
    public bool IsTruthful => false;

    /// <inheritdoc/>
    public bool KeepsBudget => true;

    /// <inheritdoc/>
    public void Run(in AuctionRequest request, AuctionOutcome outcome) => ConstantRatioAuction.Run(request, outcome, isNaive: true);
}
