namespace QosValuation;

// Data values and the labels they rest on.
public static partial class Faults
{
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
