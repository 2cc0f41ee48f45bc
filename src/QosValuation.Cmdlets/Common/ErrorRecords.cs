using System.Management.Automation;

namespace QosValuation.Cmdlets;

/// <summary>The one place where error records are made: stable ids, the right category, the offending path or value.</summary>
internal static class ErrorRecords
{
    /// <summary>Turns an engine fault into an error record.</summary>
    /// <param name="fault">The fault.</param>
    /// <param name="target">The offending object where the fault names none.</param>
    /// <returns>The record; its id is the fault's.</returns>
    public static ErrorRecord From(QosValuationException fault, object? target = null) =>
        new(fault, fault.ErrorId, CategoryOf(fault.Kind), fault.Subject ?? target);

    /// <summary>Turns any exception into an error record; engine faults keep their own id.</summary>
    /// <param name="exception">The exception.</param>
    /// <param name="target">The offending object.</param>
    /// <returns>The record.</returns>
    public static ErrorRecord From(Exception exception, object? target) => exception switch
    {
        QosValuationException fault => From(fault, target),
        UnauthorizedAccessException => new(exception, "AccessDenied", ErrorCategory.PermissionDenied, target),
        FileNotFoundException or DirectoryNotFoundException => new(exception, "FileNotFound", ErrorCategory.ObjectNotFound, target),
        IOException => new(exception, "ReadWriteFailed", ErrorCategory.WriteError, target),
        OutOfMemoryException => new(exception, "OutOfMemory", ErrorCategory.ResourceUnavailable, target),
        ArgumentException => new(exception, "ArgumentNotValid", ErrorCategory.InvalidArgument, target),
        _ => new(exception, "Unexpected" + exception.GetType().Name, ErrorCategory.NotSpecified, target),
    };

    /// <summary>A path that matches nothing.</summary>
    /// <param name="path">The path as given.</param>
    /// <param name="cause">PowerShell's exception, where there is one.</param>
    /// <returns>The record.</returns>
    public static ErrorRecord PathNotFound(string path, Exception? cause = null) =>
        From(new QosValuationException("PathNotFound", FaultKind.NotFound, $"Cannot find the path '{path}' because it does not exist.", path, cause));

    /// <summary>A path of a provider other than the file system.</summary>
    /// <param name="path">The path as given.</param>
    /// <param name="provider">The provider's name.</param>
    /// <returns>The record.</returns>
    public static ErrorRecord NotAFileSystemPath(string path, string provider) =>
        From(new QosValuationException("NotAFileSystemPath", FaultKind.InvalidArgument, $"'{path}' is a path of the {provider} provider; give a path of the file system.", path));

    /// <summary>Arguments that contradict each other, or an argument that is missing for the choice made.</summary>
    /// <param name="id">The stable id.</param>
    /// <param name="message">What to do instead.</param>
    /// <param name="value">The offending value.</param>
    /// <returns>The record.</returns>
    public static ErrorRecord InvalidArgument(string id, string message, object? value) =>
        From(new QosValuationException(id, FaultKind.InvalidArgument, message, value));

    private static ErrorCategory CategoryOf(FaultKind kind) => kind switch
    {
        FaultKind.InvalidArgument => ErrorCategory.InvalidArgument,
        FaultKind.InvalidData => ErrorCategory.InvalidData,
        FaultKind.NotFound => ErrorCategory.ObjectNotFound,
        FaultKind.ReadWrite => ErrorCategory.WriteError,
        FaultKind.LimitReached => ErrorCategory.LimitsExceeded,
        FaultKind.Connection => ErrorCategory.ConnectionError,
        FaultKind.Integrity => ErrorCategory.SecurityError,
        FaultKind.NotSupported => ErrorCategory.NotImplemented,
        _ => ErrorCategory.NotSpecified,
    };
}
