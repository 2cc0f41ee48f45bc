using QosValuation.Foundation.Randomness;
using QosValuation.Privacy.Accounting;

namespace QosValuation.Privacy.Mechanisms;

/// <summary>Gaussian noise in floating point, whose σ follows from ε and δ. Its lowest bits can leak (Mironov 2012).</summary>
public abstract class GaussianMechanism : INoiseMechanism
{
    /// <inheritdoc/>
    public abstract PrivacyMechanism Name { get; }

    /// <inheritdoc/>
    public bool IsFormal => true;

    /// <inheritdoc/>
    public bool HasSensitivity => true;

    /// <inheritdoc/>
    public virtual FormattableString? Advice(NoiseParameters parameters) => null;

    /// <inheritdoc/>
    public abstract double Sigma(double epsilon, double delta, double sensitivity);

    /// <inheritdoc/>
    public virtual double ExactDelta(NoiseParameters parameters)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        return parameters.Delta;
    }

    /// <inheritdoc/>
    public double Multiplier(NoiseParameters parameters)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        return Sigma(parameters.Epsilon, parameters.Delta, 1);
    }

    /// <inheritdoc/>
    public NoiseParameters ScaleNoise(NoiseParameters parameters, double factor)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        return EpsilonForNoise(this, parameters, factor);
    }

    /// <inheritdoc/>
    public ICalibratedNoise Calibrate(NoiseParameters parameters, MeanQuery query)
    {
        ArgumentNullException.ThrowIfNull(query);
        double multiplier = Multiplier(parameters);
        double sensitivity = query.IsCountPublic ? query.GivenSensitivity ?? MeanQuery.SensitivityOfMean(Math.Max(1, query.Vectors.Count)) : query.Sensitivity;
        double sigma = GaussianCalibration.RequireFinite(sensitivity * multiplier);
        return new Noise(query, sensitivity, sigma, query.EventOf(1 / (multiplier * multiplier)));
    }

    /// <inheritdoc/>
    public PrivacyEvent EventOf(double sensitivity, double sigma, double gridStep, Neighboring neighboring, PrivacyUnit unit)
    {
        double mu = sensitivity / sigma;
        return double.IsFinite(mu * mu) ? new GaussianEvent(mu * mu) { Neighboring = neighboring, Unit = unit }
            : new NonFormalEvent { Neighboring = neighboring, Unit = unit };
    }

    /// <summary>The parameters with the ε whose noise is a multiple of theirs.</summary>
    /// <param name="mechanism">A formal mechanism.</param>
    /// <param name="parameters">The parameters.</param>
    /// <param name="factor">The multiple, finite and above 0.</param>
    /// <returns>The parameters with another ε.</returns>
    internal static NoiseParameters EpsilonForNoise(INoiseMechanism mechanism, NoiseParameters parameters, double factor)
    {
        double target = factor * mechanism.Sigma(parameters.Epsilon, parameters.Delta, 1);
        return parameters with { Epsilon = GaussianCalibration.SmallestSatisfying(epsilon => mechanism.Sigma(epsilon, parameters.Delta, 1) <= target) };
    }

    private sealed class Noise(MeanQuery query, double sensitivity, double sigma, PrivacyEvent cost) : ICalibratedNoise
    {
        public PrivacyEvent Event => cost;

        public double Sensitivity => sensitivity;

        public double Sigma => sigma;

        public long GridUnit => 0;

        public NoisyMean Draw(RandomSource random)
        {
            double[] sum = query.Vectors.Sum(clip: true);
            if (query.IsCountPublic)
            {
                int n = query.Vectors.Count;
                float[] mean = Array.ConvertAll(sum, x => (float)(sigma > 0 ? x / n + sigma * random.NextNormal() : x / n));
                return new NoisyMean(mean, n, sensitivity, sigma, 0);
            }

            int count = MeanQuery.ToCount(query.Vectors.Count + sigma * random.NextNormal() / MeanQuery.CountWeight);
            float[] vector = Array.ConvertAll(sum, x => (float)((x + sigma * random.NextNormal()) / count));
            return new NoisyMean(vector, count, sensitivity / count, sigma / count, 0);
        }
    }
}
