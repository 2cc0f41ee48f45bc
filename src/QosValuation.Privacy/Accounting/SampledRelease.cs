namespace QosValuation.Privacy.Accounting;

/// <summary>The same release of a Poisson sample several times, each with a sample and noise of its own, such as the steps of a training.</summary>
/// <param name="Rate">q in (0, 1): the probability that a unit takes part.</param>
/// <param name="SquaredMu">μ² &gt; 0 of the release of the sample.</param>
/// <param name="Count">How often, at least 1.</param>
public readonly record struct SampledRelease(double Rate, double SquaredMu, long Count);
