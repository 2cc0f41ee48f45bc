using QosValuation.Privacy.Accounting;

namespace QosValuation.Embeddings.Prototypes;

/// <summary>Accounts for released prototypes.</summary>
public static class PrototypeLoss
{
    /// <summary>Adds a prototype: its Sensitivity and Sigma are what counts, not the ε it was asked for. O(1).</summary>
    /// <param name="accumulator">The total.</param>
    /// <param name="prototype">A released prototype.</param>
    /// <exception cref="QosValuationException">As
    /// <see cref="PrivacyLossAccumulator.Add(double, double, PrivacyMechanism, Neighboring, int?, double, PrivacyUnit, bool)"/>.</exception>
    public static void Add(this PrivacyLossAccumulator accumulator, DpPrototype prototype)
    {
        ArgumentNullException.ThrowIfNull(accumulator);
        ArgumentNullException.ThrowIfNull(prototype);
        accumulator.Add(
            prototype.Sensitivity, prototype.Sigma, prototype.Mechanism, prototype.Neighboring, prototype.ClusterId, prototype.GridStep, prototype.Unit,
                prototype.IsSeeded);
    }
}
