namespace QosValuation.Privacy.Accounting;

/// <summary>
/// An event on a Poisson sample: each unit takes part by a coin of its own, and nobody learns who did. The relation is AddRemove,
/// for which Gaussian noise is amplified (Mironov, Talwar and Zhang 2019). A step of DP-SGD is one; a training repeats it.
/// </summary>
public sealed record PoissonSampledEvent : PrivacyEvent
{
    /// <summary>Creates an event.</summary>
    /// <param name="rate">q, the probability that a unit takes part, in [0, 1].</param>
    /// <param name="event">What is released of the sample. Its sensitivity is that of a unit joining or leaving the sample.</param>
    /// <exception cref="QosValuationException"><c>PrivacyEventNotValid</c>.</exception>
    public PoissonSampledEvent(double rate, PrivacyEvent @event)
    {
        ArgumentNullException.ThrowIfNull(@event);
        Require(rate is >= 0 and <= 1, $"The sampling rate is {rate}; it must lie between 0 and 1.", rate);
        Rate = rate;
        Event = @event;
    }

    /// <summary>q in [0, 1].</summary>
    public double Rate { get; }

    /// <summary>What is released of the sample.</summary>
    public PrivacyEvent Event { get; }

    /// <inheritdoc/>
    public override Neighboring Neighboring => Neighboring.AddRemove;

    /// <inheritdoc/>
    public override PrivacyUnit Unit => Event.Unit;
}
