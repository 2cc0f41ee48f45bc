namespace QosValuation;

// Data values and the labels they rest on.
public static partial class Faults
{
    /// <summary>A document cannot be read, or holds no text.</summary>
    public static Fault DocumentNotReadable { get; } = Define(FaultKind.InvalidData, "Correct the document, or go on without it.");

    /// <summary>A document is larger than is scored.</summary>
    public static Fault DocumentTooLarge { get; } = Define(FaultKind.InvalidData, "Cut the document into parts of at most 16 MB.");

    /// <summary>The word list cannot be read.</summary>
    public static Fault DictionaryNotReadable { get; } = Define(FaultKind.InvalidData, "Name a text file with a word a line with -Dictionary.");

    /// <summary>The reference corpus or its index cannot be read.</summary>
    public static Fault ReferenceNotReadable { get; } = Define(
        FaultKind.InvalidData,
        "Name text files with -ReferencePath, or delete the index so that it is built again.");

    /// <summary>The index of the reference corpus cannot be written.</summary>
    public static Fault ReferenceNotWritable { get; } = Define(FaultKind.WriteFailed, "Name another file with -IndexPath, or make room on the disk.");

    /// <summary>A setting of data quality is out of range.</summary>
    public static Fault QualityOptionInvalid { get; } = Define(FaultKind.InvalidArgument, "Correct the setting that the message names.");

    /// <summary>A score to be verified was released with noise.</summary>
    public static Fault QualityNotRepeatable { get; } = Define(FaultKind.InvalidArgument, "Verify scores that were made without -Epsilon.");

    /// <summary>An object is neither an embedding nor a cluster.</summary>
    public static Fault NotAnEmbedding { get; } = Define(FaultKind.InvalidData, "Pipe from Get-ClipEmbedding, Import-Embedding or Group-Embedding.");

    /// <summary>Labelled and raw embeddings came together.</summary>
    public static Fault LabelsMixed { get; } = Define(FaultKind.InvalidArgument, "Value labelled embeddings and raw ones apart.");

    /// <summary>A record carries a novelty label and names no cluster.</summary>
    public static Fault ClusterIdMissing { get; } = Define(FaultKind.InvalidData, "Leave the novelty threshold out, or group the embeddings again.");

    /// <summary>The embeddings of one record carry different labels.</summary>
    public static Fault RecordLabelsDiffer { get; } = Define(FaultKind.InvalidData, "Group the embeddings again.");

    /// <summary>A cluster does not list its members, so nobody can be valued for it.</summary>
    public static Fault ClusterHasNoMembers { get; } = Define(FaultKind.InvalidData, "Pass clusters as Group-Embedding emits them, with their members.");

    /// <summary>More records should be drawn than there are.</summary>
    public static Fault QuantityExceedsRecords { get; } = Define(FaultKind.InvalidArgument, "Lower the quantity, or give more embeddings.");

    /// <summary>A cluster id and a novelty contradict each other.</summary>
    public static Fault LabelsContradict { get; } = Define(
        FaultKind.InvalidData,
        "Give each record the labels of one clustering, as Group-Embedding -PassThru emits them.");
}
