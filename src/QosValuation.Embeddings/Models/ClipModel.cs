namespace QosValuation;

/// <summary>A CLIP-style pair of encoders on disk, with what was read from its files.</summary>
public sealed record ClipModel
{
    /// <summary>The model's name, such as <c>clip-mini</c> or <c>ViT-B-32</c>.</summary>
    public required string Name { get; init; }

    /// <summary>The folder that holds the model.</summary>
    public required string Path { get; init; }

    /// <summary>The length of an embedding.</summary>
    public required int Dimension { get; init; }

    /// <summary>The side of the square input image in pixels; 0 where there is no vision model.</summary>
    public required int ImageSize { get; init; }

    /// <summary>The number of token positions of the text model; 0 where there is none.</summary>
    public required int ContextLength { get; init; }

    /// <summary>Which modalities the folder can embed.</summary>
    public required IReadOnlyList<Modality> Modalities { get; init; }
}
