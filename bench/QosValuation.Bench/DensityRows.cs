using System.Globalization;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using QosValuation.Embeddings.Clustering;
using QosValuation.Foundation.Randomness;

namespace QosValuation.Bench;

/// <summary>DBSCAN beside scikit-learn's on the same vectors: both have to give every vector the same label.</summary>
internal sealed class DensityRows : IBenchmark
{
    private const int Records = 4_000;
    private const int Dimension = 512;
    private const int Groups = 120;
    private const int MinimumPoints = 5;
    private const double Similarity = 0.5;

    /// <inheritdoc/>
    public string Name => "density";

    /// <inheritdoc/>
    public IEnumerable<BenchmarkResult> Measure(BenchmarkContext context)
    {
        string folder = Directory.CreateDirectory(Path.Combine(context.Folder, "density")).FullName;
        VectorMatrix vectors = Draw(Path.Combine(folder, "vectors.f32"));
        var options = new ClusteringOptions { MaximumThreads = Environment.ProcessorCount };
        int[] labels = [];
        (string? python, string name) = context.Peers.Python("sklearn", "scikit-learn");
        using PeerProcess? peer = python is null
            ? null
            : new PeerProcess(
                python,
                "dbscan.py",
                [folder, .. Array.ConvertAll([Dimension, Similarity, MinimumPoints, Environment.ProcessorCount], (double number) => number.ToString(CultureInfo.InvariantCulture))]);
        yield return context.Compare(
            FormattableString.Invariant($"DBSCAN of {Records:N0} vectors of {Dimension}, the same labels"),
            name,
            () => Timing.Of(() => labels = DensityClustering.Run(vectors, Similarity, MinimumPoints, options)),
            peer is null ? null : () => Same(peer.Run(), labels, Path.Combine(folder, "labels.i32")));
    }

    // Vectors around centres, with cosines of about 0.8 within a group, and every tenth on its own: no pair is near the threshold.
    private static VectorMatrix Draw(string path)
    {
        RandomSource random = RandomSource.Create(1);
        float[][] centres = [.. Enumerable.Range(0, Groups).Select(_ => Direction(random))];
        var vectors = new VectorMatrix(Dimension);
        using FileStream file = File.Create(path);
        for (int i = 0; i < Records; i++)
        {
            float[] vector = Direction(random);
            if (i % 10 != 0)
            {
                TensorPrimitives.MultiplyAdd(centres[random.NextInt32(Groups)], 2, vector, vector);
                TensorPrimitives.Divide(vector, TensorPrimitives.Norm<float>(vector), vector);
            }

            vectors.Add(vector);
            file.Write(MemoryMarshal.AsBytes(vector.AsSpan()));
        }

        return vectors;
    }

    private static float[] Direction(RandomSource random)
    {
        float[] vector = new float[Dimension];
        foreach (ref float component in vector.AsSpan())
        {
            component = (float)random.NextNormal();
        }

        TensorPrimitives.Divide(vector, TensorPrimitives.Norm<float>(vector), vector);
        return vector;
    }

    private static Timing Same(Timing timing, int[] labels, string path)
    {
        ReadOnlySpan<int> found = MemoryMarshal.Cast<byte, int>(File.ReadAllBytes(path));
        return found.SequenceEqual(labels) ? timing : throw new InvalidOperationException("DBSCAN and scikit-learn give different labels.");
    }
}
