using System.Collections.Concurrent;
using System.Text;
using Microsoft.ML.Tokenizers;

namespace QosValuation.Embeddings.Text;

/// <summary>
/// The tokenizer of SigLIP and T5: a SentencePiece model cuts a text into the pieces of the highest sum of log probabilities (unigram language model,
/// Kudo 2018). A word begins with ▁; what no piece covers is the unknown token.
/// </summary>
/// <remarks>
/// How texts are cleaned is what the files say (<see cref="UnigramTokenizerReader"/>): SigLIP's lower case without ASCII punctuation, the map of
/// characters of a SentencePiece model (near to Unicode's form KC). The pieces come from Microsoft.ML.Tokenizers. A special token written out in a
/// text stands for itself where the files say so. Instances are safe for use by several threads.
/// </remarks>
public sealed class UnigramTokenizer : ITextTokenizer
{
    private const int CacheCapacity = 1 << 16;
    private const int LongestCachedWord = 64;

    private readonly UnigramVocabulary _vocabulary;
    private readonly ConcurrentDictionary<string, int[]> _cache = new(StringComparer.Ordinal);
    private int _cached;

    internal UnigramTokenizer(UnigramVocabulary vocabulary) => _vocabulary = vocabulary;

    /// <summary>The id before a text where the model has one, else <see cref="EndId"/>: SigLIP's texts begin at once.</summary>
    public int StartId => _vocabulary.StartId ?? EndId;

    /// <inheritdoc/>
    public int EndId => _vocabulary.EndId;

    /// <inheritdoc/>
    public int PadId => _vocabulary.PadId;

    /// <inheritdoc/>
    public int VocabularySize => _vocabulary.Pieces.Length;

    /// <summary>Reads a tokenizer.</summary>
    /// <param name="path">A <c>tokenizer.json</c> whose model is Unigram; or a SentencePiece model such as <c>spiece.model</c>.</param>
    /// <returns>The tokenizer.</returns>
    /// <exception cref="QosValuationException">VocabularyNotFound, VocabularyNotReadable.</exception>
    public static UnigramTokenizer Load(string path) => UnigramTokenizerReader.Read(path);

    /// <inheritdoc/>
    public int[] Encode(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var ids = new List<int>();
        Append(text.AsSpan().ContainsAnyInRange('\uD800', '\uDFFF') ? TextCleaner.ReplaceUnpairedSurrogates(text) : text, ids);
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

        int length = 0;
        if (_vocabulary.StartId is int start)
        {
            ids[length++] = start;
        }

        int[] tokens = Encode(text);
        int kept = Math.Min(tokens.Length, contextLength - length - 1);
        isTruncated = kept < tokens.Length;
        tokens.AsSpan(0, kept).CopyTo(ids[length..]);
        length += kept;
        ids[length++] = EndId;
        ids[length..contextLength].Fill(PadId);
        return length;
    }

    /// <inheritdoc/>
    public ClipTokenSequence Tokenize(string text, int? contextLength)
    {
        int[] tokens = Encode(text);
        int first = _vocabulary.StartId is null ? 0 : 1;
        int kept = contextLength is int limit ? Math.Min(tokens.Length, limit - first - 1) : tokens.Length;
        return new ClipTokenSequence
        {
            Text = text,
            Ids = [.. first == 1 ? (int[])[StartId] : [], .. tokens.AsSpan(0, kept), EndId],
            IsTruncated = kept < tokens.Length,
        };
    }

    /// <inheritdoc/>
    public string Decode(IEnumerable<int> ids)
    {
        ArgumentNullException.ThrowIfNull(ids);
        var text = new StringBuilder();
        foreach (int id in ids)
        {
            if (id != EndId && id != PadId && id != _vocabulary.StartId && id != _vocabulary.UnknownId && (uint)id < (uint)VocabularySize)
            {
                text.Append(_vocabulary.Pieces[id]);
            }
        }

        return text.Replace(UnigramVocabulary.Blank, ' ').ToString().TrimStart(' ');
    }

    private void Append(string text, List<int> ids)
    {
        int start = 0;
        while (start <= text.Length)
        {
            (int at, AddedToken? token) = NextAdded(text, start);
            string part = text[start..at];
            if (token is { StripsLeft: true })
            {
                part = part.TrimEnd();
            }

            if (part.Length > 0)
            {
                AppendPart(part, start == 0, ids);
            }

            if (token is null)
            {
                return;
            }

            ids.Add(token.Id);
            start = at + token.Content.Length;
            while (token.StripsRight && start < text.Length && char.IsWhiteSpace(text[start]))
            {
                start++;
            }
        }
    }

    private (int At, AddedToken? Token) NextAdded(string text, int start)
    {
        (int At, AddedToken? Token) best = (text.Length, null);
        foreach (AddedToken token in _vocabulary.Added)
        {
            int at = text.IndexOf(token.Content, start, StringComparison.Ordinal);
            if (at >= 0 && (at < best.At || (at == best.At && token.Content.Length > best.Token?.Content.Length)))
            {
                best = (at, token);
            }
        }

        return best;
    }

    private void AppendPart(string part, bool isFirst, List<int> ids)
    {
        foreach (Func<string, string> step in _vocabulary.Cleaning)
        {
            part = step(part);
        }

        if (part.Length == 0)
        {
            return;
        }

        if (_vocabulary.Words is not { } words)
        {
            ids.AddRange(Fused(_vocabulary.Model.EncodeToIds(part, addBeginningOfSentence: false, addEndOfSentence: false)));
            return;
        }

        foreach (string word in words(part, isFirst))
        {
            AppendWord(word, ids);
        }
    }

    private void AppendWord(string word, List<int> ids)
    {
        if (word.Length > LongestCachedWord)
        {
            ids.AddRange(Cut(word));
            return;
        }

        if (!_cache.TryGetValue(word, out int[]? known))
        {
            known = Cut(word);

            // A full cache is emptied: its memory stays bounded, and it holds the words of the recent texts.
            if (Interlocked.Increment(ref _cached) > CacheCapacity)
            {
                _cache.Clear();
                Interlocked.Exchange(ref _cached, 1);
            }

            _cache[word] = known;
        }

        ids.AddRange(known);
    }

    private int[] Cut(string word) =>
        [.. Fused(_vocabulary.Model.EncodeToIds(
            word, addBeginningOfSentence: false, addEndOfSentence: false, considerPreTokenization: false, considerNormalization: false))];

    /// <summary>A run of unknown characters is one unknown token.</summary>
    private IEnumerable<int> Fused(IReadOnlyList<int> ids) => ids.Where((id, i) => id != _vocabulary.UnknownId || i == 0 || ids[i - 1] != id);
}

/// <summary>What the files of a SentencePiece tokenizer say.</summary>
internal sealed record UnigramVocabulary
{
    /// <summary>What stands for a blank in pieces: ▁, U+2581.</summary>
    public const char Blank = '\u2581';

    /// <summary>The pieces in the order of their ids.</summary>
    public required string[] Pieces { get; init; }

    /// <summary>Cuts texts into pieces.</summary>
    public required SentencePieceTokenizer Model { get; init; }

    /// <summary>What is done to a text, in this order, before it is cut.</summary>
    public IReadOnlyList<Func<string, string>> Cleaning { get; init; } = [];

    /// <summary>
    /// Divides a cleaned text, of which is told whether it is the first part, into words that begin with ▁; null where <see cref="Model"/> normalises.
    /// </summary>
    public Func<string, bool, IEnumerable<string>>? Words { get; init; }

    /// <summary>The tokens that stand for themselves where a text holds them.</summary>
    public IReadOnlyList<AddedToken> Added { get; init; } = [];

    /// <summary>The id before a text; null for none.</summary>
    public int? StartId { get; init; }

    /// <summary>The id after a text.</summary>
    public required int EndId { get; init; }

    /// <summary>The id that fills unused positions.</summary>
    public required int PadId { get; init; }

    /// <summary>The id of what no piece covers.</summary>
    public required int UnknownId { get; init; }
}

/// <summary>A token that stands for itself where a text holds it.</summary>
/// <param name="Content">How it is written.</param>
/// <param name="Id">Its id.</param>
/// <param name="StripsLeft">Whether white space before it belongs to it.</param>
/// <param name="StripsRight">Whether white space after it belongs to it.</param>
internal sealed record AddedToken(string Content, int Id, bool StripsLeft, bool StripsRight);
