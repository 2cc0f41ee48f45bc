namespace QosValuation.Markets.Awards;

/// <summary>Writes bought documents in one format, one at a time.</summary>
internal interface IAwardWriter : IDisposable
{
    /// <summary>Writes a document.</summary>
    /// <param name="document">The document.</param>
    void Write(AwardedDocument document);

    /// <summary>Writes what the format has at its end; the stream stays open.</summary>
    void Complete();
}
