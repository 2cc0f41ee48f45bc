namespace QosValuation.Privacy.Mechanisms;

/// <summary>No noise: the mean itself, which comparisons need and nobody should publish.</summary>
public sealed class NoNoiseMechanism : UncalibratedMechanism
{
    /// <inheritdoc/>
    public override PrivacyMechanism Name => PrivacyMechanism.None;

    /// <inheritdoc/>
    public override FormattableString? Advice(NoiseParameters parameters) =>
        $"{Name} adds no noise: these are the private means themselves. Use them for comparisons, and publish none.";

    /// <inheritdoc/>
    public override NoiseParameters ScaleNoise(NoiseParameters parameters, double factor) => parameters;

    /// <inheritdoc/>
    protected override double Deviation(NoiseParameters parameters, MeanQuery query) => 0;
}
