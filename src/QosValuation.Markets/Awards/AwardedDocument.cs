namespace QosValuation.Markets.Awards;

/// <summary>A document that a market bought, with what attributes it to its provider.</summary>
public sealed record AwardedDocument
{
    /// <summary>The names of the fields, in the order of every format.</summary>
    public static IReadOnlyList<string> FieldNames { get; } =
        ["text", "contributor", "source", "license", "sha256", "mechanism", "rank", "value", "payment", "share"];

    /// <summary>The document.</summary>
    public required string Text { get; init; }

    /// <summary>Whose document it is.</summary>
    public required string Contributor { get; init; }

    /// <summary>Where it came from; empty where that is not known.</summary>
    public string Source { get; init; } = string.Empty;

    /// <summary>Its licence; empty where none is stated.</summary>
    public string License { get; init; } = string.Empty;

    /// <summary>SHA-256 of the text in UTF-8, in lower-case hexadecimal.</summary>
    public required string Hash { get; init; }

    /// <summary>The award of its provider.</summary>
    public required DataAward Award { get; init; }

    /// <summary>The text fields, in the order of <see cref="FieldNames"/>.</summary>
    internal IReadOnlyList<string> Texts => [Text, Contributor, Source, License, Hash, Award.Mechanism.ToString()];

    /// <summary>The numbers behind the rank, in the order of <see cref="FieldNames"/>.</summary>
    internal IReadOnlyList<double> Numbers => [Award.Value, Award.Payment, Award.Share];
}
