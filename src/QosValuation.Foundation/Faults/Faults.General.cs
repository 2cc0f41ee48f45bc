namespace QosValuation;

// What any part of the engine can meet.
public static partial class Faults
{
    /// <summary>A fault that its thrower did not name.</summary>
    public static Fault Unspecified { get; } = Define(FaultKind.InvalidData, "Read the message and the inner exception.");

    /// <summary>A disk has no room for what has to be written.</summary>
    public static Fault DiskFull { get; } = Define(FaultKind.LimitReached, "Free some space, or write to another disk.");

    /// <summary>A file could not be written.</summary>
    public static Fault FileNotWritable { get; } = Define(FaultKind.WriteFailed, "Check that the folder exists and may be written to, or choose another one.");

    /// <summary>A file that must not be replaced exists.</summary>
    public static Fault FileExists { get; } = Define(FaultKind.InvalidArgument, "Choose another name, or allow the file to be replaced.");

    /// <summary>A folder was named where a file is meant.</summary>
    public static Fault PathIsFolder { get; } = Define(FaultKind.InvalidArgument, "Name a file in that folder.");

    /// <summary>A path matches nothing.</summary>
    public static Fault PathNotFound { get; } = Define(FaultKind.NotFound, "Check the spelling of the path and the current location.");

    /// <summary>A path belongs to a provider other than the file system.</summary>
    public static Fault NotAFileSystemPath { get; } = Define(FaultKind.InvalidArgument, "Give a path of the file system.");

    /// <summary>A folder cannot be listed.</summary>
    public static Fault FolderNotReadable { get; } = Define(FaultKind.ReadFailed, "Check the permissions of the folder, or leave it out.");

    /// <summary>The operating system does not let a file or a folder be used.</summary>
    public static Fault AccessDenied { get; } = Define(FaultKind.ReadFailed, "Check the permissions of the file and of its folder.");

    /// <summary>A file that the work needs does not exist.</summary>
    public static Fault FileNotFound { get; } = Define(FaultKind.NotFound, "Check the spelling of the path and the current location.");

    /// <summary>A file could not be read or written.</summary>
    public static Fault ReadWriteFailed { get; } = Define(FaultKind.ReadFailed, "Check the file and the disk, and run the command again.");

    /// <summary>The memory does not suffice for an item.</summary>
    public static Fault OutOfMemory { get; } = Define(FaultKind.LimitReached, "Leave the item out, make it smaller, or close other programs.");

    /// <summary>A value is not one that the work can take.</summary>
    public static Fault ArgumentNotValid { get; } = Define(FaultKind.InvalidArgument, "Correct the value that the message names.");

    /// <summary>An item failed in a way that nobody foresaw.</summary>
    public static Fault UnexpectedFailure { get; } = Define(
        FaultKind.InvalidData,
        "Check the item, which may be damaged; if it is whole, report the error with its inner exception.");
}
