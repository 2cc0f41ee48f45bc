namespace QosValuation.Foundation.Numerics;

/// <summary>
/// The mean of a stream of samples and its standard error (Welford 1962); NaN is left out. O(1) a sample. A struct: a copy goes
/// its own way from where it was made.
/// </summary>
public struct RunningMean
{
    private double _mean;
    private double _squares;

    /// <summary>The number of samples.</summary>
    public long Count { readonly get; private set; }

    /// <summary>Their mean; NaN before the first.</summary>
    public readonly double Mean => Count > 0 ? _mean : double.NaN;

    /// <summary>The standard error of the mean, from the sample variance; NaN for fewer than two samples.</summary>
    public readonly double StandardError => Count > 1 ? Math.Sqrt(_squares / (Count - 1) / Count) : double.NaN;

    /// <summary>Takes a sample.</summary>
    /// <param name="sample">A finite number, or NaN for none.</param>
    public void Add(double sample)
    {
        if (!double.IsNaN(sample))
        {
            Count++;
            double distance = sample - _mean;
            _mean += distance / Count;
            _squares += distance * (sample - _mean);
        }
    }
}
