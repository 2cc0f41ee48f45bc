using QosValuation.Embeddings.Models;
using QosValuation.Foundation.Numerics;

namespace QosValuation.Embeddings.Clustering;

/// <summary>How far a grouping has come.</summary>
/// <param name="Stage">What is being done.</param>
/// <param name="Fraction">The part done, from 0 to 1.</param>
public readonly record struct ClusteringProgress(string Stage, double Fraction);

/// <summary>The settings of a grouping; the defaults are those of the cmdlets.</summary>
public sealed record ClusteringOptions
{
    /// <summary>Γ of the paper, section V-A: 50.</summary>
    public const int DefaultNoveltyThreshold = 50;

    /// <summary>The algorithm.</summary>
    public ClusteringAlgorithm Algorithm { get; init; } = ClusteringAlgorithm.Online;

    /// <summary>
    /// Online: how the most similar cluster is found. <see cref="NeighbourSearch.Approximate"/> compares all up to
    /// <see cref="LeaderClustering.MostExact"/> groups, those of one record included.
    /// </summary>
    public NeighbourSearch Search { get; init; } = NeighbourSearch.Exact;

    /// <summary>
    /// Centroids that do not depend on the data, each finite, not zero and of one length: every record joins the most similar
    /// one, in place of <see cref="Algorithm"/>. With <see cref="SimilarityThreshold"/>, records less similar to it are noise.
    /// </summary>
    public IReadOnlyList<float[]>? PublicCentroids { get; init; }

    /// <summary>
    /// The least cosine, from 0 to 1, that counts as similar; null takes the one of the records' model
    /// (<see cref="SimilarityThresholds.Of"/>), else CLIP's (<see cref="SimilarityThresholds.General"/>), and for k-means leaves no record out.
    /// With a value, k-means calls a member noise whose cosine to its centroid lies below it. Comparisons forgive 1e-6 of rounding, so that 1
    /// finds exact duplicates.
    /// </summary>
    public double? SimilarityThreshold { get; init; }

    /// <summary>Γ, at least 1: a cluster is confirmed when it holds Γ records; its first Γ are novel, later ones normal.</summary>
    public int NoveltyThreshold { get; init; } = DefaultNoveltyThreshold;

    /// <summary>k, the number of clusters; k-means needs it.</summary>
    public int? ClusterCount { get; init; }

    /// <summary>DBSCAN: the records (itself included) that must be similar to a record to make it a core, at least 1.</summary>
    public int MinimumPoints { get; init; } = 5;

    /// <summary>The seed of k-means; null draws from the operating system's generator.</summary>
    public int? Seed { get; init; }

    /// <summary>k-means: the number of seedings tried, at least 1; the one of the highest objective is kept.</summary>
    public int Restarts { get; init; } = 4;

    /// <summary>k-means: the most Lloyd iterations of one seeding, at least 1.</summary>
    public int MaximumIterations { get; init; } = 300;

    /// <summary>k-means: stops when the mean cosine grows by no more than this; 0 runs until no record moves.</summary>
    public double Tolerance { get; init; } = 1e-7;

    /// <summary>
    /// Whether clusters list their members; without, online clustering keeps the vectors of centroids and of records that are alone so far,
    /// and no others.
    /// </summary>
    public bool KeepMembers { get; init; } = true;

    /// <summary>The most threads used; −1 for as many as there are cores. The result does not depend on it.</summary>
    public int MaximumThreads { get; init; } = -1;

    /// <summary>Online: how many records are compared at once; null lets the number of clusters decide. The result does not depend on it.</summary>
    internal int? BlockRecords { get; init; }

    /// <summary>Online: the number of groups up to which all are compared with the approximate search.</summary>
    internal int MostExact { get; init; } = LeaderClustering.MostExact;

    /// <summary>Online: stops the making of the graph of the approximate search, which takes more than a minute.</summary>
    public CancellationToken Cancellation { get; init; }

    /// <summary>Receives the progress of k-means and DBSCAN, on the calling thread; null for none.</summary>
    public Action<ClusteringProgress>? Progress { get; init; }

    /// <summary>The threshold in force: the given one, or the algorithm's of a model; null for k-means without one.</summary>
    /// <param name="model">The thresholds of the records' model.</param>
    /// <returns>A cosine from 0 to 1.</returns>
    internal double? EffectiveSimilarity(SimilarityThresholds model) => SimilarityThreshold ?? Algorithm switch
    {
        ClusteringAlgorithm.Online => model.Online,
        ClusteringAlgorithm.Dbscan => model.Dbscan,
        _ => null,
    };

    /// <summary>Checks the ranges. O(1).</summary>
    /// <exception cref="QosValuationException">A value lies outside its range, or k-means lacks <see cref="ClusterCount"/>.</exception>
    public void Validate()
    {
        if (!Enum.IsDefined(Algorithm))
        {
            throw Invalid(Faults.ClusteringAlgorithmUnknown, "The algorithm is none of Online, KMeans and Dbscan.", Algorithm);
        }

        if (!Enum.IsDefined(Search) || (Search != NeighbourSearch.Exact && (Algorithm != ClusteringAlgorithm.Online || PublicCentroids is not null)))
        {
            throw Invalid(
                Faults.ParameterNotForAlgorithm,
                "The search is none of Exact and Approximate, or Approximate was asked of another algorithm than Online.",
                Search);
        }

        if (SimilarityThreshold is double similarity && !(similarity >= 0 && similarity <= 1))
        {
            throw Invalid(Faults.SimilarityThresholdOutOfRange, $"The similarity threshold is a cosine from 0 to 1, not {similarity}.", similarity);
        }

        if (NoveltyThreshold < 1)
        {
            throw Invalid(Faults.NoveltyThresholdOutOfRange, $"The novelty threshold Γ must be at least 1, not {NoveltyThreshold}.", NoveltyThreshold);
        }

        if (Algorithm == ClusteringAlgorithm.KMeans && ClusterCount is null)
        {
            throw Invalid(
                Faults.ClusterCountRequired, "k-means needs the number of clusters: give ClusterCount, or use Online or Dbscan, which find it.", Algorithm);
        }

        if (ClusterCount is < 1)
        {
            throw Invalid(Faults.ClusterCountOutOfRange, $"The number of clusters must be at least 1, not {ClusterCount}.", ClusterCount);
        }

        if (MinimumPoints < 1)
        {
            throw Invalid(Faults.MinimumPointsOutOfRange, $"MinimumPoints must be at least 1, not {MinimumPoints}.", MinimumPoints);
        }

        ValidateCentroids();
        if (Restarts < 1 || MaximumIterations < 1 || !(Tolerance >= 0) || MaximumThreads is 0 or < -1)
        {
            throw Invalid(
                Faults.ClusteringOptionOutOfRange,
                "Restarts and MaximumIterations must be at least 1, Tolerance at least 0, MaximumThreads −1 or at least 1.",
                this);
        }
    }

    private void ValidateCentroids()
    {
        if (PublicCentroids is null)
        {
            return;
        }

        if (PublicCentroids.Count == 0)
        {
            throw Invalid(Faults.PublicCentroidNotValid, "There is no public centroid: give at least one.", PublicCentroids);
        }

        for (int i = 0; i < PublicCentroids.Count; i++)
        {
            float[] centroid = PublicCentroids[i];
            double norm = centroid is null ? 0 : UnitVector.Norm(centroid);
            if (!(norm > 0) || !double.IsFinite(norm) || centroid!.Length != PublicCentroids[0].Length)
            {
                throw Invalid(
                    Faults.PublicCentroidNotValid,
                    $"The public centroid number {i} is empty, zero, not finite, or of another length than the first: give vectors of one model.",
                    centroid);
            }
        }
    }

    private static QosValuationException Invalid(Fault fault, string message, object? subject) =>
        new(fault, message, subject);
}
