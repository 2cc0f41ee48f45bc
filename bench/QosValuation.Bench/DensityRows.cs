using System.Globalization;
using System.Runtime.InteropServices;
using QosValuation.Embeddings.Clustering;

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
        VectorMatrix vectors = DrawnVectors.Draw(Records, Dimension, Groups, Path.Combine(folder, "vectors.f32"));
        var options = new ClusteringOptions { MaximumThreads = Environment.ProcessorCount };
        int[] labels = [];
        (string? python, string name) = context.Peers.PythonThatMultiplies("sklearn", "scikit-learn");
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

    private static Timing Same(Timing timing, int[] labels, string path)
    {
        ReadOnlySpan<int> found = MemoryMarshal.Cast<byte, int>(File.ReadAllBytes(path));
        return found.SequenceEqual(labels) ? timing : throw new InvalidOperationException("DBSCAN and scikit-learn give different labels.");
    }
}
