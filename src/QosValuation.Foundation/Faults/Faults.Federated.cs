namespace QosValuation;

// Clients that train models together.
public static partial class Faults
{
    /// <summary>The federated algorithm is not known.</summary>
    public static Fault FederatedAlgorithmUnknown { get; } = Define(FaultKind.NotSupported, "Choose an algorithm that the parameter's completion lists.");

    /// <summary>A setting of a federated run is out of range.</summary>
    public static Fault FederatedOptionNotValid { get; } = Define(FaultKind.InvalidArgument, "Correct the setting that the message names.");

    /// <summary>A client of a federated run cannot be used.</summary>
    public static Fault FederatedClientNotValid { get; } = Define(FaultKind.InvalidData, "Correct what the message names, or leave the client out.");

    /// <summary>A client of a model market lacks something, or holds what it must not.</summary>
    public static Fault ModelClientNotValid { get; } = Define(
        FaultKind.InvalidData,
        "Correct what the message names: New-ModelClient and New-ClientPartition make clients that are whole.");

    /// <summary>A client's model is not finite any more.</summary>
    public static Fault FederatedRunDiverged { get; } = Define(FaultKind.InvalidArgument, "Lower -LearningRate, or check the client's data.");

    /// <summary>A setting of a partition among clients is out of range.</summary>
    public static Fault PartitionOptionNotValid { get; } = Define(FaultKind.InvalidArgument, "Correct the setting that the message names.");

    /// <summary>The records cannot be divided among the clients as asked.</summary>
    public static Fault PartitionNotPossible { get; } = Define(FaultKind.InvalidData, "Give more records, or ask for fewer clients or classes.");
}
