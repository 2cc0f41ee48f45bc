namespace QosValuation;

/// <summary>A budget refused a release, or could not be charged: nothing was drawn.</summary>
public sealed class PrivacyBudgetException : QosValuationException
{
    /// <summary>Creates an exception.</summary>
    /// <param name="fault">The fault, from the catalogue <see cref="Faults"/>.</param>
    /// <param name="message">What went wrong and what to do about it.</param>
    /// <param name="subject">The contributor or the path.</param>
    /// <param name="innerException">The cause, where there is one.</param>
    public PrivacyBudgetException(Fault fault, string message, object? subject = null, Exception? innerException = null)
        : base(fault, message, subject, innerException)
    {
    }

    /// <summary>Creates an exception of another kind than its fault usually has.</summary>
    /// <param name="fault">The fault, from the catalogue <see cref="Faults"/>.</param>
    /// <param name="kind">The kind of mistake in this case.</param>
    /// <param name="message">What went wrong and what to do about it.</param>
    /// <param name="subject">The contributor or the path.</param>
    /// <param name="innerException">The cause, where there is one.</param>
    public PrivacyBudgetException(Fault fault, FaultKind kind, string message, object? subject = null, Exception? innerException = null)
        : base(fault, kind, message, subject, innerException)
    {
    }

    /// <summary>Creates an exception with the id <c>Unspecified</c>.</summary>
    public PrivacyBudgetException()
    {
    }

    /// <summary>Creates an exception with the id <c>Unspecified</c>.</summary>
    /// <param name="message">What went wrong.</param>
    public PrivacyBudgetException(string message) : base(message)
    {
    }

    /// <summary>Creates an exception with the id <c>Unspecified</c>.</summary>
    /// <param name="message">What went wrong.</param>
    /// <param name="innerException">The cause.</param>
    public PrivacyBudgetException(string message, Exception innerException) : base(message, innerException)
    {
    }

    /// <summary>The contributor whose budget the release would exceed; null where another fault stopped the charge.</summary>
    public string? Contributor { get; init; }

    /// <summary>ε, at the budget's δ, of the release by itself.</summary>
    public double Needed { get; init; } = double.NaN;

    /// <summary>The largest ε, at the budget's δ, of one more release that the contributor's budget allows.</summary>
    public double Remaining { get; init; } = double.NaN;

    /// <summary>The same refusal, with what it is about.</summary>
    /// <param name="subject">A sentence, which comes first.</param>
    /// <returns>An exception with the message of both.</returns>
    public PrivacyBudgetException About(string subject) =>
        new(Fault, Kind, $"{subject} {Message}", Subject, this) { Contributor = Contributor, Needed = Needed, Remaining = Remaining };
}
