namespace QosValuation.Embeddings.Encoding;

/// <summary>How the vectors of a text's tokens become one vector.</summary>
public enum TextPooling
{
    /// <summary>The graph gives one vector a text by itself, as CLIP's do.</summary>
    None,

    /// <summary>The mean over the tokens that are not padding, start and end token among them.</summary>
    Mean,

    /// <summary>The vector of the first token, [CLS].</summary>
    First,
}
