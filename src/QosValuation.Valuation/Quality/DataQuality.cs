namespace QosValuation;

/// <summary>The quality of a contributor's documents (seed 002, section 7.3 and appendix C).</summary>
public sealed record DataQuality
{
    /// <summary>Who contributed the documents.</summary>
    public required string Contributor { get; init; }

    /// <summary>Σ w·component / Σ w over the components that could be measured, in [0, 1]; with noise where <see cref="Epsilon"/> is not null.</summary>
    public required double Quality { get; init; }

    /// <summary>1 − min(1, k·errors/tokens), in [0, 1]; 0 without tokens. NaN in a private release.</summary>
    public required double Cleanliness { get; init; }

    /// <summary>
    /// The errors of all documents: corrupt characters, OCR artefacts, broken words, unknown words, and one for each duplicate. Null in a private release.
    /// </summary>
    public required long? Errors { get; init; }

    /// <summary>The words of all documents. Null in a private release.</summary>
    public required long? Tokens { get; init; }

    /// <summary>The number of documents.</summary>
    public required long Documents { get; init; }

    /// <summary>H = −Σ p ln p over the clusters of the documents' embeddings, in nats.</summary>
    public required double Entropy { get; init; }

    /// <summary>H / ln k for k = ClusterCount, in [0, 1]: the diversity of appendix C.</summary>
    public required double NormalizedEntropy { get; init; }

    /// <summary>1 − Σ p², in [0, 1): the diversity of section 7.3.</summary>
    public required double GiniSimpson { get; init; }

    /// <summary>The novelty that counts, in [0, 1]; NaN where it could not be measured.</summary>
    public required double Novelty { get; init; }

    /// <summary>The mean over documents of 1 − age/MaxAge, clipped to [0, 1]; a document without a date counts 0. NaN unless asked for.</summary>
    public required double Recency { get; init; }

    /// <summary>The mean cosine of each sentence to its nearest sentence of the reference corpus; NaN without one.</summary>
    public required double Duplication { get; init; }

    /// <summary>The share of the required fields that are filled, in [0, 1]; NaN where none is required.</summary>
    public required double Metadata { get; init; }

    /// <summary>What kinds of errors there are.</summary>
    public required TextErrors ErrorCounts { get; init; }

    /// <summary>The share of exact nearest sentences that the approximate search found, of a sample; 1 for the exact search, NaN without a corpus.</summary>
    public required double ReferenceRecall { get; init; }

    /// <summary>SHA-256 over the inputs' digest, the parameters and the version; of a private release over the parameters and the version alone.</summary>
    public required string Hash { get; init; }

    /// <summary>SHA-256 over the documents in their order; empty in a private release, which it would betray.</summary>
    public required string InputHash { get; init; }

    /// <summary>All that the score depends on beside the documents.</summary>
    public required DataQualityParameters Parameters { get; init; }

    /// <summary>ε of a private release; null for an exact score.</summary>
    public double? Epsilon { get; init; }

    /// <summary>δ of a private release; null for an exact score.</summary>
    public double? Delta { get; init; }

    /// <summary>How far one document moves the private score before noise; null for an exact score.</summary>
    public double? Sensitivity { get; init; }

    /// <summary>The standard deviation of the noise; null for an exact score.</summary>
    public double? Sigma { get; init; }
}
