using QosValuation.Foundation.IO;

namespace QosValuation;

/// <summary>
/// A mistake the engine can explain. Its <see cref="Fault"/> stands in the catalogue <see cref="Faults"/>, the message says what
/// happened here and what to do next (safe to show: <see cref="DisplayText"/>), and <see cref="Subject"/> is the offending path or value.
/// </summary>
public class QosValuationException : Exception
{
    /// <summary>Creates an exception.</summary>
    /// <param name="fault">The fault, from the catalogue <see cref="Faults"/>.</param>
    /// <param name="message">What went wrong and what to do about it.</param>
    /// <param name="subject">The offending path or value.</param>
    /// <param name="innerException">The cause, where there is one.</param>
    public QosValuationException(Fault fault, string message, object? subject = null, Exception? innerException = null)
        : this(fault, (fault ?? throw new ArgumentNullException(nameof(fault))).Kind, message, subject, innerException)
    {
    }

    /// <summary>Creates an exception of another kind than its fault usually has, such as a file that the disk does not give out.</summary>
    /// <param name="fault">The fault, from the catalogue <see cref="Faults"/>.</param>
    /// <param name="kind">The kind of mistake in this case.</param>
    /// <param name="message">What went wrong and what to do about it.</param>
    /// <param name="subject">The offending path or value.</param>
    /// <param name="innerException">The cause, where there is one.</param>
    public QosValuationException(Fault fault, FaultKind kind, string message, object? subject = null, Exception? innerException = null)
        : base(DisplayText.OfMessage(message), innerException)
    {
        ArgumentNullException.ThrowIfNull(fault);
        Fault = fault;
        Kind = kind;
        Subject = subject;
    }

    /// <summary>Creates an exception with the fault <see cref="Faults.Unspecified"/>.</summary>
    public QosValuationException() : this(Faults.Unspecified, "An unspecified error occurred.")
    {
    }

    /// <summary>Creates an exception with the fault <see cref="Faults.Unspecified"/>.</summary>
    /// <param name="message">What went wrong.</param>
    public QosValuationException(string message) : this(Faults.Unspecified, message)
    {
    }

    /// <summary>Creates an exception with the fault <see cref="Faults.Unspecified"/>.</summary>
    /// <param name="message">What went wrong.</param>
    /// <param name="innerException">The cause.</param>
    public QosValuationException(string message, Exception innerException)
        : this(Faults.Unspecified, message, null, innerException)
    {
    }

    /// <summary>The fault as the catalogue lists it, with the advice.</summary>
    public Fault Fault { get; }

    /// <summary>The fault's stable id.</summary>
    public string ErrorId => Fault.Id;

    /// <summary>The kind of mistake; nearly always the fault's own.</summary>
    public FaultKind Kind { get; }

    /// <summary>The offending path or value, where there is one.</summary>
    public object? Subject { get; }

    /// <summary>Whether the exception reports one of the faults.</summary>
    /// <param name="faults">Faults from the catalogue.</param>
    /// <returns>True where its fault is among them.</returns>
    public bool Is(params ReadOnlySpan<Fault> faults) => faults.Contains(Fault);
}
