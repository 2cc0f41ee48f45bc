using System.Buffers.Binary;
using QosValuation.Embeddings.Clustering;
using QosValuation.Foundation.Numerics;
using QosValuation.Foundation.Randomness;

namespace QosValuation.Tests;

/// <summary>Vectors and embeddings for the tests, and naive references written from the definitions.</summary>
internal static class ClusteringSamples
{
    /// <summary>Unit vectors scattered about a few random directions, in random order, with some strays.</summary>
    public static float[][] Mixture(int seed, int count, int dimension, int centres, double spread, double strays = 0.1)
    {
        RandomSource random = RandomSource.Create(seed);
        float[][] directions = [.. Enumerable.Range(0, centres).Select(_ => Direction(random, dimension))];
        return [.. Enumerable.Range(0, count).Select(_ =>
        {
            float[] vector = Direction(random, dimension);
            if (random.NextDouble() >= strays)
            {
                float[] centre = directions[random.NextInt32(centres)];
                for (int k = 0; k < dimension; k++)
                {
                    vector[k] = centre[k] + (float)spread * vector[k];
                }

                UnitVector.TryNormalize(vector);
            }

            return vector;
        })];
    }

    public static float[] Direction(RandomSource random, int dimension)
    {
        float[] vector = [.. Enumerable.Range(0, dimension).Select(_ => (float)random.NextNormal())];
        UnitVector.TryNormalize(vector);
        return vector;
    }

    public static VectorMatrix Matrix(IReadOnlyList<float[]> vectors, int dimension)
    {
        VectorMatrix matrix = new(dimension);
        foreach (float[] vector in vectors)
        {
            matrix.Add(vector);
        }

        return matrix;
    }

    public static ClipEmbedding Embedding(
        float[] vector, string item, Modality modality = Modality.Image, string contributor = "", long ordinal = 0, string model = "") =>
        new()
        {
            Source = item + "-" + modality,
            Item = item,
            Modality = modality,
            Vector = vector,
            Contributor = contributor,
            Ordinal = ordinal,
            Model = model,
        };

    public static ClipEmbedding[] Images(IEnumerable<float[]> vectors) =>
        [.. vectors.Select((vector, i) => Embedding(vector, "item" + i, ordinal: i))];

    /// <summary>A unit vector in the plane at an angle in degrees: cosines are those of angle differences.</summary>
    public static float[] Plane(double degrees) => [(float)Math.Cos(degrees * Math.PI / 180), (float)Math.Sin(degrees * Math.PI / 180)];

    public static double Cosine(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        double sum = 0, left = 0, right = 0;
        for (int k = 0; k < a.Length; k++)
        {
            sum += (double)a[k] * b[k];
            left += (double)a[k] * a[k];
            right += (double)b[k] * b[k];
        }

        return sum / Math.Sqrt(left * right);
    }

    /// <summary>Leader clustering from its definition: every group's mean is computed anew, in double precision.</summary>
    public static int[] NaiveLeader(float[][] vectors, double threshold)
    {
        List<List<float[]>> groups = [];
        int[] labels = new int[vectors.Length];
        for (int i = 0; i < vectors.Length; i++)
        {
            int best = -1;
            double highest = double.NegativeInfinity;
            for (int g = 0; g < groups.Count; g++)
            {
                float[] mean = [.. Enumerable.Range(0, vectors[i].Length).Select(k => (float)groups[g].Average(v => (double)v[k]))];
                double cosine = Cosine(vectors[i], mean);
                if (cosine > highest)
                {
                    highest = cosine;
                    best = g;
                }
            }

            if (best < 0 || highest < threshold)
            {
                best = groups.Count;
                groups.Add([]);
            }

            groups[best].Add(vectors[i]);
            labels[i] = best;
        }

        return labels;
    }

    /// <summary>DBSCAN by density reachability: breadth-first search from each core in order.</summary>
    public static int[] NaiveDbscan(float[][] vectors, double threshold, int minimumPoints)
    {
        int count = vectors.Length;
        List<int>[] near = [.. Enumerable.Range(0, count).Select(i =>
            Enumerable.Range(0, count).Where(j => i == j || Cosine(vectors[i], vectors[j]) >= threshold).ToList())];
        int[] labels = new int[count];
        Array.Fill(labels, -1);
        int cluster = 0;
        for (int i = 0; i < count; i++)
        {
            if (labels[i] >= 0 || near[i].Count < minimumPoints)
            {
                continue;
            }

            Queue<int> queue = new([i]);
            labels[i] = cluster;
            while (queue.TryDequeue(out int p))
            {
                foreach (int q in near[p].Where(q => labels[q] < 0))
                {
                    labels[q] = cluster;
                    if (near[q].Count >= minimumPoints)
                    {
                        queue.Enqueue(q);
                    }
                }
            }

            cluster++;
        }

        return labels;
    }

    /// <summary>The labels a clusterer gives records of one embedding: labelled embeddings in order of arrival, and clusters.</summary>
    public static (List<ClipEmbedding> Labelled, EmbeddingClusterer Clusterer, List<QosValuationException> Faults) Group(
        IEnumerable<ClipEmbedding> embeddings, ClusteringOptions options)
    {
        List<ClipEmbedding> labelled = [];
        List<QosValuationException> faults = [];
        EmbeddingClusterer clusterer = EmbeddingClusterer.Create(options, labelled.Add, faults.Add);
        foreach (ClipEmbedding embedding in embeddings)
        {
            clusterer.Add(embedding);
        }

        clusterer.Complete();
        return (labelled, clusterer, faults);
    }

    /// <summary>Reads a two-dimensional float16 .npy file.</summary>
    public static float[][] ReadHalfMatrix(string path)
    {
        byte[] bytes = File.ReadAllBytes(path);
        int headerLength = BinaryPrimitives.ReadUInt16LittleEndian(bytes.AsSpan(8));
        string header = System.Text.Encoding.ASCII.GetString(bytes, 10, headerLength);
        Assert.Contains("<f2", header, StringComparison.Ordinal);
        int[] shape = [.. header.Split('(')[1].Split(')')[0].Split(
            ',',
            StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Select(int.Parse)];
        return [.. Enumerable.Range(0, shape[0]).Select(row => Enumerable.Range(0, shape[1])
            .Select(k => (float)BinaryPrimitives.ReadHalfLittleEndian(bytes.AsSpan(10 + headerLength + 2 * (row * shape[1] + k)))).ToArray())];
    }
}
