namespace QosValuation.Embeddings.Search;

/// <summary>A vector to search for.</summary>
/// <param name="Name">What it stands for: the path of an image, a text, or the name of a vector.</param>
/// <param name="Vector">The vector, of any norm above 0.</param>
/// <param name="Model">The model that made it; empty where that is not known.</param>
public sealed record EmbeddingQuery(string Name, float[] Vector, string Model = "");
