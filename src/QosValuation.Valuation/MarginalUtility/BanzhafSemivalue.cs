namespace QosValuation.Valuation.MarginalUtility;

/// <summary>Banzhaf's coefficients: all coalitions alike, 2^−(n − 1) each, so that the size has a binomial distribution.</summary>
internal sealed class BanzhafSemivalue : ISemivalue
{
    /// <inheritdoc/>
    public double[] SizeProbabilities(int players)
    {
        double[] parts = new double[players];
        for (int s = 0; s < players - 1; s++)
        {
            parts[s + 1] = parts[s] + Math.Log((players - 1.0 - s) / (s + 1));
        }

        return BetaSemivalue.FromLogarithms(parts);
    }
}
