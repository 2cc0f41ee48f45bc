namespace QosValuation.Markets.Models;

/// <summary>The largest cost at which the buyer would still have chosen the seller (Myerson 1981; markets.md, section 7).</summary>
internal sealed class CriticalPayment : IModelPayment
{
    /// <inheritdoc/>
    public ModelPayment Name => ModelPayment.Critical;

    /// <inheritdoc/>
    public bool IsTruthful => true;

    /// <inheritdoc/>
    public double Price(BuyerView view, IGraphStep step, int[] chosen, int seller, CancellationToken cancellationToken) =>
        step.CriticalPrice(view, chosen, seller, cancellationToken) - view.Penalties[seller];
}
