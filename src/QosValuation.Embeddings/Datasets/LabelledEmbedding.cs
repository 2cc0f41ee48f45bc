namespace QosValuation.Embeddings.Datasets;

/// <summary>An embedding as a file holds it, with the class that the file says it belongs to.</summary>
/// <param name="Embedding">The embedding.</param>
/// <param name="Label">The class; null where the file names none.</param>
public readonly record struct LabelledEmbedding(ClipEmbedding Embedding, string? Label)
{
    /// <summary>The embedding with the class that it carries, see <see cref="ToEmbedding"/>.</summary>
    /// <param name="embedding">The embedding.</param>
    /// <returns>Both.</returns>
    public static LabelledEmbedding Of(ClipEmbedding embedding)
    {
        ArgumentNullException.ThrowIfNull(embedding);
        return new LabelledEmbedding(embedding, embedding.Label);
    }

    /// <summary>The embedding, carrying its class through what makes copies of it, such as clustering.</summary>
    /// <returns>The embedding itself where there is no class.</returns>
    public ClipEmbedding ToEmbedding() => Label is null ? Embedding : Embedding with { Label = Label };
}
