namespace QosValuation.Privacy.Mechanisms;

/// <summary>What discrete Gaussian noise guarantees: that of continuous Gaussian noise a hair smaller, in any dimension.</summary>
/// <remarks>
/// <para>Let an integer q become a real Y ~ N(q, σ² − s²), and Y an integer Z by drawing from the discrete Gaussian with location
/// Y and parameter s. Then P(Z = z) = C·exp(−(z − q)²/2σ²)·E[1/Θ], where Θ(y) = Σ_k exp(−(k − y)²/2s²) is constant but for a
/// factor within 1 ± η, η = 2·Σ_{m ≥ 1} exp(−2π²s²m²), by Poisson's summation formula. So the discrete Gaussian N_ℤ(q, σ²) has
/// the probabilities of Z up to a factor e^(±κ), κ ≤ ln((1 + η)/(1 − η)); for s = 3, κ &lt; 4·10⁻⁷⁷ for each coordinate.</para>
/// <para>Z is computed from Y, and Y is the Gaussian mechanism. Hence a query on ℤ^d of L2 sensitivity Δ with discrete Gaussian
/// noise keeps every (ε, δ) guarantee of the Gaussian mechanism with σ' = √(σ² − 9) up to ε + 2dκ and e^(dκ)·δ, and so do any
/// number of such releases, chosen adaptively, beside continuous ones: they compose exactly as μ-Gaussian differential privacy
/// with μ = Δ/σ'. For d up to 10⁵⁰ coordinates in all, 2dκ lies below 10⁻²⁶, far below the margins that calibration adds for rounding.</para>
/// <para>With zero-concentrated privacy (Canonne, Kamath and Steinke 2020, Theorem 14) the same (ε, δ) would take 8 % more noise at
/// ε = 1, δ = 1e-5.</para>
/// </remarks>
public static class DiscreteGaussianGuarantee
{
    // s² with s = 3.
    private const double Smoothing = 9;

    /// <summary>The least whole σ in grid steps that gives the guarantee of continuous noise. O(1).</summary>
    /// <param name="sensitivity">Δ &gt; 0 in grid steps.</param>
    /// <param name="multiplier">σ/Δ that continuous noise needs.</param>
    /// <returns>A whole number; at least 4, not below the exact one, and at most 2 above it.</returns>
    public static double GridSigma(double sensitivity, double multiplier)
    {
        double continuous = sensitivity * multiplier;

        // One more step covers the rounding of the square root where it could reach a step.
        return Math.Max(4, Math.Ceiling(Math.Sqrt(continuous * continuous + Smoothing)) + (continuous > 1 << 20 ? 1 : 0));
    }

    /// <summary>μ² of a release. O(1).</summary>
    /// <param name="sensitivity">Δ ≥ 0.</param>
    /// <param name="sigma">σ ≥ 0 in the unit of Δ.</param>
    /// <param name="step">The grid's step h &gt; 0 in the same unit.</param>
    /// <returns>Δ²/(σ² − 9h²); +∞ where σ is at most three steps, for which this says nothing.</returns>
    public static double SquaredMu(double sensitivity, double sigma, double step)
    {
        double variance = sigma * sigma - Smoothing * step * step;
        return variance > 0 ? sensitivity * sensitivity / variance : double.PositiveInfinity;
    }
}
