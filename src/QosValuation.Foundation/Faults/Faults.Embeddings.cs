namespace QosValuation;

// Embedding images and texts, and the cache of vectors.
public static partial class Faults
{
    /// <summary>A vector holds NaN or infinite components, or the model gave none that is usable.</summary>
    public static Fault EmbeddingNotFinite { get; } = Define(
        FaultKind.InvalidData,
        "Embed the source again, with a single-precision model where a half-precision one overflows.");

    /// <summary>Embedding stopped for a reason that was not foreseen.</summary>
    public static Fault EmbeddingFailed { get; } = Define(FaultKind.InvalidData, "Read the inner exception.");

    /// <summary>A text is empty.</summary>
    public static Fault TextEmpty { get; } = Define(FaultKind.InvalidData, "Leave empty texts out.");

    /// <summary>Another process keeps the embedding cache locked.</summary>
    public static Fault CacheBusy { get; } = Define(FaultKind.WriteFailed, "Wait for it to end, or name another -CachePath.");

    /// <summary>The disk has no room for the embedding cache.</summary>
    public static Fault CacheFull { get; } = Define(FaultKind.LimitReached, "Free some space, or name another -CachePath.");

    /// <summary>A file cannot be used as an embedding cache.</summary>
    public static Fault CacheNotReadable { get; } = Define(FaultKind.InvalidData, "Remove the file, or name another -CachePath.");

    /// <summary>What is searched for is neither an image, a text nor a vector.</summary>
    public static Fault SearchQueryInvalid { get; } = Define(FaultKind.InvalidArgument, "Give paths of images, texts, embeddings or arrays of numbers.");

    /// <summary>An option of the search is out of range.</summary>
    public static Fault SearchOptionOutOfRange { get; } = Define(FaultKind.InvalidArgument, "Ask for at least 1 match, and a cosine from -1 to 1.");
}
