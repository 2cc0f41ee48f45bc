namespace QosValuation.Privacy.Mechanisms;

/// <summary>A released mean.</summary>
/// <param name="Vector">The mean with noise, of the vectors' length; not normalised.</param>
/// <param name="Count">n, or the noisy count (at least 1) where n is private.</param>
/// <param name="Sensitivity">The L2 sensitivity of the mean; NaN where the mechanism has none.</param>
/// <param name="Sigma">The standard deviation of the noise per component of the mean, 0 or more.</param>
/// <param name="GridStep">The step of the noise's grid in the unit of <paramref name="Sigma"/>; 0 for continuous noise.</param>
public sealed record NoisyMean(float[] Vector, int Count, double Sensitivity, double Sigma, double GridStep);
