namespace QosValuation.Privacy.Accounting;

/// <summary>The same event several times on the same data, with fresh noise each time.</summary>
public sealed record RepeatedEvent : PrivacyEvent
{
    /// <summary>Creates an event.</summary>
    /// <param name="event">The event.</param>
    /// <param name="count">How often, at least 0.</param>
    /// <exception cref="QosValuationException"><c>PrivacyEventNotValid</c>.</exception>
    public RepeatedEvent(PrivacyEvent @event, long count)
    {
        ArgumentNullException.ThrowIfNull(@event);
        Require(count >= 0, $"An event is repeated {count} times; give at least 0.", count);
        Event = @event;
        Count = count;
    }

    /// <summary>The event.</summary>
    public PrivacyEvent Event { get; }

    /// <summary>How often.</summary>
    public long Count { get; }

    /// <inheritdoc/>
    public override Neighboring Neighboring => Event.Neighboring;

    /// <inheritdoc/>
    public override PrivacyUnit Unit => Event.Unit;
}
