using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using QosValuation.Embeddings.Clustering;
using QosValuation.Foundation.Randomness;

namespace QosValuation.Bench;

/// <summary>Unit vectors to cluster, for us and for a peer.</summary>
internal static class DrawnVectors
{
    /// <summary>Vectors around centres, with cosines of about 0.8 within a group, and every tenth on its own: no pair's cosine is near 0.5.</summary>
    /// <param name="records">Their number.</param>
    /// <param name="dimension">The components of each.</param>
    /// <param name="groups">The number of centres.</param>
    /// <param name="path">Receives the vectors for the peer, rows of 32-bit floats.</param>
    /// <returns>The vectors.</returns>
    public static VectorMatrix Draw(int records, int dimension, int groups, string path)
    {
        RandomSource random = RandomSource.Create(1);
        float[][] centres = [.. Enumerable.Range(0, groups).Select(_ => Direction(random, dimension))];
        var vectors = new VectorMatrix(dimension);
        using FileStream file = File.Create(path);
        for (int i = 0; i < records; i++)
        {
            float[] vector = Direction(random, dimension);
            if (i % 10 != 0)
            {
                TensorPrimitives.MultiplyAdd(centres[random.NextInt32(groups)], 2, vector, vector);
                TensorPrimitives.Divide(vector, TensorPrimitives.Norm<float>(vector), vector);
            }

            vectors.Add(vector);
            file.Write(MemoryMarshal.AsBytes(vector.AsSpan()));
        }

        return vectors;
    }

    private static float[] Direction(RandomSource random, int dimension)
    {
        float[] vector = new float[dimension];
        foreach (ref float component in vector.AsSpan())
        {
            component = (float)random.NextNormal();
        }

        TensorPrimitives.Divide(vector, TensorPrimitives.Norm<float>(vector), vector);
        return vector;
    }
}
