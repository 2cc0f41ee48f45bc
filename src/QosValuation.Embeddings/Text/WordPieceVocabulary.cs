namespace QosValuation.Embeddings.Text;

/// <summary>What the files of BERT's tokenizer say.</summary>
internal sealed record WordPieceVocabulary
{
    private readonly Dictionary<string, int> _ids;

    /// <summary>Creates a vocabulary.</summary>
    /// <param name="path">The file, for errors.</param>
    /// <param name="pieces">The pieces in the order of their ids.</param>
    /// <param name="ids">The id of each piece.</param>
    public WordPieceVocabulary(string path, string[] pieces, Dictionary<string, int> ids)
    {
        Path = path;
        Pieces = pieces;
        _ids = ids;
    }

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>The pieces in the order of their ids.</summary>
    public string[] Pieces { get; }

    /// <summary>How texts are cleaned.</summary>
    public BertNormalization Normalization { get; init; } = new();

    /// <summary>What marks a piece inside a word.</summary>
    public string Prefix { get; init; } = "##";

    /// <summary>The most characters of a word that is cut into pieces.</summary>
    public int LongestWord { get; init; } = 100;

    /// <summary>The token for a word that cannot be cut.</summary>
    public string Unknown { get; init; } = "[UNK]";

    /// <summary>The token before a text.</summary>
    public string Start { get; init; } = "[CLS]";

    /// <summary>The token after a text.</summary>
    public string End { get; init; } = "[SEP]";

    /// <summary>The token that fills unused positions.</summary>
    public string Pad { get; init; } = "[PAD]";

    /// <summary>The tokens that stand for themselves where a text holds them.</summary>
    public IReadOnlyList<string> Special =>
        [.. ((string[])[Unknown, Start, End, Pad, "[MASK]"]).Where(_ids.ContainsKey).Distinct(StringComparer.Ordinal)];

    /// <summary>The id of a token that must exist.</summary>
    /// <param name="token">The token.</param>
    /// <returns>Its id.</returns>
    /// <exception cref="QosValuationException">VocabularyNotReadable.</exception>
    public int IdOf(string token) => _ids.TryGetValue(token, out int id)
        ? id
        : throw ClipTokenizerReader.NotReadable(Path, $"lacks the token '{token}', so it is not a vocabulary of BERT's kind.");
}
