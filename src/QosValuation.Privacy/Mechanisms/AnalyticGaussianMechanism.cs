namespace QosValuation.Privacy.Mechanisms;

/// <summary>The least Gaussian noise for every ε (Balle and Wang, ICML 2018).</summary>
public sealed class AnalyticGaussianMechanism : GaussianMechanism
{
    /// <inheritdoc/>
    public override PrivacyMechanism Name => PrivacyMechanism.AnalyticGaussian;

    /// <inheritdoc/>
    public override double Sigma(double epsilon, double delta, double sensitivity) => GaussianCalibration.AnalyticSigma(epsilon, delta, sensitivity);
}
