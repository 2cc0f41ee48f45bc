namespace QosValuation.Privacy.Accounting;

/// <summary>Several events on the same data, each chosen perhaps by what the ones before it told.</summary>
public sealed record ComposedEvent : PrivacyEvent
{
    /// <summary>Creates an event.</summary>
    /// <param name="events">The events; at least one.</param>
    /// <exception cref="QosValuationException"><c>PrivacyEventNotValid</c>.</exception>
    public ComposedEvent(IReadOnlyList<PrivacyEvent> events)
    {
        Require(events is { Count: > 0 }, "A composition holds no event; give at least one.", 0);
        Events = events;
    }

    /// <summary>The events.</summary>
    public IReadOnlyList<PrivacyEvent> Events { get; }

    /// <summary>ReplaceOne where one of the events is stated for it, else AddRemove.</summary>
    public override Neighboring Neighboring => Events.Any(part => part.Neighboring == Neighboring.ReplaceOne) ? Neighboring.ReplaceOne : Neighboring.AddRemove;

    /// <summary>Record where one of the events protects no more, else Contributor.</summary>
    public override PrivacyUnit Unit => Events.Any(part => part.Unit == PrivacyUnit.Record) ? PrivacyUnit.Record : PrivacyUnit.Contributor;

    /// <summary>Whether the other holds equal events in the same order.</summary>
    /// <param name="other">The other.</param>
    /// <returns>True where it does.</returns>
    public bool Equals(ComposedEvent? other) => other is not null && Events.SequenceEqual(other.Events);

    /// <inheritdoc/>
    public override int GetHashCode() => Events.Aggregate(17, HashCode.Combine);
}
