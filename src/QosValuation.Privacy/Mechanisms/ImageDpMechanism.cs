namespace QosValuation.Privacy.Mechanisms;

/// <summary>The baseline Image-DP (arXiv 2410.07738): noise of standard deviation q·s on image prototypes, none on text.</summary>
public sealed class ImageDpMechanism : UncalibratedMechanism
{
    /// <inheritdoc/>
    public override PrivacyMechanism Name => PrivacyMechanism.ImageDp;

    /// <inheritdoc/>
    public override bool UsesPerturbation => true;

    /// <inheritdoc/>
    public override FormattableString? Advice(NoiseParameters parameters) =>
        $"{Name} carries no privacy guarantee: its noise is not calibrated, and text prototypes are released as they are.";

    /// <inheritdoc/>
    public override double Multiplier(NoiseParameters parameters)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        RequireNonNegative(parameters.PerturbationCoefficient, "perturbation coefficient q");
        RequireNonNegative(parameters.Scale, "scale s");
        return double.NaN;
    }

    /// <inheritdoc/>
    public override NoiseParameters ScaleNoise(NoiseParameters parameters, double factor)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        return parameters with { Scale = parameters.Scale * factor };
    }

    /// <inheritdoc/>
    protected override double Deviation(NoiseParameters parameters, MeanQuery query)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        ArgumentNullException.ThrowIfNull(query);

        // Image prototypes only (paper, section V-A).
        return query.IsImage ? parameters.PerturbationCoefficient * parameters.Scale : 0;
    }

    private static void RequireNonNegative(double value, string name)
    {
        if (!(value >= 0) || !double.IsFinite(value))
        {
            throw new QosValuationException(Faults.PerturbationOutOfRange, $"The {name} is {value}; give a finite number of at least 0.", value);
        }
    }
}
