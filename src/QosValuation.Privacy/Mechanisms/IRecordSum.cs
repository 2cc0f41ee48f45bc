namespace QosValuation.Privacy.Mechanisms;

/// <summary>The private vectors of a mean: what a mechanism may ask of them.</summary>
public interface IRecordSum
{
    /// <summary>n, the number of vectors: one a record, or one a contributor.</summary>
    int Count { get; }

    /// <summary>The number of components of each vector.</summary>
    int Dimension { get; }

    /// <summary>The sum of the vectors. O(n·d).</summary>
    /// <param name="clip">Whether vectors longer than 1 are scaled back to norm 1 first.</param>
    /// <returns>Σx.</returns>
    double[] Sum(bool clip);

    /// <summary>The sum of the vectors on an integer grid; each is clipped to norm 1 and truncated towards zero. O(n·d).</summary>
    /// <param name="unit">Grid steps in 1, a power of two up to 2³⁶.</param>
    /// <returns>Σ of the integer vectors, each of norm at most <paramref name="unit"/>.</returns>
    long[] GridSum(long unit);
}
