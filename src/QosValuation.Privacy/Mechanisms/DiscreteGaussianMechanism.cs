using QosValuation.Foundation.Randomness;
using QosValuation.Privacy.Accounting;

namespace QosValuation.Privacy.Mechanisms;

/// <summary>
/// Discrete Gaussian noise on an integer grid of step 2⁻³⁶ (Canonne, Kamath and Steinke 2020), drawn by integer arithmetic alone.
/// It needs the noise of AnalyticGaussian, and less than 10⁻⁹ of it more (see <see cref="DiscreteGaussianGuarantee"/>).
/// </summary>
public sealed class DiscreteGaussianMechanism : INoiseMechanism
{
    // The binary logarithm of the number of grid steps in 1.
    private const int GridBits = 36;

    // Below this part of it, what truncation adds to a given sensitivity is left out of what is told, never out of the noise.
    private const double SensitivityTolerance = 1e-9;

    /// <inheritdoc/>
    public PrivacyMechanism Name => PrivacyMechanism.DiscreteGaussian;

    /// <inheritdoc/>
    public bool IsFormal => true;

    /// <inheritdoc/>
    public bool HasSensitivity => true;

    /// <inheritdoc/>
    public bool IsOnGrid => true;

    /// <inheritdoc/>
    public double Sigma(double epsilon, double delta, double sensitivity) => GaussianCalibration.AnalyticSigma(epsilon, delta, sensitivity);

    /// <inheritdoc/>
    public double Multiplier(NoiseParameters parameters)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        return Sigma(parameters.Epsilon, parameters.Delta, 1);
    }

    /// <inheritdoc/>
    public double ExactDelta(NoiseParameters parameters)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        return parameters.Delta;
    }

    /// <inheritdoc/>
    public NoiseParameters ScaleNoise(NoiseParameters parameters, double factor)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        return GaussianMechanism.EpsilonForNoise(this, parameters, factor);
    }

    /// <inheritdoc/>
    public ICalibratedNoise Calibrate(NoiseParameters parameters, MeanQuery query)
    {
        ArgumentNullException.ThrowIfNull(query);
        double multiplier = Multiplier(parameters);
        double sensitivity = query.GivenSensitivity is double given ? given * query.Vectors.Count : query.Sensitivity;

        // Coarsen only where the noise would leave the sampler's range; this depends on public parameters alone.
        int bits = GridBits;
        while (bits > 1 && multiplier * Math.Max(4, sensitivity) * (1L << bits) > DiscreteGaussianSampler.MaximumSigma)
        {
            bits--;
        }

        // A given sensitivity is that of the mean before rounding, which moves each coordinate by less than a step.
        long unit = 1L << bits;
        double gridSensitivity = sensitivity * unit + (query.GivenSensitivity is null ? 0 : 2 * Math.Sqrt(query.Vectors.Dimension));
        double gridSigma = DiscreteGaussianGuarantee.GridSigma(gridSensitivity, multiplier);
        if (!(gridSigma <= DiscreteGaussianSampler.MaximumSigma))
        {
            throw new QosValuationException(
                Faults.SigmaOutOfRange,
                "The discrete Gaussian cannot express that much noise; use a larger ε or a smaller sensitivity, or AnalyticGaussian.",
                gridSigma);
        }

        return new Noise(query, gridSensitivity, gridSigma, unit);
    }

    /// <inheritdoc/>
    /// <remarks>On a grid that is not known, or too coarse to stand for continuous noise, ρ = Δ²/2σ² holds all the same.</remarks>
    public PrivacyEvent EventOf(double sensitivity, double sigma, double gridStep, Neighboring neighboring, PrivacyUnit unit)
    {
        double mu = sensitivity / sigma;
        double square = gridStep > 0 ? DiscreteGaussianGuarantee.SquaredMu(sensitivity, sigma, gridStep) : double.PositiveInfinity;
        return double.IsFinite(square) ? new GaussianEvent(square) { Neighboring = neighboring, Unit = unit }
            : double.IsFinite(mu * mu) ? new ConcentratedEvent(mu * mu / 2) { Neighboring = neighboring, Unit = unit }
            : new NonFormalEvent { Neighboring = neighboring, Unit = unit };
    }

    private sealed class Noise(MeanQuery query, double sensitivity, double sigma, long unit) : ICalibratedNoise
    {
        public PrivacyEvent Event { get; } = query.EventOf(DiscreteGaussianGuarantee.SquaredMu(sensitivity, sigma, 1));

        public double Sensitivity => sensitivity;

        public double Sigma => sigma;

        public long GridUnit => unit;

        public NoisyMean Draw(RandomSource random)
        {
            var sampler = new DiscreteGaussianSampler((long)sigma, random);

            // The noisy count is an exact integer in half units before anything is rounded.
            int count = query.IsCountPublic
                ? query.Vectors.Count
                : MeanQuery.ToCount(checked(query.Vectors.Count * (unit / 2) + sampler.Sample()) / (MeanQuery.CountWeight * unit));
            double divisor = (double)count * unit;
            float[] vector = Array.ConvertAll(query.Vectors.GridSum(unit), sum => (float)(checked(sum + sampler.Sample()) / divisor));

            // A given sensitivity is told as given, unless what truncation onto the grid adds to it would show.
            double onGrid = sensitivity / divisor;
            double told = query.GivenSensitivity is double given && onGrid <= given * (1 + SensitivityTolerance) ? given : onGrid;
            return new NoisyMean(vector, count, told, sigma / divisor, 1 / divisor);
        }
    }
}
