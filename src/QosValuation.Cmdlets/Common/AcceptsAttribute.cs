namespace QosValuation.Cmdlets;

/// <summary>
/// Says which record types a parameter of untyped objects takes. The objects are read by <see cref="RecordReader"/>, so that records which
/// were saved and read back will do. The help shows these types, and what is refused is explained by them.
/// </summary>
/// <param name="types">The record types.</param>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class AcceptsAttribute(params Type[] types) : Attribute
{
    /// <summary>The record types.</summary>
    public IReadOnlyList<Type> Types { get; } = types;

    /// <summary>Whether the parameter takes other objects too, so that it says itself what it refuses.</summary>
    public bool AndOthers { get; init; }
}
