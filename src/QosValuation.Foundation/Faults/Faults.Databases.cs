namespace QosValuation;

// SQLite files that hold budgets, ledgers and caches, and PostgreSQL databases that hold budgets and ledgers.
public static partial class Faults
{
    /// <summary>A connection string, a service or the name of a budget or ledger in a database cannot be used.</summary>
    public static Fault DatabaseConnectionNotValid { get; } = Define(FaultKind.InvalidArgument, "Correct -ConnectionString or -Name, or the service file.");

    /// <summary>A database server refused the login.</summary>
    public static Fault DatabaseLoginRefused { get; } = Define(FaultKind.Connection, "Check the role and its password file, service or certificate.");

    /// <summary>A role lacks a privilege in a database.</summary>
    public static Fault DatabaseNotPermitted { get; } =
        Define(FaultKind.WriteFailed, "Ask the owner for the privilege, or connect as the owner to make or upgrade it.");

    /// <summary>A database server cannot be reached, or the connection to it was lost.</summary>
    public static Fault DatabaseNotReachable { get; } = Define(FaultKind.Connection, "Check the host and the port, and that the server runs; then try again.");

    /// <summary>The connection was lost while a change was being kept, and the server could not be asked whether it was.</summary>
    public static Fault DatabaseOutcomeUnknown { get; } =
        Define(FaultKind.Connection, "Take the change as made, and look at it when the server can be reached.");

    /// <summary>A database server took longer than the timeouts allow.</summary>
    public static Fault DatabaseTimedOut { get; } =
        Define(FaultKind.Connection, "Try again, or allow more time (Timeout, Command Timeout, statement_timeout).");

    /// <summary>There is no encrypted connection to a database server, or its certificate is not trusted.</summary>
    public static Fault DatabaseTlsFailed { get; } =
        Define(FaultKind.Connection, "Give SSL Mode=VerifyFull and the Root Certificate, and check the server's certificate.");

    /// <summary>A budget or ledger in a database was made by a newer version of the module.</summary>
    public static Fault DatabaseTooNew { get; } = Define(FaultKind.NotSupported, "Install the newer version of the module.");

    /// <summary>The SQLite file or the database that was named does not exist.</summary>
    public static Fault DatabaseNotFound { get; } = Define(FaultKind.NotFound, "Check the path, or create the file first.");

    /// <summary>Another process kept a SQLite file locked for too long.</summary>
    public static Fault DatabaseBusy { get; } = Define(FaultKind.LimitReached, "Wait for the other process to end, then run the command again.");

    /// <summary>A SQLite file cannot be read, or is of another kind.</summary>
    public static Fault DatabaseNotReadable { get; } = Define(FaultKind.InvalidData, "Name a file that this module wrote, or restore it from a copy.");

    /// <summary>A SQLite file or its folder cannot be written.</summary>
    public static Fault DatabaseNotWritable { get; } = Define(FaultKind.WriteFailed, "Choose a file and a folder that you may write to.");
}
