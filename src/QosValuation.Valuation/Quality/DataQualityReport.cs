namespace QosValuation;

/// <summary>What repeating a score gave.</summary>
public sealed record DataQualityReport
{
    /// <summary>The contributor.</summary>
    public required string Contributor { get; init; }

    /// <summary>Whether documents, parameters and figures are those of the score.</summary>
    public required bool IsValid { get; init; }

    /// <summary>What differs, a sentence each; empty where nothing does.</summary>
    public required IReadOnlyList<string> Differences { get; init; }

    /// <summary>The score that was verified.</summary>
    public required DataQuality Expected { get; init; }

    /// <summary>The score of the documents at hand; null where there are none of this contributor.</summary>
    public DataQuality? Actual { get; init; }
}
