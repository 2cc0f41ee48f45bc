using System.Globalization;
using System.Runtime.InteropServices;
using QosValuation.Embeddings.Clustering;
using QosValuation.Foundation.Randomness;

namespace QosValuation.Bench;

/// <summary>k-means beside scikit-learn's on the same vectors, with as many iterations, and checked to fit them as well.</summary>
internal sealed class KMeansRows : IBenchmark
{
    private const int Records = 20_000;
    private const int Dimension = 512;
    private const int Clusters = 200;
    private const int Iterations = 10;

    /// <inheritdoc/>
    public string Name => "k-means";

    /// <inheritdoc/>
    public IEnumerable<BenchmarkResult> Measure(BenchmarkContext context)
    {
        string folder = Directory.CreateDirectory(Path.Combine(context.Folder, "k-means")).FullName;

        // More groups than clusters, so that rows move until the last iteration.
        VectorMatrix vectors = DrawnVectors.Draw(Records, Dimension, 5 * Clusters, Path.Combine(folder, "vectors.f32"));
        var options = new ClusteringOptions { MaximumThreads = Environment.ProcessorCount, MaximumIterations = Iterations, Tolerance = 0, Restarts = 1 };
        double objective = 0;
        (string? python, string name) = context.Peers.PythonThatMultiplies("sklearn", "scikit-learn");
        using PeerProcess? peer = python is null
            ? null
            : new PeerProcess(
                python,
                "kmeans.py",
                [folder, .. Array.ConvertAll([Dimension, Clusters, Iterations, Environment.ProcessorCount], number => number.ToString(CultureInfo.InvariantCulture))]);
        yield return context.Compare(
            FormattableString.Invariant($"k-means of {Records:N0} vectors of {Dimension} into {Clusters}, {Iterations} iterations"),
            name,
            () => Timing.Of(() => objective = SphericalKMeans.Run(vectors, Clusters, RandomSource.Create(1), options).Objective),
            peer is null ? null : () => AsGood(peer.Run(), objective, Path.Combine(folder, "objective.f64")));
    }

    // Seedings are drawn, so that the sums of cosines differ a little.
    private static Timing AsGood(Timing timing, double objective, string path)
    {
        double theirs = MemoryMarshal.Read<double>(File.ReadAllBytes(path));
        return objective >= 0.97 * theirs
            ? timing
            : throw new InvalidOperationException(FormattableString.Invariant($"k-means fits worse than scikit-learn's: {objective:F0}, and {theirs:F0}."));
    }
}
