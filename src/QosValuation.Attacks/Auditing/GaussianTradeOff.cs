using QosValuation.Foundation.Numerics;

namespace QosValuation.Attacks.Auditing;

/// <summary>
/// What the best attacker reaches against Gaussian noise: datasets whose releases lie μ standard deviations apart are told apart
/// with a true-positive rate of at most Φ(Φ⁻¹(α) + μ) at the false-positive rate α (Dong, Roth and Su 2022, section 2.3).
/// </summary>
/// <remarks>
/// For several pairs of datasets with a μ each, attacked with one threshold on the log-likelihood ratio, which is N(±μ²/2, μ²).
/// One μ given once is the plain case.
/// </remarks>
internal static class GaussianTradeOff
{
    /// <summary>The area under the best ROC curve. O(n²).</summary>
    /// <param name="mus">The distances μ ≥ 0 of the pairs, at least one.</param>
    /// <returns>The mean of Φ(√(μᵢ² + μⱼ²)/2) over all i and j: Φ(μ/√2) for one μ.</returns>
    public static double Auc(ReadOnlySpan<double> mus)
    {
        double sum = 0;
        for (int i = 0; i < mus.Length; i++)
        {
            for (int j = 0; j < i; j++)
            {
                sum += 2 * Cumulative(Math.Sqrt(mus[i] * mus[i] + mus[j] * mus[j]) / 2);
            }

            sum += Cumulative(mus[i] * Math.Sqrt(0.5));
        }

        return sum / ((double)mus.Length * mus.Length);
    }

    /// <summary>The largest difference of true- and false-positive rate: the mean of 2Φ(μ/2) − 1. O(n).</summary>
    /// <param name="mus">The distances μ ≥ 0 of the pairs, at least one.</param>
    /// <returns>A number in [0, 1].</returns>
    public static double Advantage(ReadOnlySpan<double> mus)
    {
        double sum = 0;
        foreach (double mu in mus)
        {
            sum += 2 * Cumulative(mu / 2) - 1;
        }

        return sum / mus.Length;
    }

    /// <summary>The largest true-positive rate at a false-positive rate. O(n).</summary>
    /// <param name="mus">The distances μ ≥ 0 of the pairs, at least one.</param>
    /// <param name="falsePositiveRate">α in (0, 1).</param>
    /// <returns>Φ(Φ⁻¹(α) + μ) for one μ.</returns>
    public static double TruePositiveRate(ReadOnlySpan<double> mus, double falsePositiveRate)
    {
        double low = -1;
        double high = 1;
        while (Exceeding(mus, low, -1) <= falsePositiveRate && low > -1e9)
        {
            low *= 2;
        }

        while (Exceeding(mus, high, -1) > falsePositiveRate && high < 1e9)
        {
            high *= 2;
        }

        for (int i = 0; i < 200 && high - low > 1e-13 * Math.Max(1, Math.Abs(high)); i++)
        {
            double middle = low + (high - low) / 2;
            if (Exceeding(mus, middle, -1) > falsePositiveRate)
            {
                low = middle;
            }
            else
            {
                high = middle;
            }
        }

        // Pairs that do not differ sit on one point: what is left of α is filled at random, at the slope e^t of the curve.
        double rest = falsePositiveRate - Exceeding(mus, high, -1);
        return Math.Min(1, Exceeding(mus, high, 1) + (rest > 1e-12 ? Math.Exp(Math.Min(high, 700)) * rest : 0));
    }

    // The part of the log-likelihood ratios above a threshold: of N(μ²/2, μ²) for side 1, of N(−μ²/2, μ²) for side −1.
    private static double Exceeding(ReadOnlySpan<double> mus, double threshold, int side)
    {
        double sum = 0;
        foreach (double mu in mus)
        {
            sum += mu == 0 ? (threshold < 0 ? 1 : 0)
                : double.IsPositiveInfinity(mu) ? (side > 0 ? 1 : 0)
                : Cumulative(side * mu / 2 - threshold / mu);
        }

        return sum / mus.Length;
    }

    private static double Cumulative(double x) => Math.Exp(NormalTail.LogCdf(x));
}
