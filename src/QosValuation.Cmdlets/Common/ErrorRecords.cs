using System.Management.Automation;

namespace QosValuation.Cmdlets;

/// <summary>The one place where exceptions become error records: stable ids, the right category, the offending path or value.</summary>
internal static class ErrorRecords
{
    /// <summary>Turns an engine fault into an error record.</summary>
    /// <param name="fault">The fault.</param>
    /// <param name="target">The offending object where the fault names none.</param>
    /// <returns>The record; its id is the fault's.</returns>
    public static ErrorRecord From(QosValuationException fault, object? target = null) =>
        new(fault, fault.ErrorId, CategoryOf(fault.Kind), fault.Subject ?? target)
        {
            ErrorDetails = new ErrorDetails(fault.Message) { RecommendedAction = fault.Fault.Advice },
        };

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

    private static ErrorCategory CategoryOf(FaultKind kind) => kind switch
    {
        FaultKind.InvalidArgument => ErrorCategory.InvalidArgument,
        FaultKind.InvalidData => ErrorCategory.InvalidData,
        FaultKind.NotFound => ErrorCategory.ObjectNotFound,
        FaultKind.ReadFailed => ErrorCategory.ReadError,
        FaultKind.WriteFailed => ErrorCategory.WriteError,
        FaultKind.LimitReached => ErrorCategory.LimitsExceeded,
        FaultKind.Connection => ErrorCategory.ConnectionError,
        FaultKind.Integrity => ErrorCategory.SecurityError,
        FaultKind.NotSupported => ErrorCategory.NotImplemented,
        _ => ErrorCategory.NotSpecified,
    };
}
