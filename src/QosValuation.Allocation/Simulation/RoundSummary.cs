using QosValuation.Foundation.Numerics;

namespace QosValuation.Allocation.Simulation;

/// <summary>Mean, standard error and quantiles of what rounds give.</summary>
internal sealed class RoundSummary
{
    private RunningMean _mean;

    /// <summary>Keeps what quantiles need.</summary>
    public QuantileSample Quantiles { get; } = new();

    /// <summary>The mean; NaN before the first round.</summary>
    public double Mean => _mean.Mean;

    /// <summary>The standard error of the mean; NaN for fewer than two rounds.</summary>
    public double StandardError => _mean.StandardError;

    /// <summary>Takes what a round gives.</summary>
    /// <param name="sample">A finite number.</param>
    public void Add(double sample)
    {
        _mean.Add(sample);
        Quantiles.Add(sample);
    }
}
