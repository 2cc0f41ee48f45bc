using QosValuation.Foundation.Randomness;
using QosValuation.Privacy.Accounting;

namespace QosValuation.Privacy.Mechanisms;

/// <summary>Gaussian noise that no ε and no sensitivity stand behind, or none at all: nothing is guaranteed.</summary>
public abstract class UncalibratedMechanism : INoiseMechanism
{
    /// <inheritdoc/>
    public abstract PrivacyMechanism Name { get; }

    /// <inheritdoc/>
    public bool IsFormal => false;

    /// <inheritdoc/>
    public bool HasSensitivity => false;

    /// <inheritdoc/>
    public virtual bool UsesPerturbation => false;

    /// <inheritdoc/>
    public abstract FormattableString? Advice(NoiseParameters parameters);

    /// <inheritdoc/>
    public abstract NoiseParameters ScaleNoise(NoiseParameters parameters, double factor);

    /// <inheritdoc/>
    public virtual double Multiplier(NoiseParameters parameters) => double.NaN;

    /// <inheritdoc/>
    public double ExactDelta(NoiseParameters parameters) => double.NaN;

    /// <inheritdoc/>
    public double Sigma(double epsilon, double delta, double sensitivity) => throw new QosValuationException(
        Faults.MechanismNotSupported,
        $"{Name} has no formal guarantee, so no σ follows from ε and δ; use "
        + $"{string.Join(" or ", NoiseMechanisms.All.Where(mechanism => mechanism.IsFormal).Select(mechanism => mechanism.Name))}.",
        Name);

    /// <inheritdoc/>
    public ICalibratedNoise Calibrate(NoiseParameters parameters, MeanQuery query)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        ArgumentNullException.ThrowIfNull(query);
        return new Noise(query, Deviation(parameters, query));
    }

    /// <inheritdoc/>
    public PrivacyEvent EventOf(double sensitivity, double sigma, double gridStep, Neighboring neighboring, PrivacyUnit unit) =>
        new NonFormalEvent { Neighboring = neighboring, Unit = unit };

    /// <summary>The standard deviation of the noise per component of the mean.</summary>
    /// <param name="parameters">The parameters.</param>
    /// <param name="query">The mean to release.</param>
    /// <returns>σ ≥ 0; nothing is drawn for 0.</returns>
    protected abstract double Deviation(NoiseParameters parameters, MeanQuery query);

    private sealed class Noise(MeanQuery query, double sigma) : ICalibratedNoise
    {
        public PrivacyEvent Event { get; } = new NonFormalEvent { Neighboring = query.Neighboring, Unit = query.Unit };

        public double Sensitivity => double.NaN;

        public double Sigma => sigma;

        public long GridUnit => 0;

        public NoisyMean Draw(RandomSource random)
        {
            int n = query.Vectors.Count;
            float[] mean = Array.ConvertAll(query.Vectors.Sum(clip: false), x => (float)(sigma > 0 ? x / n + sigma * random.NextNormal() : x / n));
            return new NoisyMean(mean, n, double.NaN, sigma, 0);
        }
    }
}
