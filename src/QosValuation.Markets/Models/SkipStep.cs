namespace QosValuation.Markets.Models;

/// <summary>Sellers by falling threshold; one that is not worth its price does not hide those after it (markets.md, section 7).</summary>
internal sealed class SkipStep : IGraphStep
{
    /// <inheritdoc/>
    public ModelGraphStep Name => ModelGraphStep.Skip;

    /// <inheritdoc/>
    public int[] Choose(BuyerView view, CancellationToken cancellationToken) => ThresholdOrder.Choose(view, goesOn: true);

    /// <inheritdoc/>
    public double CriticalPrice(BuyerView view, int[] chosen, int seller, CancellationToken cancellationToken) =>
        ThresholdOrder.CriticalPrice(view, seller, goesOn: true);
}
