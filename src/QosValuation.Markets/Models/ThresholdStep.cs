namespace QosValuation.Markets.Models;

/// <summary>Sellers by falling threshold, until the first that is not worth its price (seed 003; ipfl_utils.py of the authors' code).</summary>
internal sealed class ThresholdStep : IGraphStep
{
    /// <inheritdoc/>
    public ModelGraphStep Name => ModelGraphStep.Threshold;

    /// <inheritdoc/>
    public int[] Choose(BuyerView view, CancellationToken cancellationToken) => ThresholdOrder.Choose(view, goesOn: false);

    /// <inheritdoc/>
    public double CriticalPrice(BuyerView view, int[] chosen, int seller, CancellationToken cancellationToken) =>
        ThresholdOrder.CriticalPrice(view, seller, goesOn: false);
}
