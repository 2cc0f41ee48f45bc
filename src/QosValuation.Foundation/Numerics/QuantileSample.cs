namespace QosValuation.Foundation.Numerics;

/// <summary>
/// Quantiles of a stream of exchangeable samples in bounded memory: all samples are kept up to 262,144; beyond that every second,
/// fourth, … one in the order of arrival, which leaves at least 131,072 and does not depend on the samples' values.
/// </summary>
public sealed class QuantileSample
{
    /// <summary>The most samples that are kept.</summary>
    internal const int Limit = 1 << 18;

    private readonly List<double> _samples = [];
    private long _arrived;
    private long _stride = 1;

    /// <summary>The samples kept.</summary>
    public int Count => _samples.Count;

    /// <summary>Adds a sample. Amortised O(1).</summary>
    /// <param name="sample">A finite number.</param>
    public void Add(double sample)
    {
        if (_arrived++ % _stride != 0)
        {
            return;
        }

        if (_samples.Count == Limit)
        {
            for (int i = 0; i < Limit / 2; i++)
            {
                _samples[i] = _samples[2 * i];
            }

            _samples.RemoveRange(Limit / 2, Limit / 2);
            _stride *= 2;
        }

        _samples.Add(sample);
    }

    /// <summary>Sorts what was kept, for <see cref="OfSorted"/>. O(n log n).</summary>
    /// <returns>The samples, ascending.</returns>
    public double[] Sorted()
    {
        double[] sorted = [.. _samples];
        Array.Sort(sorted);
        return sorted;
    }

    /// <summary>A quantile with linear interpolation between order statistics (type 7 of Hyndman and Fan 1996). O(1).</summary>
    /// <param name="sorted">Samples in ascending order, at least one.</param>
    /// <param name="probability">p in [0, 1].</param>
    /// <returns>The p-quantile.</returns>
    public static double OfSorted(ReadOnlySpan<double> sorted, double probability)
    {
        double position = probability * (sorted.Length - 1);
        int below = (int)position;
        double low = sorted[below];
        return below + 1 < sorted.Length ? low + (position - below) * (sorted[below + 1] - low) : low;
    }
}
