namespace QosValuation.Markets.Models;

/// <summary>What the import adds to the gain of all imports, less the penalty of its distance (seed 003; incentive_utils.py of the authors' code).</summary>
internal sealed class MarginalPayment : IModelPayment
{
    /// <inheritdoc/>
    public ModelPayment Name => ModelPayment.Marginal;

    /// <inheritdoc/>
    public bool IsTruthful => false;

    /// <inheritdoc/>
    public double Price(BuyerView view, IGraphStep step, int[] chosen, int seller, CancellationToken cancellationToken)
    {
        double others = view.Own;
        foreach (int other in chosen)
        {
            others += other == seller ? 0 : view.Sizes[other];
        }

        return DataGain.Of(view.Scale, others, view.Sizes[seller]) - view.Penalties[seller];
    }
}
