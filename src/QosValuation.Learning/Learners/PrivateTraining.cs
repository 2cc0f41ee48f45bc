using QosValuation.Privacy.Accounting;

namespace QosValuation.Learning.Learners;

/// <summary>
/// DP-SGD (Abadi et al., CCS 2016, algorithm 1): every record takes part in a step by a coin of its own, its gradient is clipped to a norm of
/// C, and Gaussian noise of standard deviation σ·C is added to their sum, which is divided by the expected number of records.
/// </summary>
public sealed record PrivateTraining
{
    /// <summary>C &gt; 0: the most that one record's gradient counts.</summary>
    public double Clip { get; init; } = 1;

    /// <summary>σ &gt; 0: the standard deviation of the noise in units of C.</summary>
    public required double NoiseMultiplier { get; init; }

    /// <summary>The probability q that a record takes part in a step.</summary>
    /// <param name="rows">The client's records, at least 1. Their number enters the noise, and so counts as public.</param>
    /// <param name="batchSize">The expected number of records in a step.</param>
    /// <returns>batch/rows, at most 1.</returns>
    public static double RateOf(int rows, int batchSize) => Math.Min(1, (double)batchSize / rows);

    /// <summary>The least noise for which all steps together are (ε, δ)-private for a record added or removed.</summary>
    /// <param name="epsilon">ε &gt; 0.</param>
    /// <param name="delta">δ in (0, 1).</param>
    /// <param name="rows">The client's records.</param>
    /// <param name="batchSize">The expected number of records in a step.</param>
    /// <param name="steps">All steps of all rounds, at least 1.</param>
    /// <param name="accountant">Pld, which asks for the least noise and by which privacy budgets count samples; or Rdp.</param>
    /// <returns>Clipping at 1 and that noise.</returns>
    /// <exception cref="QosValuationException"><c>EpsilonOutOfRange</c>, <c>DeltaOutOfRange</c>, <c>SigmaOutOfRange</c>.</exception>
    public static PrivateTraining Calibrate(
        double epsilon, double delta, int rows, int batchSize, long steps, PrivacyAccountant accountant = PrivacyAccountant.Pld) =>
        new() { NoiseMultiplier = SampledCalibration.Multiplier(epsilon, delta, RateOf(rows, batchSize), steps, accountant) };

    /// <summary>What a training tells of its records: to be charged before it draws, and to be accounted for.</summary>
    /// <param name="rows">The client's records.</param>
    /// <param name="batchSize">The expected number of records in a step.</param>
    /// <param name="steps">The steps.</param>
    /// <returns>The event, for a record added or removed.</returns>
    public PrivacyEvent EventOf(int rows, int batchSize, long steps) =>
        SampledCalibration.EventOf(NoiseMultiplier, RateOf(rows, batchSize), steps, PrivacyUnit.Record);
}
