namespace QosValuation.Valuation.Quality;

/// <summary>How data quality is measured: the parameters of the score, and what they name.</summary>
public sealed record DataQualityOptions
{
    /// <summary>The parameters; the digests in them are filled in from the things below.</summary>
    public DataQualityParameters Parameters { get; init; } = new();

    /// <summary>The word list.</summary>
    public WordList Dictionary { get; init; } = WordList.English;

    /// <summary>The reference corpus; null for none.</summary>
    public ReferenceCorpus? Reference { get; init; }

    /// <summary>Embeds the documents; null measures neither diversity nor novelty by similarity.</summary>
    public SentenceEmbedder? Embedder { get; init; }

    /// <summary>Checks the ranges. O(1).</summary>
    /// <exception cref="QosValuationException"><c>QualityOptionInvalid</c>.</exception>
    public void Validate()
    {
        DataQualityParameters p = Parameters;
        Require(p.ErrorFactor >= 0 && double.IsFinite(p.ErrorFactor), $"ErrorFactor must be finite and at least 0, not {p.ErrorFactor}.", p.ErrorFactor);
        Require(p.ClusterCount is >= 2 and <= 100_000, $"ClusterCount must be from 2 to 100000, not {p.ClusterCount}.", p.ClusterCount);
        Require(
            p.Weight.Count == 4 && p.Weight.All(weight => weight >= 0 && double.IsFinite(weight)) && p.Weight.Sum() > 0,
            $"Weight takes four numbers of at least 0 that are not all 0, for cleanliness, diversity, novelty and metadata, not {string.Join(", ", p.Weight)}.",
            p.Weight);
        Require(
            p.DuplicateThreshold is > 0 and <= 1, $"DuplicateThreshold must lie above 0 and up to 1, not {p.DuplicateThreshold}.", p.DuplicateThreshold);
        Require(p.MaxAge is null || p.MaxAge > TimeSpan.Zero, $"MaxAge must be above 0, not {p.MaxAge}.", p.MaxAge);
        Require(
            p.NoveltyDefinition != NoveltyDefinition.Recency || (p.AsOf is not null && p.MaxAge is not null), "Recency needs AsOf and MaxAge.", p);
    }

    private static void Require(bool isValid, string message, object? value)
    {
        if (!isValid)
        {
            throw new QosValuationException(Faults.QualityOptionInvalid, message, value);
        }
    }
}
