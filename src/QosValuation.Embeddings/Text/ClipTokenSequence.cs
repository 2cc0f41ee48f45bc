namespace QosValuation;

/// <summary>A text as a CLIP text encoder sees it.</summary>
public sealed record ClipTokenSequence
{
    /// <summary>The text.</summary>
    public required string Text { get; init; }

    /// <summary>The token ids with start and end token, without padding.</summary>
    public required int[] Ids { get; init; }

    /// <summary>Whether tokens at the end of the text were left out because the encoder's context is full.</summary>
    public bool IsTruncated { get; init; }

    /// <summary>The number of ids.</summary>
    public int Count => Ids.Length;
}
