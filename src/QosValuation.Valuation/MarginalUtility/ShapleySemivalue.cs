namespace QosValuation.Valuation.MarginalUtility;

/// <summary>Shapley's coefficients: all sizes alike.</summary>
internal sealed class ShapleySemivalue : ISemivalue
{
    /// <inheritdoc/>
    public double[] SizeProbabilities(int players)
    {
        double[] parts = new double[players];
        Array.Fill(parts, 1.0 / players);
        return parts;
    }
}
