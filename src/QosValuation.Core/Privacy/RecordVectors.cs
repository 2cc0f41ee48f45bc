using QosValuation.Clustering;
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
    /// Gathers the vectors of a cluster's records, as <see cref="RecordAssembler"/> tells records apart: a record with one embedding
    /// of the modality gives that; one with several (captions) gives their average, renormalised. O(members·d).
    /// </summary>
    /// <param name="cluster">The cluster.</param>
    /// <returns>The vectors of the image and of the text prototype, in arrival order.</returns>
    /// <exception cref="QosValuationException">The fault that <see cref="RecordAssembler"/> finds in a member, such as <c>EmbeddingNotFinite</c>.</exception>
    public static (RecordVectors Image, RecordVectors Text) Collect(SemanticCluster cluster)
    {
        var records = new List<List<ClipEmbedding>>();
        var assembler = new RecordAssembler(
            record => records.Add([.. record.Embeddings]),
            (index, embedding) => records[index].Add(embedding),
            fault => throw new QosValuationException(fault.ErrorId, fault.Kind, $"Cluster {cluster.Id}: {fault.Message}", fault.Subject, fault));
        foreach (ClipEmbedding member in cluster.Members)
        {
            assembler.Add(member);
        }

        assembler.Complete();
        return (Of(records, Modality.Image), Of(records, Modality.Text));
    }

    private static RecordVectors Of(List<List<ClipEmbedding>> records, Modality modality)
    {
        var result = new RecordVectors();
        var contributors = new OrderedDictionary<string, bool>(StringComparer.Ordinal);
        foreach (List<ClipEmbedding> record in records)
        {
            double[]? vector = null;
            int count = 0;
            foreach (ClipEmbedding embedding in record)
            {
                if (embedding.Modality != modality)
                {
                    continue;
                }

                count++;
                if (vector is null)
                {
                    vector = Array.ConvertAll(embedding.Vector, x => (double)x);
                    continue;
                }

                if (count == 2)
                {
                    Rescale(vector);
                }

                // Vectors within the tolerance of unit norm weigh exactly the same.
                double norm = UnitVector.Norm(embedding.Vector);
                for (int i = 0; i < vector.Length; i++)
                {
                    vector[i] += embedding.Vector[i] / norm;
                }
            }

            if (vector is null)
            {
                continue;
            }

            if (count > 1)
            {
                // Captions that cancel out leave rounding noise and no direction: the record then gives the zero vector.
                Rescale(vector, smallest: 1e-6 * count);
            }

            result._vectors.Add(vector);
            string contributor = record[0].Contributor ?? string.Empty;
            if (contributor.Length > 0)
            {
                contributors.TryAdd(contributor, true);
            }
        }

        result.Contributors = contributors.Keys.ToArray(); // PowerShell cannot index the list that a collection expression makes.
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
}
