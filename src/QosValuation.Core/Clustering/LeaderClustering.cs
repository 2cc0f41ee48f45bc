namespace QosValuation.Clustering;

/// <summary>
/// Online leader clustering (Hartigan 1975, section 3.2) on cosine similarity: a vector joins the group of most similar
/// centroid where the cosine reaches the threshold, else it founds a group. The centroid is the normalised mean of the
/// group's vectors, kept up to date.
/// </summary>
/// <remarks>
/// One pass; the result depends on the order of arrival. O(K·d) a vector over K groups (groups of one included), SIMD;
/// memory O(K·d), whatever the number of vectors. Ties go to the group founded first.
/// </remarks>
public sealed class LeaderClustering
{
    private readonly VectorMatrix _centroids;
    private readonly float _threshold;
    private readonly float[] _query;
    private readonly List<int> _counts = [];
    private readonly List<double[]?> _sums = [];

    /// <summary>Creates a clustering without groups.</summary>
    /// <param name="dimension">The length of the vectors.</param>
    /// <param name="similarityThreshold">The least cosine, from 0 to 1, at which a group takes a vector.</param>
    public LeaderClustering(int dimension, double similarityThreshold)
    {
        if (!(similarityThreshold >= 0 && similarityThreshold <= 1))
        {
            throw new ArgumentOutOfRangeException(nameof(similarityThreshold), similarityThreshold, "The similarity threshold is a cosine from 0 to 1.");
        }

        _centroids = new VectorMatrix(dimension);
        _query = new float[_centroids.Stride];
        _threshold = (float)similarityThreshold - CosineKernel.Rounding;
    }

    /// <summary>The number of groups, those of one vector included.</summary>
    public int GroupCount => _counts.Count;

    /// <summary>Takes the next vector. O(K·d).</summary>
    /// <param name="vector">Of unit L2 norm.</param>
    /// <returns>The number of the group that took it: groups are numbered from 0 in the order they were founded.</returns>
    public int Add(ReadOnlySpan<float> vector)
    {
        if (vector.Length != _centroids.Dimension)
        {
            throw new ArgumentException($"The vector has {vector.Length} components, the clustering {_centroids.Dimension}.", nameof(vector));
        }

        vector.CopyTo(_query);
        int group = CosineKernel.Nearest(_centroids, _query, out float cosine);
        if (group < 0 || cosine < _threshold)
        {
            _centroids.Add(vector);
            _counts.Add(1);
            _sums.Add(null);
            return _counts.Count - 1;
        }

        // Sums are kept in double precision, and only for groups that grew: most of the groups of noisy data never do.
        Span<float> centroid = _centroids.Writable(group);
        double[] sum = _sums[group] ??= ToDouble(centroid);
        double squares = 0;
        for (int k = 0; k < sum.Length; k++)
        {
            sum[k] += vector[k];
            squares += sum[k] * sum[k];
        }

        _counts[group]++;
        double norm = Math.Sqrt(squares);
        for (int k = 0; k < sum.Length; k++)
        {
            centroid[k] = (float)(sum[k] / norm);
        }

        return group;
    }

    /// <summary>The number of vectors in a group. O(1).</summary>
    /// <param name="group">The group's number.</param>
    /// <returns>At least 1.</returns>
    public int CountOf(int group) => _counts[group];

    /// <summary>The centroid of a group: the normalised mean of its vectors. O(1).</summary>
    /// <param name="group">The group's number.</param>
    /// <returns>A view that later additions change.</returns>
    public ReadOnlySpan<float> CentroidOf(int group) => _centroids[group];

    private static double[] ToDouble(ReadOnlySpan<float> vector)
    {
        double[] copy = new double[vector.Length];
        for (int k = 0; k < copy.Length; k++)
        {
            copy[k] = vector[k];
        }

        return copy;
    }
}
