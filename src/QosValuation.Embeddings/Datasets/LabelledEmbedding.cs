namespace QosValuation.Embeddings.Datasets;

/// <summary>An embedding as a file holds it, with the class that the file says it belongs to.</summary>
/// <param name="Embedding">The embedding.</param>
/// <param name="Label">The class; null where the file names none.</param>
public readonly record struct LabelledEmbedding(ClipEmbedding Embedding, string? Label);
