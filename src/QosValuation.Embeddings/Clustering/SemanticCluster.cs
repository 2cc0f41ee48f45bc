namespace QosValuation;

/// <summary>A set of records close to each other in the embedding space: an iDAO of the paper.</summary>
public sealed record SemanticCluster
{
    /// <summary>The cluster's number, from 0 in order of discovery.</summary>
    public required int Id { get; init; }

    /// <summary>The number of records (not embeddings).</summary>
    public required int Count { get; init; }

    /// <summary>
    /// The normalised mean of the records' placing vectors (image, or text where there is no image), or the public centroid they were
    /// assigned to; unit L2 norm.
    /// </summary>
    public required float[] Centroid { get; init; }

    /// <summary>Whether the cluster holds at least Γ records.</summary>
    public required bool IsConfirmed { get; init; }

    /// <summary>The arrival ordinal of the record that confirmed the cluster, counting the records grouped from 0; null while it is unconfirmed.</summary>
    public long? ConfirmedAt { get; init; }

    /// <summary>
    /// Whether the cluster stands for a public centroid, one that does not depend on the data. It then exists whether it has
    /// members or not, and a replaced record may move from it to another.
    /// </summary>
    public bool IsPublic { get; init; }

    /// <summary>The modalities of the whole grouping, for clusters of public centroids: what is released of an empty one too. Empty for others.</summary>
    public IReadOnlyList<Modality> Modalities { get; init; } = [];

    /// <summary>The members' embeddings, each with its cluster and novelty, in arrival order.</summary>
    public required IReadOnlyList<ClipEmbedding> Members { get; init; }

    /// <summary>The name of the encoder that made the members of a modality: a grouping takes embeddings of one.</summary>
    /// <param name="modality">The modality; null for either.</param>
    /// <returns>The name; empty where no member says.</returns>
    public string ModelOf(Modality? modality = null) =>
        Members.FirstOrDefault(member => (modality is null || member.Modality == modality) && !string.IsNullOrEmpty(member.Model))?.Model ?? string.Empty;
}
