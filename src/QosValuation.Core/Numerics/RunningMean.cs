namespace QosValuation.Numerics;

/// <summary>The mean of a stream of samples and its standard error (Welford 1962). O(1) a sample.</summary>
internal sealed class RunningMean
{
    private double _squares;

    /// <summary>The number of samples.</summary>
    public long Count { get; private set; }

    /// <summary>Their mean; 0 before the first.</summary>
    public double Mean { get; private set; }

    /// <summary>The standard error of the mean, from the sample variance; NaN for fewer than two samples.</summary>
    public double StandardError => Count > 1 ? Math.Sqrt(_squares / (Count - 1) / Count) : double.NaN;

    /// <summary>Takes a sample.</summary>
    /// <param name="sample">A finite number.</param>
    public void Add(double sample)
    {
        Count++;
        double distance = sample - Mean;
        Mean += distance / Count;
        _squares += distance * (sample - Mean);
    }
}
