namespace QosValuation;

// SQLite files that hold budgets, ledgers and caches.
public static partial class Faults
{
    /// <summary>The SQLite file that was named does not exist.</summary>
    public static Fault DatabaseNotFound { get; } = Define(FaultKind.NotFound, "Check the path, or create the file first.");

    /// <summary>Another process kept a SQLite file locked for too long.</summary>
    public static Fault DatabaseBusy { get; } = Define(FaultKind.LimitReached, "Wait for the other process to end, then run the command again.");

    /// <summary>A SQLite file cannot be read, or is of another kind.</summary>
    public static Fault DatabaseNotReadable { get; } = Define(FaultKind.InvalidData, "Name a file that this module wrote, or restore it from a copy.");

    /// <summary>A SQLite file or its folder cannot be written.</summary>
    public static Fault DatabaseNotWritable { get; } = Define(FaultKind.WriteFailed, "Choose a file and a folder that you may write to.");
}
