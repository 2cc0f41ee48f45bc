namespace QosValuation;

// Records, clusters and the state of online clustering.
public static partial class Faults
{
    /// <summary>An embedding has no vector.</summary>
    public static Fault EmbeddingEmpty { get; } = Define(FaultKind.InvalidData, "Leave the embedding out, or embed its source again.");

    /// <summary>An embedding is of another length than those before it.</summary>
    public static Fault EmbeddingDimensionMismatch { get; } = Define(FaultKind.InvalidData, "Use embeddings of one model at a time.");

    /// <summary>An embedding is the zero vector, which has no direction.</summary>
    public static Fault EmbeddingIsZero { get; } = Define(FaultKind.InvalidData, "Embed its source again, or leave it out.");

    /// <summary>An embedding was made by another model than those before it.</summary>
    public static Fault EmbeddingModelMismatch { get; } = Define(FaultKind.InvalidData, "Group the embeddings of one model at a time.");

    /// <summary>The embeddings of one record add up to zero.</summary>
    public static Fault RecordCancelsOut { get; } = Define(FaultKind.InvalidData, "Check which embeddings share the record's Item.");

    /// <summary>The clustering algorithm is not known.</summary>
    public static Fault ClusteringAlgorithmUnknown { get; } = Define(FaultKind.InvalidArgument, "Use Online, KMeans or Dbscan.");

    /// <summary>The similarity threshold is not a cosine from 0 to 1.</summary>
    public static Fault SimilarityThresholdOutOfRange { get; } = Define(FaultKind.InvalidArgument, "Give a number from 0 to 1.");

    /// <summary>The novelty threshold Γ is below 1.</summary>
    public static Fault NoveltyThresholdOutOfRange { get; } = Define(FaultKind.InvalidArgument, "Give a whole number of at least 1.");

    /// <summary>k-means was not told the number of clusters.</summary>
    public static Fault ClusterCountRequired { get; } = Define(FaultKind.InvalidArgument, "Give -ClusterCount, or use Online or Dbscan.");

    /// <summary>The number of clusters is below 1.</summary>
    public static Fault ClusterCountOutOfRange { get; } = Define(FaultKind.InvalidArgument, "Give a whole number of at least 1.");

    /// <summary>More clusters than records were asked for.</summary>
    public static Fault ClusterCountExceedsRecords { get; } = Define(FaultKind.InvalidArgument, "Lower -ClusterCount, or use Online or Dbscan.");

    /// <summary>The smallest neighbourhood of Dbscan is below 1.</summary>
    public static Fault MinimumPointsOutOfRange { get; } = Define(FaultKind.InvalidArgument, "Give a whole number of at least 1.");

    /// <summary>An option of the clustering is out of range.</summary>
    public static Fault ClusteringOptionOutOfRange { get; } = Define(FaultKind.InvalidArgument, "Correct the option that the message names.");

    /// <summary>A public centroid is missing, empty, zero or of another length.</summary>
    public static Fault PublicCentroidNotValid { get; } = Define(FaultKind.InvalidArgument, "Give finite vectors of one model, none of them zero.");

    /// <summary>Another program changed the clustering state meanwhile.</summary>
    public static Fault StateChanged { get; } = Define(FaultKind.Integrity, "Let one program at a time work with the state, and run the command again.");

    /// <summary>Only online clustering can be saved and resumed.</summary>
    public static Fault StateNeedsOnline { get; } = Define(FaultKind.InvalidArgument, "Use -Algorithm Online, or leave -State out.");

    /// <summary>The clustering state was made with other settings.</summary>
    public static Fault StateParameterMismatch { get; } = Define(FaultKind.InvalidArgument, "Use the settings of the state, or name a new file.");

    /// <summary>A folder was named as the clustering state.</summary>
    public static Fault StateIsFolder { get; } = Define(FaultKind.InvalidArgument, "Name a file.");

    /// <summary>-Complete was given without a state to complete.</summary>
    public static Fault CompleteNeedsState { get; } = Define(FaultKind.InvalidArgument, "Name the state's file with -State, or leave -Complete out.");

    /// <summary>A parameter belongs to another clustering algorithm.</summary>
    public static Fault ParameterNotForAlgorithm { get; } = Define(
        FaultKind.InvalidArgument,
        "Leave the parameter out, or choose the algorithm it belongs to.");

    /// <summary>The measurement needs at least two records.</summary>
    public static Fault TooFewRecords { get; } = Define(FaultKind.InvalidData, "Give more records.");
}
