namespace QosValuation;

/// <summary>How novelty is measured.</summary>
public enum NoveltyDefinition
{
    /// <summary>1 − the mean cosine of each sentence to its nearest in the reference corpus (appendix C of seed 002).</summary>
    Similarity,

    /// <summary>Half recency, half 1 − that mean cosine (section 7.3); recency alone without a corpus.</summary>
    Recency,
}

/// <summary>How diversity is measured.</summary>
public enum DiversityDefinition
{
    /// <summary>The entropy of the clusters, divided by ln k (appendix C of seed 002).</summary>
    Entropy,

    /// <summary>1 − Σ p² over the clusters (section 7.3, which calls it Shannon entropy).</summary>
    GiniSimpson,
}

/// <summary>What a data quality depends on beside the documents; it enters the score's hash.</summary>
public sealed record DataQualityParameters
{
    /// <summary>The version of the rules; it changes when a score of the same documents may change.</summary>
    public int Version { get; init; } = CurrentVersion;

    /// <summary>k of cleanliness, ≥ 0.</summary>
    public double ErrorFactor { get; init; } = 50;

    /// <summary>k of the clusters, at least 2.</summary>
    public int ClusterCount { get; init; } = 50;

    /// <summary>The weights of cleanliness, diversity, novelty and metadata: four numbers of at least 0.</summary>
    public IReadOnlyList<double> Weight { get; init; } = [0.25, 0.25, 0.25, 0.25];

    /// <summary>How novelty is measured.</summary>
    public NoveltyDefinition NoveltyDefinition { get; init; }

    /// <summary>How diversity is measured.</summary>
    public DiversityDefinition DiversityDefinition { get; init; }

    /// <summary>The fields that a document should have.</summary>
    public IReadOnlyList<string> RequiredField { get; init; } = [];

    /// <summary>The date that ages are counted from; null where recency is not measured.</summary>
    public DateTimeOffset? AsOf { get; init; }

    /// <summary>The age from which a document is not recent at all; null where recency is not measured.</summary>
    public TimeSpan? MaxAge { get; init; }

    /// <summary>The Jaccard similarity of 5-grams from which a document is a duplicate, in (0, 1].</summary>
    public double DuplicateThreshold { get; init; } = 0.7;

    /// <summary>The seed of the clustering.</summary>
    public int Seed { get; init; }

    /// <summary>SHA-256 of the word list.</summary>
    public string DictionaryHash { get; init; } = string.Empty;

    /// <summary>SHA-256 of the reference corpus; empty without one.</summary>
    public string ReferenceHash { get; init; } = string.Empty;

    /// <summary>The name and SHA-256 of the text model.</summary>
    public string Model { get; init; } = string.Empty;

    /// <summary>The present version of the rules.</summary>
    internal const int CurrentVersion = 1;

    /// <inheritdoc/>
    public override string ToString() => $"version {Version}, k {ErrorFactor}, {ClusterCount} clusters, {NoveltyDefinition}, {DiversityDefinition}";
}
