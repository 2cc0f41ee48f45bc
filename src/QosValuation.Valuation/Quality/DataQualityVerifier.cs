using System.Globalization;

namespace QosValuation.Valuation.Quality;

/// <summary>Compares a score with its repetition.</summary>
public static class DataQualityVerifier
{
    // Embeddings differ by the order of sums between processors; more than this is another text.
    private const double Tolerance = 1e-6;

    /// <summary>Compares.</summary>
    /// <param name="expected">The score.</param>
    /// <param name="actual">The score of the documents at hand; null where there are none of this contributor.</param>
    /// <returns>What differs.</returns>
    /// <exception cref="QosValuationException"><c>QualityNotRepeatable</c>: the score was released with noise.</exception>
    public static DataQualityReport Compare(DataQuality expected, DataQuality? actual)
    {
        ArgumentNullException.ThrowIfNull(expected);
        if (expected.Epsilon is not null)
        {
            throw new QosValuationException(
                Faults.QualityNotRepeatable,
                $"The score of '{expected.Contributor}' was released with noise, which cannot be drawn again, and without the digest of the documents.",
                expected.Contributor);
        }

        List<string> differences = actual is null
            ? [$"There is no document of '{expected.Contributor}'."]
            : [.. Differences(expected, actual)];
        return new DataQualityReport
        {
            Contributor = expected.Contributor, IsValid = differences.Count == 0, Differences = differences, Expected = expected, Actual = actual,
        };
    }

    /// <summary>Whether two sets of parameters give the same scores.</summary>
    /// <param name="a">One.</param>
    /// <param name="b">Another.</param>
    /// <returns>True where every parameter is the same.</returns>
    public static bool AreSame(DataQualityParameters a, DataQualityParameters b) => QualityHash.Text(a) == QualityHash.Text(b);

    private static IEnumerable<string> Differences(DataQuality expected, DataQuality actual)
    {
        if (QualityHash.Of(expected.InputHash, expected.Parameters) != expected.Hash)
        {
            yield return "The score's own hash does not belong to its parameters and its input hash: the score was altered.";
        }

        if (expected.InputHash != actual.InputHash)
        {
            yield return expected.Documents == actual.Documents
                ? "The documents differ, in their text, order, dates or filled fields."
                : string.Create(CultureInfo.InvariantCulture, $"There are {actual.Documents} documents instead of {expected.Documents}.");
        }

        foreach (((string name, string was), (_, string isNow)) in QualityHash.Values(expected.Parameters).Zip(QualityHash.Values(actual.Parameters)))
        {
            if (was != isNow)
            {
                yield return $"{name} was '{was}' and is '{isNow}'.";
            }
        }

        foreach ((string name, double was, double isNow) in Figures(expected, actual))
        {
            bool isSame = double.IsNaN(was) ? double.IsNaN(isNow) : Math.Abs(was - isNow) <= Tolerance;
            if (!isSame)
            {
                yield return string.Create(CultureInfo.InvariantCulture, $"{name} was {was:R} and is {isNow:R}.");
            }
        }
    }

    private static IEnumerable<(string Name, double Was, double IsNow)> Figures(DataQuality a, DataQuality b) =>
    [
        (nameof(a.Quality), a.Quality, b.Quality),
        (nameof(a.Cleanliness), a.Cleanliness, b.Cleanliness),
        (nameof(a.Errors), a.Errors ?? double.NaN, b.Errors ?? double.NaN),
        (nameof(a.Tokens), a.Tokens ?? double.NaN, b.Tokens ?? double.NaN),
        (nameof(a.Entropy), a.Entropy, b.Entropy),
        (nameof(a.NormalizedEntropy), a.NormalizedEntropy, b.NormalizedEntropy),
        (nameof(a.GiniSimpson), a.GiniSimpson, b.GiniSimpson),
        (nameof(a.Novelty), a.Novelty, b.Novelty),
        (nameof(a.Recency), a.Recency, b.Recency),
        (nameof(a.Duplication), a.Duplication, b.Duplication),
        (nameof(a.Metadata), a.Metadata, b.Metadata),
    ];
}
