using System.Text.Json;
using System.Text.Json.Serialization;

namespace QosValuation.Privacy.Accounting;

/// <summary>
/// What a release, or a training, tells of private data, as far as its noise decides it. Mechanisms emit events; accountants and
/// budgets add them up (<see cref="PrivacyCost"/>) and know nothing of prototypes or models. Immutable.
/// </summary>
[JsonDerivedType(typeof(GaussianEvent), "Gaussian")]
[JsonDerivedType(typeof(ConcentratedEvent), "Concentrated")]
[JsonDerivedType(typeof(NonFormalEvent), "NonFormal")]
[JsonDerivedType(typeof(ComposedEvent), "Composed")]
[JsonDerivedType(typeof(RepeatedEvent), "Repeated")]
[JsonDerivedType(typeof(PoissonSampledEvent), "PoissonSampled")]
public abstract record PrivacyEvent
{
    private static readonly JsonSerializerOptions Options = new() { Converters = { new JsonStringEnumConverter() } };

    /// <summary>The relation that the event's numbers are stated for.</summary>
    public virtual Neighboring Neighboring { get; init; }

    /// <summary>Whose data differ between neighbours.</summary>
    public virtual PrivacyUnit Unit { get; init; }

    /// <summary>Reads an event from <see cref="ToText"/>.</summary>
    /// <param name="text">JSON.</param>
    /// <returns>The event.</returns>
    /// <exception cref="QosValuationException"><c>PrivacyEventNotValid</c>.</exception>
    public static PrivacyEvent Parse(string text)
    {
        try
        {
            return JsonSerializer.Deserialize<PrivacyEvent>(text, Options) ?? throw new JsonException("It is null.");
        }
        catch (Exception exception) when (exception is JsonException or NotSupportedException or InvalidOperationException)
        {
            throw new QosValuationException(Faults.PrivacyEventNotValid, $"This is no privacy event: {exception.Message}", text, exception);
        }
    }

    /// <summary>The event as JSON, as it stands in a budget's file.</summary>
    /// <returns>One line.</returns>
    public string ToText() => JsonSerializer.Serialize(this, Options);

    /// <summary>Refuses a number out of range.</summary>
    /// <param name="isValid">Whether it is in range.</param>
    /// <param name="message">What it is and what it should be.</param>
    /// <param name="value">The number.</param>
    /// <exception cref="QosValuationException"><c>PrivacyEventNotValid</c>.</exception>
    private protected static void Require(bool isValid, string message, object value)
    {
        if (!isValid)
        {
            throw new QosValuationException(Faults.PrivacyEventNotValid, FaultKind.InvalidArgument, message, value);
        }
    }
}
