namespace QosValuation.Embeddings.Encoding;

/// <summary>One image or text to embed.</summary>
public sealed record EmbeddingRequest
{
    /// <summary>Whether <see cref="Source"/> is an image or a text.</summary>
    public required Modality Modality { get; init; }

    /// <summary>The full path of an image, or a text.</summary>
    public required string Source { get; init; }

    /// <summary>The record it belongs to; what shares a record shares this.</summary>
    public required string Item { get; init; }

    /// <summary>Who contributed the record.</summary>
    public string Contributor { get; init; } = string.Empty;

    /// <summary>The part of a run that the request is of; null where it is of no part.</summary>
    public string? Shard { get; init; }

    /// <summary>The position in the order of the whole run, where the request is of a part of it; else null.</summary>
    public long? ShardPosition { get; init; }
}

/// <summary>What came of a request.</summary>
public sealed record EmbeddingOutcome
{
    /// <summary>The request.</summary>
    public required EmbeddingRequest Request { get; init; }

    /// <summary>Its position in the order of the requests, from 0.</summary>
    public required long Ordinal { get; init; }

    /// <summary>The embedding; null where there is a <see cref="Fault"/>.</summary>
    public ClipEmbedding? Embedding { get; init; }

    /// <summary>Why there is no embedding; null where there is one.</summary>
    public QosValuationException? Fault { get; init; }

    /// <summary>Whether the embedding was found in the cache.</summary>
    public bool IsCached { get; init; }

    /// <summary>Whether the text exceeded the model's context and lost its end. Not known of what comes from the cache.</summary>
    public bool IsTruncated { get; init; }
}
