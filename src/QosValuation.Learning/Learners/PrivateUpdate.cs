using System.Numerics.Tensors;
using QosValuation.Foundation.Randomness;
using QosValuation.Privacy.Accounting;

namespace QosValuation.Learning.Learners;

/// <summary>
/// What a client shares, made private for all of its records at once: the update θ − θ₀ is clipped to a norm of C, and Gaussian noise of standard
/// deviation σ·C is added (McMahan et al., ICLR 2018). It hides the whole client, whatever its training did.
/// </summary>
public sealed record PrivateUpdate
{
    /// <summary>C &gt; 0: the longest update.</summary>
    public double Clip { get; init; } = 1;

    /// <summary>σ &gt; 0: the standard deviation of the noise in units of C.</summary>
    public required double NoiseMultiplier { get; init; }

    /// <summary>The least noise for which a number of updates are together (ε, δ)-private for a client added or removed.</summary>
    /// <param name="epsilon">ε &gt; 0.</param>
    /// <param name="delta">δ in (0, 1).</param>
    /// <param name="rounds">The updates that a client shares, at least 1.</param>
    /// <param name="rate">The probability that it shares one in a round, in (0, 1].</param>
    /// <param name="accountant">Pld, which asks for the least noise and by which privacy budgets count samples; or Rdp.</param>
    /// <returns>Clipping at 1 and that noise.</returns>
    /// <exception cref="QosValuationException"><c>EpsilonOutOfRange</c>, <c>DeltaOutOfRange</c>, <c>SigmaOutOfRange</c>.</exception>
    public static PrivateUpdate Calibrate(
        double epsilon, double delta, long rounds, double rate = 1, PrivacyAccountant accountant = PrivacyAccountant.Pld) =>
        new() { NoiseMultiplier = SampledCalibration.Multiplier(epsilon, delta, rate, rounds, accountant) };

    /// <summary>What the updates tell of their client: to be charged before they are drawn.</summary>
    /// <param name="rounds">The number of updates.</param>
    /// <param name="rate">The probability that a client shares one.</param>
    /// <returns>The event, of the unit Contributor, for a client added or removed.</returns>
    public PrivacyEvent EventOf(long rounds, double rate = 1) => SampledCalibration.EventOf(NoiseMultiplier, rate, rounds, PrivacyUnit.Contributor);

    /// <summary>Turns a model into the one that is shared. O(parameters).</summary>
    /// <param name="parameters">θ; replaced by θ₀ and the clipped and noised update.</param>
    /// <param name="origin">θ₀, which everyone knows.</param>
    /// <param name="random">The source of the noise; a guarantee needs a cryptographic one.</param>
    /// <returns>Whether the update was longer than C.</returns>
    public bool Apply(Span<float> parameters, ReadOnlySpan<float> origin, RandomSource random)
    {
        ArgumentNullException.ThrowIfNull(random);
        TensorPrimitives.Subtract(parameters, origin, parameters);
        double norm = Math.Sqrt(DenseKernel.SumOfSquares(parameters));
        bool isLong = norm > Clip;
        if (isLong)
        {
            TensorPrimitives.Multiply(parameters, (float)(Clip / norm), parameters);
        }

        GaussianNoise.Add(parameters, NoiseMultiplier * Clip, random);
        TensorPrimitives.Add(parameters, origin, parameters);
        return isLong;
    }
}
