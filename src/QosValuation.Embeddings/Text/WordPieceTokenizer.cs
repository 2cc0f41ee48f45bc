using System.Collections.Concurrent;
using System.Text;
using PieceTokenizer = Microsoft.ML.Tokenizers.WordPieceTokenizer;

namespace QosValuation.Embeddings.Text;

/// <summary>
/// BERT's tokenizer: words by <see cref="BertNormalizer"/>, each cut into the longest pieces of the vocabulary from the left (WordPiece, Schuster and
/// Nakajima 2012; ## marks a piece inside a word). A word that cannot be cut, or is longer than 100 characters, is [UNK].
/// </summary>
/// <remarks>
/// Special tokens written out in a text, such as [SEP], stand for themselves, as in the reference implementation. The pieces come from
/// Microsoft.ML.Tokenizers; its own normalisation differs from BERT's for accents, emoji, fractions and the backtick, and is not used.
/// Instances are safe for use by several threads.
/// </remarks>
public sealed class WordPieceTokenizer : ITextTokenizer
{
    private const int CacheCapacity = 1 << 16;
    private const int LongestCachedWord = 64;

    private readonly BertNormalizer _normalizer;
    private readonly PieceTokenizer _pieces;
    private readonly string[] _vocabulary;
    private readonly (string Token, int Id)[] _special;
    private readonly int _longestWord;
    private readonly int _unknownId;
    private readonly string _prefix;
    private readonly ConcurrentDictionary<string, int[]> _cache = new(StringComparer.Ordinal);
    private int _cached;

    internal WordPieceTokenizer(WordPieceVocabulary vocabulary)
    {
        _normalizer = new BertNormalizer(vocabulary.Normalization);
        _vocabulary = vocabulary.Pieces;
        _prefix = vocabulary.Prefix;
        _longestWord = vocabulary.LongestWord;
        _unknownId = vocabulary.IdOf(vocabulary.Unknown);
        StartId = vocabulary.IdOf(vocabulary.Start);
        EndId = vocabulary.IdOf(vocabulary.End);
        PadId = vocabulary.IdOf(vocabulary.Pad);
        _special = [.. vocabulary.Special.Select(token => (token, vocabulary.IdOf(token)))];
        using var lines = new MemoryStream(System.Text.Encoding.UTF8.GetBytes(string.Join('\n', _vocabulary)));
        _pieces = PieceTokenizer.Create(lines, new Microsoft.ML.Tokenizers.WordPieceOptions
        {
            UnknownToken = vocabulary.Unknown,
            ContinuingSubwordPrefix = _prefix,
            MaxInputCharsPerWord = 2 * _longestWord,
        });
    }

    /// <inheritdoc/>
    public int StartId { get; }

    /// <inheritdoc/>
    public int EndId { get; }

    /// <inheritdoc/>
    public int PadId { get; }

    /// <inheritdoc/>
    public int VocabularySize => _vocabulary.Length;

    /// <summary>Reads a tokenizer.</summary>
    /// <param name="vocabularyPath"><c>vocab.txt</c>, a piece a line; or a <c>tokenizer.json</c> whose model is WordPiece.</param>
    /// <returns>The tokenizer.</returns>
    /// <exception cref="QosValuationException">VocabularyNotFound, VocabularyNotReadable.</exception>
    public static WordPieceTokenizer Load(string vocabularyPath) => WordPieceTokenizerReader.Read(vocabularyPath);

    /// <inheritdoc/>
    public int[] Encode(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var ids = new List<int>();
        Append(text, ids, int.MaxValue);
        return [.. ids];
    }

    /// <inheritdoc/>
    public int EncodePadded(string text, int contextLength, Span<int> ids, out bool isTruncated)
    {
        ArgumentNullException.ThrowIfNull(text);
        ArgumentOutOfRangeException.ThrowIfLessThan(contextLength, 2);
        if (ids.Length < contextLength)
        {
            throw new ArgumentException("The buffer is shorter than the context.", nameof(ids));
        }

        int room = contextLength - 2;
        var tokens = new List<int>(Math.Min(room + 1, 64));
        Append(text, tokens, room);
        isTruncated = tokens.Count > room;
        int kept = Math.Min(tokens.Count, room);
        ids[0] = StartId;
        for (int i = 0; i < kept; i++)
        {
            ids[i + 1] = tokens[i];
        }

        ids[kept + 1] = EndId;
        ids[(kept + 2)..contextLength].Fill(PadId);
        return kept + 2;
    }

    /// <inheritdoc/>
    public string Decode(IEnumerable<int> ids)
    {
        ArgumentNullException.ThrowIfNull(ids);
        var text = new StringBuilder();
        foreach (int id in ids)
        {
            if (id == StartId || id == EndId || id == PadId || (uint)id >= (uint)_vocabulary.Length)
            {
                continue;
            }

            string piece = _vocabulary[id];
            bool isInner = piece.StartsWith(_prefix, StringComparison.Ordinal) && text.Length > 0;
            text.Append(isInner || text.Length == 0 ? string.Empty : " ").Append(isInner ? piece.AsSpan(_prefix.Length) : piece);
        }

        return text.ToString();
    }

    /// <summary>Appends the ids of a text; one beyond the limit says that there were more.</summary>
    private void Append(string text, List<int> ids, int limit)
    {
        int start = 0;
        while (start <= text.Length && ids.Count <= limit)
        {
            (int at, string token, int id) = NextSpecial(text, start);
            if (at > start)
            {
                _normalizer.ForEachWord(text[start..at], word =>
                {
                    AppendWord(word, ids);
                    return ids.Count <= limit;
                });
            }

            if (id < 0)
            {
                return;
            }

            ids.Add(id);
            start = at + token.Length;
        }
    }

    private (int At, string Token, int Id) NextSpecial(string text, int start)
    {
        (int At, string Token, int Id) best = (text.Length, string.Empty, -1);
        if (text.IndexOf('[', start) < 0 && _special.All(special => special.Token[0] == '['))
        {
            return best;
        }

        foreach ((string token, int id) in _special)
        {
            int at = text.IndexOf(token, start, StringComparison.Ordinal);
            if (at >= 0 && at < best.At)
            {
                best = (at, token, id);
            }
        }

        return best;
    }

    private void AppendWord(ReadOnlySpan<char> word, List<int> ids)
    {
        if (word.Length > LongestCachedWord)
        {
            ids.AddRange(Cut(word));
            return;
        }

        var cache = _cache.GetAlternateLookup<ReadOnlySpan<char>>();
        if (!cache.TryGetValue(word, out int[]? known))
        {
            known = Cut(word);

            // A full cache is emptied: its memory stays bounded, and it holds the words of the recent texts.
            if (Interlocked.Increment(ref _cached) > CacheCapacity)
            {
                _cache.Clear();
                Interlocked.Exchange(ref _cached, 1);
            }

            cache[word] = known;
        }

        ids.AddRange(known);
    }

    private int[] Cut(ReadOnlySpan<char> word)
    {
        int length = 0;
        foreach (Rune _ in word.EnumerateRunes())
        {
            length++;
        }

        return length > _longestWord ? [_unknownId] : [.. _pieces.EncodeToIds(word, considerPreTokenization: false, considerNormalization: false)];
    }
}
