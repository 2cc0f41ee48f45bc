using QosValuation.Foundation.Numerics;
using QosValuation.Privacy.Mechanisms;

namespace QosValuation.Privacy.Accounting;

/// <summary>
/// Zero-concentrated differential privacy: ρ = Δ²/2σ² holds for continuous and for discrete Gaussian noise in any dimension
/// (Bun and Steinke 2016; Canonne, Kamath and Steinke 2020, Theorem 14), adds up over releases, and converts to (ε, δ).
/// </summary>
/// <remarks>
/// The conversion is that of Canonne, Kamath and Steinke (2020, Proposition 12) with the best order α &gt; 1:
/// ln δ = (α − 1)(αρ − ε) + (α − 1)·ln(1 − 1/α) − ln α. Every α gives a valid bound, so rounding in its choice costs nothing but tightness.
/// </remarks>
public static class ZeroConcentratedPrivacy
{
    private const double SafetyMargin = 1e-12;

    /// <summary>The smallest ln δ that the conversion proves. O(1).</summary>
    /// <param name="rho">ρ ≥ 0.</param>
    /// <param name="epsilon">ε ≥ 0.</param>
    /// <returns>ln δ ≤ 0.</returns>
    public static double LogDelta(double rho, double epsilon)
    {
        if (rho == 0)
        {
            return double.NegativeInfinity;
        }

        // With β = α − 1 the bound is convex; its slope (2β + 1)ρ − ε + ln(β/(β + 1)) is increasing and vanishes once.
        double beta = GaussianCalibration.SmallestSatisfying(beta => (2 * beta + 1) * rho - epsilon - NormalTail.LogOnePlus(1 / beta) >= 0);
        return Math.Min(0, Bound(beta, rho, epsilon));
    }

    /// <summary>The smallest ε ≥ 0 that the conversion proves. O(1).</summary>
    /// <param name="rho">ρ ≥ 0.</param>
    /// <param name="delta">δ in (0, 1).</param>
    /// <returns>ε ≥ 0; +∞ where ρ is infinite.</returns>
    public static double Epsilon(double rho, double delta)
    {
        double target = Math.Log(delta);
        if (double.IsPositiveInfinity(rho))
        {
            return rho;
        }

        if (LogDelta(rho, 0) <= target)
        {
            return 0;
        }

        return (1 + SafetyMargin) * GaussianCalibration.SmallestSatisfying(epsilon => LogDelta(rho, epsilon) <= target);
    }

    // ln δ at α = 1 + β.
    private static double Bound(double beta, double rho, double epsilon) =>
        beta * ((1 + beta) * rho - epsilon - NormalTail.LogOnePlus(1 / beta)) - NormalTail.LogOnePlus(beta);
}
