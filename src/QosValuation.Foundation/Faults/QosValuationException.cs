namespace QosValuation;

/// <summary>What kind of mistake a <see cref="QosValuationException"/> reports; a host maps it to its own categories.</summary>
public enum FaultKind
{
    /// <summary>An argument lies outside its documented range, or arguments contradict each other.</summary>
    InvalidArgument,

    /// <summary>A file or record was found but its content cannot be used.</summary>
    InvalidData,

    /// <summary>A file, model, column or key that was named does not exist.</summary>
    NotFound,

    /// <summary>Reading or writing failed.</summary>
    ReadWrite,

    /// <summary>A resource (disk, memory, privacy budget) is exhausted.</summary>
    LimitReached,

    /// <summary>A download or another remote call failed.</summary>
    Connection,

    /// <summary>A digest, signature or chain does not match.</summary>
    Integrity,

    /// <summary>The request is understood but not supported for this input.</summary>
    NotSupported,
}

/// <summary>
/// A mistake the engine can explain. The id is stable (scripts may test for it), the message says what to do next,
/// and <see cref="Subject"/> is the offending path or value.
/// </summary>
public class QosValuationException : Exception
{
    /// <summary>Creates an exception.</summary>
    /// <param name="errorId">A stable PascalCase identifier such as <c>ImageNotReadable</c>.</param>
    /// <param name="kind">The kind of mistake.</param>
    /// <param name="message">What went wrong and what to do about it.</param>
    /// <param name="subject">The offending path or value.</param>
    /// <param name="innerException">The cause, where there is one.</param>
    public QosValuationException(string errorId, FaultKind kind, string message, object? subject = null, Exception? innerException = null)
        : base(message, innerException)
    {
        ErrorId = errorId;
        Kind = kind;
        Subject = subject;
    }

    /// <summary>Creates an exception with the id <c>Unspecified</c>.</summary>
    public QosValuationException() : this("Unspecified", FaultKind.InvalidData, "An unspecified error occurred.")
    {
    }

    /// <summary>Creates an exception with the id <c>Unspecified</c>.</summary>
    /// <param name="message">What went wrong.</param>
    public QosValuationException(string message) : this("Unspecified", FaultKind.InvalidData, message)
    {
    }

    /// <summary>Creates an exception with the id <c>Unspecified</c>.</summary>
    /// <param name="message">What went wrong.</param>
    /// <param name="innerException">The cause.</param>
    public QosValuationException(string message, Exception innerException)
        : this("Unspecified", FaultKind.InvalidData, message, null, innerException)
    {
    }

    /// <summary>The stable identifier of the mistake.</summary>
    public string ErrorId { get; }

    /// <summary>The kind of mistake.</summary>
    public FaultKind Kind { get; }

    /// <summary>The offending path or value, where there is one.</summary>
    public object? Subject { get; }
}
