using QosValuation.Foundation.Numerics;

namespace QosValuation.Privacy.Accounting;

/// <summary>
/// The Rényi divergence of Gaussian noise on a Poisson sample, for whole orders (Mironov, Talwar and Zhang 2019, Section 3.3):
/// A(α) = Σₖ C(α, k)·(1 − q)^(α−k)·q^k·e^(k(k−1)μ²/2) and ε(α) = ln A(α)/(α − 1), for a unit added or removed.
/// </summary>
/// <remarks>
/// The same holds for whatever is μ-Gaussian-private, such as the discrete Gaussian and compositions: by Blackwell's theorem it
/// can be simulated from Gaussian noise, and so can its mixtures from the mixtures. The weights C(α, k)·(1 − q)^(α−k)·q^k sum
/// to 1, so that A − 1 = Σ_{k ≥ 2} weight·(e^(k(k−1)μ²/2) − 1) is a sum of positive terms, exact for small q too.
/// </remarks>
public static class SampledGaussian
{
    /// <summary>ε(α) of one sampled release. O(α).</summary>
    /// <param name="rate">q in [0, 1].</param>
    /// <param name="squaredMu">μ² ≥ 0 of the release of the sample.</param>
    /// <param name="order">α, a whole number of at least 2.</param>
    /// <returns>ε(α) ≥ 0, rounded up; +∞ beyond the range of a double.</returns>
    public static double Renyi(double rate, double squaredMu, int order)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(order, 2);
        if (rate == 0 || squaredMu == 0)
        {
            return 0;
        }

        if (rate == 1)
        {
            return order * squaredMu / 2;
        }

        double logRate = Math.Log(rate);
        double logRest = NormalTail.LogOnePlus(-rate);
        double logBinomial = Math.Log(order);
        double[] terms = new double[order - 1];
        for (int k = 2; k <= order; k++)
        {
            logBinomial += Math.Log((order - k + 1.0) / k);
            terms[k - 2] = logBinomial + (order - k) * logRest + k * logRate + LogExpMinusOne(0.5 * k * (k - 1) * squaredMu);
        }

        double largest = terms.Max();
        if (double.IsPositiveInfinity(largest))
        {
            return largest;
        }

        double log = largest + Math.Log(terms.Sum(term => Math.Exp(term - largest)));

        // ln(1 + e^log), and a margin above the rounding of the logarithms.
        double logA = log > 40 ? log : NormalTail.LogOnePlus(Math.Exp(log));
        return (1 + 1e-10) * logA / (order - 1);
    }

    // ln(e^x − 1) for x > 0.
    private static double LogExpMinusOne(double x) => x > 40 ? x : x < 1e-3 ? Math.Log(x) + x / 2 + x * x / 24 : Math.Log(Math.Exp(x) - 1);
}
