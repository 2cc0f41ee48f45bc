namespace QosValuation.Valuation.MarginalUtility;

/// <summary>
/// The coefficients of a semivalue: a player's value is Σ_s p(s) · (mean marginal utility over the coalitions of s others), with p a
/// distribution over s = 0 … n − 1. A new one is a file of its own.
/// </summary>
internal interface ISemivalue
{
    /// <summary>The distribution of the coalition's size. O(n).</summary>
    /// <param name="players">n, at least 1.</param>
    /// <returns>p(0) … p(n − 1), which add up to 1.</returns>
    double[] SizeProbabilities(int players);
}
