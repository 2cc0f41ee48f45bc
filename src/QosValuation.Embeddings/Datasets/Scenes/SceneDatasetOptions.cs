namespace QosValuation.Embeddings.Datasets.Scenes;

/// <summary>What scene dataset to generate.</summary>
public sealed record SceneDatasetOptions
{
    /// <summary>The folder that receives <c>images/</c> and <c>captions.json</c>; it is created.</summary>
    public required string Path { get; init; }

    /// <summary>The number of scenes, 1 to 10,000,000.</summary>
    public int Count { get; init; } = 500;

    /// <summary>The longer side of every image in pixels, 32 to 4096; the aspect ratio varies.</summary>
    public int ImageSize { get; init; } = 320;

    /// <summary>The seed: the same seed gives the same scenes, whatever the number of threads. Null draws one, which captions.json records.</summary>
    public int? Seed { get; init; }

    /// <summary>
    /// The number of contributor folders under <c>images/</c>, at most <see cref="Count"/>. With 1 the images lie in <c>images/</c>
    /// itself; with more they are spread unevenly over contributor-01, contributor-02 …, each with favourite places.
    /// </summary>
    public int Contributors { get; init; } = 1;

    /// <summary>Whether a dataset that stands in the folder may be replaced; its images are deleted.</summary>
    public bool Overwrite { get; init; }
}
