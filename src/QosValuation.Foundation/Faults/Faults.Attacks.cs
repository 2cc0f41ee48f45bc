namespace QosValuation;

// Reconstruction, membership inference and audits.
public static partial class Faults
{
    /// <summary>No target was given.</summary>
    public static Fault NothingToAttack { get; } = Define(FaultKind.InvalidArgument, "Pipe prototypes, embeddings or vectors in, or give a -Text.");

    /// <summary>A target of an attack is not usable.</summary>
    public static Fault AttackTargetInvalid { get; } = Define(
        FaultKind.InvalidArgument,
        "Give prototypes, embeddings, clusters or vectors of the attacked model.");

    /// <summary>An option of a reconstruction is out of range.</summary>
    public static Fault AttackOptionInvalid { get; } = Define(FaultKind.InvalidArgument, "Correct the option that the message names.");

    /// <summary>An attacker was named twice, or none was named.</summary>
    public static Fault AttackMethodRepeated { get; } = Define(FaultKind.InvalidArgument, "Name each attacker once, and at least one.");

    /// <summary>What is to be attacked was made by another encoder than what was attacked before it.</summary>
    public static Fault AttackModelMismatch { get; } = Define(FaultKind.InvalidData, "Attack the releases of one encoder at a time, or name it with -Model.");

    /// <summary>The attacked model does not take square RGB images.</summary>
    public static Fault AttackModelNotSupported { get; } = Define(FaultKind.NotSupported, "Choose an image encoder with a square RGB input.");

    /// <summary>An option of a membership inference attack is out of range.</summary>
    public static Fault AttackNotValid { get; } = Define(FaultKind.InvalidArgument, "Correct the option that the message names.");

    /// <summary>An option of an audit is out of range.</summary>
    public static Fault AuditNotValid { get; } = Define(FaultKind.InvalidArgument, "Correct the option that the message names.");

    /// <summary>How much noise a target carries is not known.</summary>
    public static Fault NoiseUnknown { get; } = Define(
        FaultKind.InvalidArgument,
        "Give prototypes as New-DpPrototype emits them, or say the noise with -Sigma.");

    /// <summary>Pictures were asked for without a folder to write them to.</summary>
    public static Fault OutputPathMissing { get; } = Define(FaultKind.InvalidArgument, "Name a folder with -OutputPath.");

    /// <summary>What was given as public data is not usable.</summary>
    public static Fault PublicEmbeddingInvalid { get; } = Define(
        FaultKind.InvalidArgument,
        "Give finite embeddings of the attacked model, photographs, or embedding files.");

    /// <summary>The attacker needs public embeddings, and there are none.</summary>
    public static Fault PublicEmbeddingsMissing { get; } = Define(FaultKind.InvalidArgument, "Give some with -Public.");

    /// <summary>What was given as a reference is not usable.</summary>
    public static Fault ReferenceInvalid { get; } = Define(
        FaultKind.InvalidArgument,
        "Give clusters, prototypes, embeddings, photographs or embedding files of the attacked model.");

    /// <summary>The resolution of a component exceeds the canvas or is below 1.</summary>
    public static Fault ResolutionOutOfRange { get; } = Define(FaultKind.InvalidArgument, "Give a resolution from 1 to the side of the canvas.");

    /// <summary>A picture for the grid does not hold the bytes that its size needs.</summary>
    public static Fault GridPictureInvalid { get; } = Define(FaultKind.InvalidData, "Pass reconstructions as Invoke-ReconstructionAttack emits them.");

    /// <summary>The pictures for a grid differ in size.</summary>
    public static Fault GridSizesDiffer { get; } = Define(FaultKind.InvalidArgument, "Make grids of pictures of one size.");
}
