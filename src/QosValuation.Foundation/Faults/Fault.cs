namespace QosValuation;

/// <summary>A mistake that the engine can explain, as the catalogue <see cref="Faults"/> lists it.</summary>
/// <param name="Id">A stable PascalCase name such as <c>ImageNotReadable</c>; scripts may test for it.</param>
/// <param name="Kind">The kind of mistake, from which a host derives its category.</param>
/// <param name="Advice">What to do about it: a sentence for the user.</param>
public sealed record Fault(string Id, FaultKind Kind, string Advice)
{
    /// <inheritdoc/>
    public override string ToString() => Id;
}
