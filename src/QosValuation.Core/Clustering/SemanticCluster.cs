namespace QosValuation;

/// <summary>A set of records close to each other in the embedding space: an iDAO of the paper.</summary>
public sealed record SemanticCluster
{
    /// <summary>The cluster's number, from 0 in order of discovery.</summary>
    public required int Id { get; init; }

    /// <summary>The number of records (not embeddings).</summary>
    public required int Count { get; init; }

    /// <summary>The normalised mean of the records' placing vectors (image, or text where there is no image); unit L2 norm.</summary>
    public required float[] Centroid { get; init; }

    /// <summary>Whether the cluster holds at least Γ records.</summary>
    public required bool IsConfirmed { get; init; }

    /// <summary>The arrival ordinal of the record that confirmed the cluster, counting the records grouped from 0; null while it is unconfirmed.</summary>
    public long? ConfirmedAt { get; init; }

    /// <summary>The members' embeddings, each with its cluster and novelty, in arrival order.</summary>
    public required IReadOnlyList<ClipEmbedding> Members { get; init; }
}
