namespace QosValuation;

/// <summary>The two kinds of data a CLIP model embeds into one space.</summary>
public enum Modality
{
    /// <summary>A photograph or picture.</summary>
    Image,

    /// <summary>A caption or another text.</summary>
    Text,
}

/// <summary>The label that clustering gives a record (paper, section IV-B).</summary>
public enum Novelty
{
    /// <summary>No cluster takes the record with confidence and its own never grew: φ = 0.</summary>
    Noise,

    /// <summary>A member of a cluster that already held Γ members: φ = 0.5.</summary>
    Normal,

    /// <summary>One of the first Γ members of a cluster: φ = 1.</summary>
    Novel,
}

/// <summary>One embedded image or text.</summary>
/// <remarks>
/// Several embeddings may belong to one record (a photograph and its captions): they share <see cref="Item"/>.
/// Quantities such as |d| count records, not embeddings.
/// </remarks>
public sealed record ClipEmbedding
{
    /// <summary>Where the data came from: the full path of an image, or the text itself.</summary>
    public required string Source { get; init; }

    /// <summary>
    /// Identifies the record this embedding belongs to: embeddings of one contributor that share it are one record, an empty one is a
    /// record of its own. The names that the module gives hold the identity of the source, so that unlike things never share one:
    /// the full path of an image, which its captions share; <c>coco:FILE:ID</c> for an image of a COCO file that is not there itself, with
    /// 128 bits of the file's SHA-256; <c>text:TEXT</c> for a text without an image, shortened to its beginning and 128 bits of SHA-256
    /// where it is long, so that the same text of the same contributor is the same record; the file's full path and the row for an
    /// embedding of which nothing else is known.
    /// </summary>
    public required string Item { get; init; }

    /// <summary>Whether an image or a text was embedded.</summary>
    public required Modality Modality { get; init; }

    /// <summary>The embedding, of unit L2 norm; its length is the model's dimension (512 for ViT-B/32).</summary>
    public required float[] Vector { get; init; }

    /// <summary>The name of the model that made the vector.</summary>
    public string Model { get; init; } = string.Empty;

    /// <summary>Who contributed the record: valued, paid and charged for privacy.</summary>
    public string Contributor { get; init; } = string.Empty;

    /// <summary>The position in arrival order, from 0.</summary>
    public long Ordinal { get; init; }

    /// <summary>The cluster the record was placed in; null before clustering, and for noise.</summary>
    public int? ClusterId { get; init; }

    /// <summary>Novel, Normal or Noise; null before clustering.</summary>
    public Novelty? Novelty { get; init; }

    // The class, on its way through clustering. It is no public property, so that Add-Member and Select-Object can give one to embeddings without.
    internal string? Label { get; init; }

    /// <summary>The part of a run that the embedding is from, such as 3/8, where -Shard divided it; null otherwise, and after Join-Embedding.</summary>
    public string? Shard { get; init; }

    /// <summary>The embedding's position in the order of the whole run, from 0, where -Shard divided it; null otherwise, and after Join-Embedding.</summary>
    public long? ShardPosition { get; init; }

    /// <summary>The vector's length.</summary>
    public int Dimension => Vector.Length;
}
