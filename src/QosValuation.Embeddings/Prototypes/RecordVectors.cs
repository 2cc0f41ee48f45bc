using QosValuation.Embeddings.Clustering;
using QosValuation.Foundation.Numerics;
using QosValuation.Privacy.Mechanisms;

namespace QosValuation.Embeddings.Prototypes;

/// <summary>
/// The vectors that a cluster gives to the prototype of one modality: one a record, or one a contributor. Memory: averages in
/// double precision; what a record gave as it was is not copied.
/// </summary>
public sealed class RecordVectors : IRecordSum
{
    private readonly List<RecordVector> _vectors = [];
    private readonly List<string> _owners = [];
    private readonly int _dimension;

    private RecordVectors(int dimension) => _dimension = dimension;

    /// <summary>The number of vectors: of records that have the modality, or of their contributors.</summary>
    public int Count => _vectors.Count;

    /// <summary>The length of the vectors.</summary>
    public int Dimension => _dimension;

    /// <summary>The records' contributors, without repetition, in arrival order; empty names are left out.</summary>
    public string[] Contributors => [.. _owners.Where(owner => owner.Length > 0).Distinct(StringComparer.Ordinal)];

    /// <summary>Whether a record does not say who contributed it.</summary>
    public bool HasUnknownContributor => _owners.Contains(string.Empty);

    /// <summary>Gathers the vectors that a cluster's records give to the prototypes, see <see cref="RecordBatch"/>. O(members·d).</summary>
    /// <param name="cluster">The cluster.</param>
    /// <returns>The vectors of the image and of the text prototype, in arrival order.</returns>
    /// <exception cref="QosValuationException">
    /// The fault of a member, such as <c>EmbeddingNotFinite</c>, or <c>EmbeddingDimensionMismatch</c> where members do not suit the public centroid.
    /// </exception>
    public static (RecordVectors Image, RecordVectors Text) Collect(SemanticCluster cluster)
    {
        RecordBatch batch = RecordBatch.OfCluster(cluster, out int members);
        return Collect(cluster, batch, members);
    }

    /// <summary>Gathers the vectors of records that were collected from a cluster. O(embeddings·d).</summary>
    /// <param name="cluster">The cluster.</param>
    /// <param name="batch">Its records.</param>
    /// <param name="members">The length of the members' vectors; 0 without members.</param>
    /// <returns>The vectors of the image and of the text prototype, in arrival order.</returns>
    /// <exception cref="QosValuationException"><c>EmbeddingDimensionMismatch</c>: the members do not suit the public centroid.</exception>
    public static (RecordVectors Image, RecordVectors Text) Collect(SemanticCluster cluster, RecordBatch batch, int members)
    {
        ArgumentNullException.ThrowIfNull(cluster);
        ArgumentNullException.ThrowIfNull(batch);

        // An empty cluster of a public centroid has the centroid's dimension, and so have its others.
        int dimension = cluster.IsPublic || members == 0 ? cluster.Centroid.Length : members;
        if (dimension == 0 || (members != 0 && members != dimension))
        {
            throw new QosValuationException(
                Faults.EmbeddingDimensionMismatch,
                $"Cluster {cluster.Id} has a public centroid of {dimension} components and members of {members}.",
                cluster);
        }

        return (Of(batch, Modality.Image, dimension), Of(batch, Modality.Text, dimension));
    }

    /// <summary>
    /// Joins the records of each contributor to one vector: the average of the contributor's first records, each within the unit
    /// ball, so that it lies in the unit ball itself. Which records those are depends on the contributor's own data alone. O(n·d).
    /// </summary>
    /// <param name="maximumRecords">The most records of a contributor that count, at least 1; null counts all.</param>
    /// <returns>One vector a contributor, in order of their first record. Every record must have a contributor.</returns>
    public RecordVectors ByContributor(int? maximumRecords)
    {
        var result = new RecordVectors(_dimension);
        var indices = new Dictionary<string, int>(StringComparer.Ordinal);
        var counts = new List<int>();
        var sums = new List<double[]>();
        double[] vector = new double[_dimension];
        for (int i = 0; i < _vectors.Count; i++)
        {
            if (!indices.TryGetValue(_owners[i], out int index))
            {
                index = counts.Count;
                indices.Add(_owners[i], index);
                counts.Add(0);
                result._owners.Add(_owners[i]);
                sums.Add(new double[_dimension]);
            }

            if (maximumRecords is int most && counts[index] == most)
            {
                continue;
            }

            counts[index]++;
            _vectors[i].CopyTo(vector);
            double scale = ClipScale(vector);
            double[] sum = sums[index];
            for (int k = 0; k < sum.Length; k++)
            {
                sum[k] += vector[k] * scale;
            }
        }

        for (int index = 0; index < counts.Count; index++)
        {
            double[] sum = sums[index];
            for (int k = 0; k < sum.Length; k++)
            {
                sum[k] /= counts[index];
            }

            result._vectors.Add(new RecordVector(null, sum));
        }

        return result;
    }

    private static RecordVectors Of(RecordBatch batch, Modality modality, int dimension)
    {
        var result = new RecordVectors(dimension);
        foreach (SemanticRecord record in batch.Records)
        {
            if (record.VectorOf(modality) is RecordVector vector)
            {
                result._vectors.Add(vector);
                result._owners.Add(record.Contributor);
            }
        }

        return result;
    }

    /// <summary>One of the vectors. O(d).</summary>
    /// <param name="index">From 0 to <see cref="Count"/> − 1.</param>
    /// <param name="clip">Whether a vector longer than 1 is scaled back to 1.</param>
    /// <returns>A copy in double precision.</returns>
    public double[] Vector(int index, bool clip)
    {
        double[] vector = new double[_dimension];
        _vectors[index].CopyTo(vector);
        double scale = clip ? ClipScale(vector) : 1;
        for (int i = 0; i < vector.Length; i++)
        {
            // The sum of this vector alone: −0 becomes 0.
            vector[i] = 0 + vector[i] * scale;
        }

        return vector;
    }

    /// <summary>The sum of the vectors. O(n·d).</summary>
    /// <param name="clip">Whether vectors longer than 1 are scaled back to 1.</param>
    /// <returns>Σx, in double precision with compensated rounding.</returns>
    public double[] Sum(bool clip)
    {
        // Compensated, so that rounding cannot add to the distance between the sums of neighbouring datasets.
        var sums = new CompensatedSum[_dimension];
        double[] vector = new double[_dimension];
        foreach (RecordVector entry in _vectors)
        {
            entry.CopyTo(vector);
            double scale = clip ? ClipScale(vector) : 1;
            for (int i = 0; i < sums.Length; i++)
            {
                sums[i].Add(vector[i] * scale);
            }
        }

        return Array.ConvertAll(sums, sum => sum.Value);
    }

    /// <summary>
    /// The sum of the vectors on an integer grid. Each is clipped to norm 1 and truncated towards zero, and its integer norm is at
    /// most <paramref name="unit"/> without any rounding. O(n·d).
    /// </summary>
    /// <param name="unit">Grid steps in 1, a power of two up to 2³⁶.</param>
    /// <returns>Σ of the integer vectors.</returns>
    public long[] GridSum(long unit)
    {
        long[] sum = new long[_dimension];
        long[] grid = new long[_dimension];
        double[] vector = new double[_dimension];
        foreach (RecordVector entry in _vectors)
        {
            entry.CopyTo(vector);
            double scale = ClipScale(vector) * unit;
            Int128 square = 0;
            for (int i = 0; i < grid.Length; i++)
            {
                grid[i] = (long)Math.Truncate(vector[i] * scale);
                square += (Int128)grid[i] * grid[i];
            }

            // Rounding in the clip may leave the norm a hair above the unit: shorten the longest coordinate until it is not.
            while (square > (Int128)unit * unit)
            {
                int longest = 0;
                for (int i = 1; i < grid.Length; i++)
                {
                    longest = Math.Abs(grid[i]) > Math.Abs(grid[longest]) ? i : longest;
                }

                square -= 2 * (Int128)Math.Abs(grid[longest]) - 1;
                grid[longest] -= Math.Sign(grid[longest]);
            }

            for (int i = 0; i < sum.Length; i++)
            {
                sum[i] = checked(sum[i] + grid[i]);
            }
        }

        return sum;
    }

    private static double ClipScale(double[] vector)
    {
        double norm = RecordVector.Norm(vector);
        return norm > 1 ? 1 / norm : 1;
    }
}
