namespace QosValuation.Privacy.Mechanisms;

/// <summary>The calibration of the paper's Eq. 21, proven for ε below 1 (Dwork and Roth 2014, Theorem A.1).</summary>
public sealed class ClassicGaussianMechanism : GaussianMechanism
{
    private const string Exact = "AnalyticGaussian is exact for every ε.";

    /// <inheritdoc/>
    public override PrivacyMechanism Name => PrivacyMechanism.ClassicGaussian;

    /// <inheritdoc/>
    public override double Sigma(double epsilon, double delta, double sensitivity) => GaussianCalibration.ClassicSigma(epsilon, delta, sensitivity);

    /// <inheritdoc/>
    public override double ExactDelta(NoiseParameters parameters)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        return GaussianCalibration.Delta(Multiplier(parameters), parameters.Epsilon, 1);
    }

    /// <inheritdoc/>
    public override FormattableString? Advice(NoiseParameters parameters)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        if (parameters.Epsilon < 1)
        {
            return null;
        }

        double exact = ExactDelta(parameters);
        string verdict = exact <= parameters.Delta ? "keeps the guarantee, with more noise than needed" : "does NOT keep the guarantee";
        (double epsilon, double delta) = (parameters.Epsilon, parameters.Delta);
        return $"The classic calibration is proven for ε below 1 only. At ε = {epsilon:G6} and δ = {delta:G3} its true δ is {exact:G3}: it {verdict}. {Exact}";
    }
}
