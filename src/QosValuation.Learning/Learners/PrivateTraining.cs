namespace QosValuation.Learning.Learners;

/// <summary>
/// DP-SGD (Abadi et al., CCS 2016, algorithm 1): every record takes part in a step by a coin of its own, its gradient is clipped to a norm of
/// C, and Gaussian noise of standard deviation σ·C is added to their sum.
/// </summary>
public sealed record PrivateTraining
{
    /// <summary>C &gt; 0: the most that one record's gradient counts.</summary>
    public double Clip { get; init; } = 1;

    /// <summary>σ &gt; 0: the standard deviation of the noise in units of C.</summary>
    public required double NoiseMultiplier { get; init; }
}
