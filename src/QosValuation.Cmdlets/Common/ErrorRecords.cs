using System.Management.Automation;
using QosValuation.Foundation.IO;

namespace QosValuation.Cmdlets;

/// <summary>The one place where exceptions become error records: stable ids, the right category, the offending path or value.</summary>
internal static class ErrorRecords
{
    /// <summary>Turns an engine fault into an error record.</summary>
    /// <param name="fault">The fault.</param>
    /// <param name="target">The offending object where the fault names none.</param>
    /// <returns>The record; its id is the fault's.</returns>
    public static ErrorRecord From(QosValuationException fault, object? target = null)
    {
        var record = new ErrorRecord(fault, fault.ErrorId, CategoryOf(fault.Kind), fault.Subject ?? target)
        {
            ErrorDetails = new ErrorDetails(fault.Message) { RecommendedAction = fault.Fault.Advice },
        };
        if (record.TargetObject is string name)
        {
            record.CategoryInfo.TargetName = DisplayText.Of(name);
        }

        return record;
    }

    /// <summary>Turns any exception into an error record; engine faults keep their own id, others get one of the catalogue.</summary>
    /// <param name="exception">The exception.</param>
    /// <param name="target">The offending object.</param>
    /// <returns>The record.</returns>
    public static ErrorRecord From(Exception exception, object? target) => exception switch
    {
        QosValuationException fault => From(fault, target),

        // Several threads may meet the same fault at once: one of them stands for all.
        AggregateException group when group.Flatten().InnerExceptions is [var first, ..] => From(first, target),
        UnauthorizedAccessException => Explained(Faults.AccessDenied, exception, target),
        FileNotFoundException or DirectoryNotFoundException => Explained(Faults.FileNotFound, exception, target),
        IOException full when DiskFaults.IsDiskFull(full) => Explained(Faults.DiskFull, exception, target),
        IOException => Explained(Faults.ReadWriteFailed, exception, target),
        OutOfMemoryException => Explained(Faults.OutOfMemory, exception, target),
        ArgumentException => Explained(Faults.ArgumentNotValid, exception, target),
        _ => Explained(Faults.UnexpectedFailure, exception, target),
    };

    private static ErrorRecord Explained(Fault fault, Exception exception, object? target)
    {
        string subject = target switch
        {
            string { Length: > 0 } text => $"'{text}' could not be processed: ",
            _ => string.Empty,
        };
        string type = fault == Faults.UnexpectedFailure ? $" ({exception.GetType().Name})" : string.Empty;
        return From(new QosValuationException(fault, $"{subject}{exception.Message.TrimEnd('.')}{type}.", target, exception), target);
    }

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
