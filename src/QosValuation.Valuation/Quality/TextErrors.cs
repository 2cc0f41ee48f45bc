namespace QosValuation;

/// <summary>Errors of texts by their kind, and the words they are counted against.</summary>
/// <param name="Tokens">Words.</param>
/// <param name="CorruptCharacters">Replacement and control characters, broken UTF-8, and words of mis-decoded characters (mojibake).</param>
/// <param name="OcrArtifacts">Words that mix letters with digits or symbols as bad character recognition leaves them.</param>
/// <param name="BrokenWords">Words cut by a hyphen or a blank.</param>
/// <param name="UnknownWords">Words that the dictionary does not hold.</param>
/// <param name="DuplicateDocuments">Documents that repeat an earlier one of the same contributor, exactly or nearly.</param>
public readonly record struct TextErrors(
    long Tokens, long CorruptCharacters, long OcrArtifacts, long BrokenWords, long UnknownWords, long DuplicateDocuments = 0)
{
    /// <summary>All errors.</summary>
    public long Total => CorruptCharacters + OcrArtifacts + BrokenWords + UnknownWords + DuplicateDocuments;

    /// <summary>Adds up.</summary>
    /// <param name="other">Other counts.</param>
    /// <returns>The sums.</returns>
    public TextErrors Plus(TextErrors other) => new(
        Tokens + other.Tokens, CorruptCharacters + other.CorruptCharacters, OcrArtifacts + other.OcrArtifacts, BrokenWords + other.BrokenWords,
        UnknownWords + other.UnknownWords, DuplicateDocuments + other.DuplicateDocuments);

    /// <summary>1 − min(1, k·errors/tokens); 0 without tokens (appendix C of seed 002).</summary>
    /// <param name="factor">k ≥ 0.</param>
    /// <returns>A number in [0, 1].</returns>
    public double Cleanliness(double factor) => Tokens == 0 ? 0 : 1 - Math.Min(1, factor * Total / Tokens);

    /// <inheritdoc/>
    public override string ToString() => $"{Total} errors in {Tokens} words";
}
