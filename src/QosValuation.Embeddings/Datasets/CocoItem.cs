namespace QosValuation;

/// <summary>One record of a COCO-format dataset: a photograph with its captions.</summary>
public sealed record CocoItem
{
    /// <summary>The identifier in the annotation file.</summary>
    public required long ImageId { get; init; }

    /// <summary>
    /// What the record is called where its image is not there: <c>coco:FILE:ID</c>, see <see cref="ClipEmbedding.Item"/>; empty where nothing
    /// is known but the path.
    /// </summary>
    public string Item { get; init; } = string.Empty;

    /// <summary>The full path of the image; null where only captions were asked for.</summary>
    public string? Path { get; init; }

    /// <summary>The captions, in file order; empty where the image has none.</summary>
    public required IReadOnlyList<string> Captions { get; init; }

    /// <summary>Width in pixels as the annotation file states it; 0 where it does not.</summary>
    public int Width { get; init; }

    /// <summary>Height in pixels as the annotation file states it; 0 where it does not.</summary>
    public int Height { get; init; }

    /// <summary>The part of the dataset that the record is from, such as 3/8, where -Shard divided it; null otherwise.</summary>
    public string? Shard { get; init; }

    /// <summary>The records before this one in the whole dataset, where -Shard divided it; null otherwise.</summary>
    public long? RecordsBefore { get; init; }

    /// <summary>The captions of the records before this one in the whole dataset, where -Shard divided it; null otherwise.</summary>
    public long? CaptionsBefore { get; init; }

    /// <summary>The licence's name as the annotation file states it.</summary>
    public string? License { get; init; }
}
