namespace QosValuation;

/// <summary>An embedding near a query, from Find-Embedding.</summary>
public sealed record EmbeddingMatch
{
    /// <summary>What was searched for: the path of the image, the text, or the name of the vector.</summary>
    public required string Query { get; init; }

    /// <summary>The place among the matches of the query, from 1 for the nearest.</summary>
    public required int Rank { get; init; }

    /// <summary>The cosine between the query and the embedding, from −1 to 1, in double precision.</summary>
    public required double Similarity { get; init; }

    /// <summary>The record that the embedding belongs to.</summary>
    public string Item => Embedding.Item;

    /// <summary>Where the embedding came from: the path of an image, or a text.</summary>
    public string Source => Embedding.Source;

    /// <summary>Whether an image or a text was found.</summary>
    public Modality Modality => Embedding.Modality;

    /// <summary>The embedding as it was given.</summary>
    public required ClipEmbedding Embedding { get; init; }
}
