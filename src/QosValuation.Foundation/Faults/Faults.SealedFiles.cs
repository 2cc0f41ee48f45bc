namespace QosValuation;

// Files with a checksum, such as the state of a clustering.
public static partial class Faults
{
    /// <summary>A state file could not be read.</summary>
    public static Fault StateNotReadable { get; } = Define(FaultKind.ReadFailed, "Check that the file exists and may be read.");

    /// <summary>A file is not of the kind that was expected.</summary>
    public static Fault StateNotRecognised { get; } = Define(FaultKind.InvalidData, "Name a file that this module wrote, or a new one.");

    /// <summary>A state file was written by another version of the module.</summary>
    public static Fault StateVersionNotSupported { get; } = Define(FaultKind.NotSupported, "Use the version that wrote it, or begin a new file.");

    /// <summary>The checksum of a state file does not match its content.</summary>
    public static Fault StateDamaged { get; } = Define(FaultKind.Integrity, "Restore the file from a copy, or name a new one.");
}
