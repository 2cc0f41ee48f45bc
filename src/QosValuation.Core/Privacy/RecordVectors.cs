using QosValuation.Numerics;

namespace QosValuation.Privacy;

/// <summary>The vectors that the records of a cluster give to the prototype of one modality: one a record.</summary>
internal sealed class RecordVectors
{
    private readonly List<double[]> _vectors = [];

    /// <summary>The number of records that have the modality.</summary>
    public int Count => _vectors.Count;

    /// <summary>The records' contributors, without repetition, in arrival order; empty names are left out.</summary>
    public IReadOnlyList<string> Contributors { get; private set; } = [];

    /// <summary>
    /// Gathers the vectors: embeddings of one contributor that share an Item are one record (an empty Item is a record of its
    /// own); several of one modality are averaged and renormalised. O(members·d).
    /// </summary>
    /// <param name="cluster">The cluster.</param>
    /// <param name="modality">The modality.</param>
    /// <returns>One vector a record, in arrival order.</returns>
    /// <exception cref="QosValuationException"><c>EmbeddingNotFinite</c> or <c>EmbeddingDimensionMismatch</c>.</exception>
    public static RecordVectors Collect(SemanticCluster cluster, Modality modality)
    {
        var result = new RecordVectors();
        var index = new Dictionary<(string Contributor, string Item), int>();
        var sizes = new List<int>();
        var contributors = new List<string>();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        int dimension = 0;
        foreach (ClipEmbedding member in cluster.Members)
        {
            if (member.Modality != modality)
            {
                continue;
            }

            double norm = Validate(cluster, member, ref dimension);
            string contributor = member.Contributor ?? string.Empty;
            if (contributor.Length > 0 && seen.Add(contributor))
            {
                contributors.Add(contributor);
            }

            (string, string) key = (contributor, member.Item ?? string.Empty);
            if (!string.IsNullOrEmpty(member.Item) && index.TryGetValue(key, out int record))
            {
                if (sizes[record] == 1)
                {
                    Rescale(result._vectors[record]);
                }

                sizes[record]++;
                double scale = norm > 0 ? 1 / norm : 0;
                double[] sum = result._vectors[record];
                for (int i = 0; i < sum.Length; i++)
                {
                    sum[i] += member.Vector[i] * scale;
                }
            }
            else
            {
                if (!string.IsNullOrEmpty(member.Item))
                {
                    index.Add(key, sizes.Count);
                }

                result._vectors.Add(Array.ConvertAll(member.Vector, x => (double)x));
                sizes.Add(1);
            }
        }

        for (int record = 0; record < sizes.Count; record++)
        {
            if (sizes[record] > 1)
            {
                // Captions that cancel out leave rounding noise and no direction: the record then gives the zero vector.
                Rescale(result._vectors[record], smallest: 1e-6 * sizes[record]);
            }
        }

        result.Contributors = contributors;
        return result;
    }

    /// <summary>The sum of the vectors. O(n·d).</summary>
    /// <param name="clip">Whether vectors longer than 1 are scaled back to 1.</param>
    /// <returns>Σx, in double precision with compensated rounding.</returns>
    public double[] Sum(bool clip)
    {
        // Compensated, so that rounding cannot add to the distance between the sums of neighbouring datasets.
        var sums = new CompensatedSum[_vectors[0].Length];
        foreach (double[] vector in _vectors)
        {
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
    /// <param name="unit">Grid steps in 1, a power of two up to 2²⁴.</param>
    /// <returns>Σ of the integer vectors.</returns>
    public long[] GridSum(long unit)
    {
        long[] sum = new long[_vectors[0].Length];
        long[] grid = new long[sum.Length];
        foreach (double[] vector in _vectors)
        {
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
        double norm = Norm(vector);
        return norm > 1 ? 1 / norm : 1;
    }

    private static void Rescale(double[] vector, double smallest = 0)
    {
        double norm = Norm(vector);
        if (norm > smallest)
        {
            for (int i = 0; i < vector.Length; i++)
            {
                vector[i] /= norm;
            }
        }
        else
        {
            Array.Clear(vector);
        }
    }

    // Components come from floats, so squares neither overflow nor vanish together.
    private static double Norm(double[] vector)
    {
        double square = 0;
        foreach (double x in vector)
        {
            square += x * x;
        }

        return Math.Sqrt(square);
    }

    private static double Validate(SemanticCluster cluster, ClipEmbedding member, ref int dimension)
    {
        if (member.Vector is not { Length: > 0 } vector || (dimension != 0 && vector.Length != dimension))
        {
            throw new QosValuationException(
                "EmbeddingDimensionMismatch",
                FaultKind.InvalidData,
                $"Cluster {cluster.Id} mixes vectors of {dimension} and {member.Vector?.Length ?? 0} components; group the embeddings of one model at a time.",
                member);
        }

        dimension = vector.Length;
        double norm = UnitVector.Norm(vector);
        if (!double.IsFinite(norm))
        {
            throw new QosValuationException("EmbeddingNotFinite", FaultKind.InvalidData, $"Cluster {cluster.Id} holds an embedding with NaN or infinite components ('{member.Item}'); embed its source again.", member);
        }

        return norm;
    }
}
