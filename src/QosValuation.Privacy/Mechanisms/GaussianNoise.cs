namespace QosValuation.Privacy.Mechanisms;

/// <summary>The σ that each formal mechanism uses for given privacy parameters.</summary>
public static class GaussianNoise
{
    /// <summary>The standard deviation of the noise per coordinate. O(1).</summary>
    /// <param name="epsilon">ε &gt; 0.</param>
    /// <param name="delta">δ in (0, 1).</param>
    /// <param name="sensitivity">Δ &gt; 0, the L2 sensitivity.</param>
    /// <param name="mechanism">AnalyticGaussian, ClassicGaussian or DiscreteGaussian (before σ is rounded up to a whole number of grid steps).</param>
    /// <returns>σ in the unit of Δ.</returns>
    /// <exception cref="QosValuationException">
    /// <c>EpsilonOutOfRange</c>, <c>DeltaOutOfRange</c>, <c>SensitivityOutOfRange</c>, <c>SigmaOutOfRange</c>; <c>MechanismNotSupported</c> for ImageDp, whose noise has no ε.
    /// </exception>
    public static double Sigma(double epsilon, double delta, double sensitivity, PrivacyMechanism mechanism) => mechanism switch
    {
        // The discrete Gaussian is worth the continuous one (see DiscreteGaussianGuarantee), but for the rounding up to its grid.
        PrivacyMechanism.AnalyticGaussian or PrivacyMechanism.DiscreteGaussian => GaussianCalibration.AnalyticSigma(epsilon, delta, sensitivity),
        PrivacyMechanism.ClassicGaussian => GaussianCalibration.ClassicSigma(epsilon, delta, sensitivity),
        _ => throw new QosValuationException(Faults.MechanismNotSupported, $"{mechanism} has no formal guarantee, so no σ follows from ε and δ; use AnalyticGaussian, ClassicGaussian or DiscreteGaussian.", mechanism),
    };
}
