namespace QosValuation.Privacy.Accounting;

/// <summary>A release of which zero-concentrated privacy is known and nothing tighter (Bun and Steinke 2016).</summary>
public sealed record ConcentratedEvent : PrivacyEvent
{
    /// <summary>Creates an event.</summary>
    /// <param name="rho">ρ, finite and at least 0.</param>
    /// <exception cref="QosValuationException"><c>PrivacyEventNotValid</c>.</exception>
    public ConcentratedEvent(double rho)
    {
        Require(rho >= 0 && double.IsFinite(rho), $"ρ of a release is {rho}; it must be finite and at least 0.", rho);
        Rho = rho;
    }

    /// <summary>ρ: the Rényi divergence of every order α is at most αρ.</summary>
    public double Rho { get; }
}
