namespace QosValuation.Embeddings.Text;

/// <summary>What turns a text into the ids that a text encoder takes. Implementations are safe for use by several threads.</summary>
public interface ITextTokenizer
{
    /// <summary>The id that goes before the text.</summary>
    int StartId { get; }

    /// <summary>The id that goes after the text.</summary>
    int EndId { get; }

    /// <summary>The id that fills unused positions.</summary>
    int PadId { get; }

    /// <summary>One more than the largest id.</summary>
    int VocabularySize { get; }

    /// <summary>The ids of a text, without start and end token and without truncation.</summary>
    /// <param name="text">Any text; empty or blank gives no ids.</param>
    /// <returns>The ids.</returns>
    int[] Encode(string text);

    /// <summary>
    /// Start token, ids, end token, then <see cref="PadId"/>. A text too long keeps its first ids, and the end token in the last position.
    /// </summary>
    /// <param name="text">Any text.</param>
    /// <param name="contextLength">The text model's number of positions, at least 2.</param>
    /// <param name="ids">Receives <paramref name="contextLength"/> ids.</param>
    /// <param name="isTruncated">Whether tokens of the text had to be left out.</param>
    /// <returns>The positions that are not padding.</returns>
    int EncodePadded(string text, int contextLength, Span<int> ids, out bool isTruncated);

    /// <summary>The text that ids stand for, without start, end and unknown ids.</summary>
    /// <param name="ids">Ids of this vocabulary.</param>
    /// <returns>The text.</returns>
    string Decode(IEnumerable<int> ids);

    /// <summary>A text as the encoder sees it: start token, ids and end token, without padding.</summary>
    /// <param name="text">Any text.</param>
    /// <param name="contextLength">The text model's number of positions; null does not truncate.</param>
    /// <returns>The sequence.</returns>
    ClipTokenSequence Tokenize(string text, int? contextLength)
    {
        if (contextLength is not { } limit)
        {
            return new ClipTokenSequence { Text = text, Ids = [StartId, .. Encode(text), EndId] };
        }

        int[] ids = new int[limit];
        int length = EncodePadded(text, limit, ids, out bool isTruncated);
        return new ClipTokenSequence { Text = text, Ids = ids[..length], IsTruncated = isTruncated };
    }
}
