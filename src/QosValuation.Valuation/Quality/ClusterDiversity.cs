using QosValuation.Embeddings.Clustering;
using QosValuation.Foundation.Randomness;

namespace QosValuation.Valuation.Quality;

/// <summary>How evenly documents spread over clusters.</summary>
/// <param name="Entropy">H = −Σ p ln p in nats.</param>
/// <param name="NormalizedEntropy">H / ln k, in [0, 1].</param>
/// <param name="GiniSimpson">1 − Σ p², in [0, 1).</param>
public readonly record struct ClusterDiversity(double Entropy, double NormalizedEntropy, double GiniSimpson)
{
    /// <summary>Clusters documents by spherical k-means and measures the spread.</summary>
    /// <param name="vectors">A row of unit norm a document.</param>
    /// <param name="clusterCount">k, at least 2; fewer clusters are made where there are fewer documents, but H is divided by ln k all the same.</param>
    /// <param name="seed">The seed of k-means.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <returns>The spread; zeros for fewer than two documents.</returns>
    public static ClusterDiversity Measure(VectorMatrix vectors, int clusterCount, int seed, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(vectors);
        if (vectors.Count < 2)
        {
            return default;
        }

        int clusters = Math.Min(clusterCount, vectors.Count);
        KMeansResult result = SphericalKMeans.Run(
            vectors, clusters, RandomSource.Create(seed), new ClusteringOptions { Restarts = 1, MaximumIterations = 100 }, cancellationToken);
        long[] counts = new long[clusters];
        foreach (int label in result.Labels)
        {
            counts[label]++;
        }

        return Of(counts, clusterCount);
    }

    /// <summary>The spread of counts.</summary>
    /// <param name="counts">Documents in each cluster.</param>
    /// <param name="clusterCount">k, at least 2.</param>
    /// <returns>The spread; zeros for no document.</returns>
    public static ClusterDiversity Of(IReadOnlyList<long> counts, int clusterCount)
    {
        ArgumentNullException.ThrowIfNull(counts);
        ArgumentOutOfRangeException.ThrowIfLessThan(clusterCount, 2);
        double total = counts.Sum();
        if (total == 0)
        {
            return default;
        }

        double entropy = 0;
        double squares = 0;
        foreach (long count in counts)
        {
            double p = count / total;
            entropy -= p > 0 ? p * Math.Log(p) : 0;
            squares += p * p;
        }

        return new ClusterDiversity(entropy, Math.Clamp(entropy / Math.Log(clusterCount), 0, 1), 1 - squares);
    }
}
