namespace QosValuation.Cmdlets.About;

/// <summary>Marks a type whose doc comment is the text of a conceptual help topic.</summary>
/// <param name="name">The topic's name, such as <c>about_QosValuation</c>.</param>
[AttributeUsage(AttributeTargets.Class)]
internal sealed class AboutTopicAttribute(string name) : Attribute
{
    /// <summary>The topic's name.</summary>
    public string Name { get; } = name;
}
