namespace QosValuation;

// Releasing, correcting and measuring prototypes.
public static partial class Faults
{
    /// <summary>A cluster carries no members.</summary>
    public static Fault ClusterWithoutMembers { get; } = Define(FaultKind.InvalidData, "Pass clusters as Group-Embedding emits them, with their members.");

    /// <summary>A cluster came twice.</summary>
    public static Fault ClusterRepeated { get; } = Define(FaultKind.InvalidData, "Measure the clusters of one grouping at a time.");

    /// <summary>A cluster has too few records of the modality.</summary>
    public static Fault ClusterTooSmall { get; } = Define(FaultKind.InvalidData, "Leave the cluster out, or group into fewer clusters.");

    /// <summary>A record does not name its contributor.</summary>
    public static Fault ContributorMissing { get; } = Define(FaultKind.InvalidData, "Set the contributor with Get-ClipEmbedding -Contributor.");

    /// <summary>The largest number of records of a contributor is below 1.</summary>
    public static Fault MaximumRecordsOutOfRange { get; } = Define(FaultKind.InvalidArgument, "Give a whole number of at least 1.");

    /// <summary>A parameter belongs to another unit of privacy.</summary>
    public static Fault ParameterNotForUnit { get; } = Define(FaultKind.InvalidArgument, "Add the -Unit it belongs to, or leave the parameter out.");

    /// <summary>A coefficient of the perturbation is out of range.</summary>
    public static Fault PerturbationOutOfRange { get; } = Define(FaultKind.InvalidArgument, "Give a finite number in the range that the message names.");

    /// <summary>The sensitivity of a cluster around a public centroid would tell how many records it has.</summary>
    public static Fault SensitivityNotApplicable { get; } = Define(FaultKind.InvalidArgument, "Leave -Sensitivity out, and use a formal mechanism.");

    /// <summary>A prototype was processed before in a way that the method cannot follow.</summary>
    public static Fault PostProcessingNotApplicable { get; } = Define(FaultKind.InvalidArgument, "Begin with the prototypes as they were released.");

    /// <summary>A prototype is of another length than the rest.</summary>
    public static Fault PrototypeDimensionMismatch { get; } = Define(FaultKind.InvalidData, "Use the prototypes and records of one model at a time.");

    /// <summary>No reference cluster belongs to a prototype.</summary>
    public static Fault PrototypeWithoutReference { get; } = Define(FaultKind.InvalidData, "Give the clusters that the prototypes were released from.");

    /// <summary>The measurement of utility cannot be done with these options or clusters.</summary>
    public static Fault UtilityNotValid { get; } = Define(FaultKind.InvalidArgument, "Correct the option that the message names.");

    /// <summary>A file is no file of prototypes, or is damaged.</summary>
    public static Fault PrototypeFileNotValid { get; } = Define(FaultKind.InvalidData, "Name a file that Export-DpPrototype wrote.");
}
