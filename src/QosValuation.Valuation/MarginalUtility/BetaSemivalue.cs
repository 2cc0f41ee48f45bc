namespace QosValuation.Valuation.MarginalUtility;

/// <summary>
/// The coefficients of Beta Shapley (Kwon and Zou, AISTATS 2022): a coalition of s others weighs B(s + β, n − s − 1 + α)/B(α, β), so that the
/// size has a beta-binomial distribution. (1, 1) is Shapley's; a large α favours small coalitions.
/// </summary>
internal sealed class BetaSemivalue(double alpha, double beta) : ISemivalue
{
    /// <inheritdoc/>
    public double[] SizeProbabilities(int players)
    {
        // Ratios of neighbours, in logarithms: nothing overflows.
        double[] parts = new double[players];
        for (int s = 0; s < players - 1; s++)
        {
            parts[s + 1] = parts[s] + Math.Log((players - 1.0 - s) / (s + 1) * (s + beta) / (players - 2.0 - s + alpha));
        }

        return FromLogarithms(parts);
    }

    /// <summary>Normalises weights that are given by their logarithms.</summary>
    internal static double[] FromLogarithms(double[] logarithms)
    {
        double most = logarithms.Max();
        double[] weights = Array.ConvertAll(logarithms, x => Math.Exp(x - most));
        double sum = weights.Sum();
        return Array.ConvertAll(weights, x => x / sum);
    }
}
