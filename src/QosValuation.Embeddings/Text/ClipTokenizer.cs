using System.Buffers;
using System.Collections.Concurrent;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace QosValuation.Embeddings.Text;

/// <summary>CLIP's byte-level byte-pair encoding (Radford et al. 2021), read from <c>vocab.json</c> and <c>merges.txt</c>.</summary>
/// <remarks>
/// Text is cleaned (HTML references, NFC, white space, lower case), cut into words by CLIP's pattern
/// <c>&lt;|startoftext|&gt;|&lt;|endoftext|&gt;|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+</c>, each word's UTF-8 bytes
/// become symbols, the last one marked as the word's end, and the pair of lowest rank is merged until none is left.
/// clip-mini's training script differs in two cases; CLIP's pattern is followed here: a run of underscores beside other
/// punctuation is one word, not two, and numerals other than decimal digits (½, Ⅷ) stand alone instead of joining letters.
/// Instances are safe for use by several threads.
/// </remarks>
public sealed class ClipTokenizer : ITextTokenizer
{
    private const string StartToken = "<|startoftext|>";
    private const string EndToken = "<|endoftext|>";
    private const int CachedWordLength = 64;
    private const int CacheCapacity = 1 << 16;

    private readonly int[] _byteIds;
    private readonly int[] _finalByteIds;
    private readonly Dictionary<ulong, BytePairMerge> _merges;
    private readonly string?[] _pieces;
    private readonly ConcurrentDictionary<string, int[]> _cache = new(StringComparer.Ordinal);
    private int _cached;

    internal ClipTokenizer(
        int[] byteIds, int[] finalByteIds, Dictionary<ulong, BytePairMerge> merges, string?[] pieces, int startId, int endId, int padId)
    {
        _byteIds = byteIds;
        _finalByteIds = finalByteIds;
        _merges = merges;
        _pieces = pieces;
        StartId = startId;
        EndId = endId;
        PadId = padId;
    }

    /// <summary>The id of the start token: 49406 for CLIP.</summary>
    public int StartId { get; }

    /// <summary>The id of the end token: 49407 for CLIP.</summary>
    public int EndId { get; }

    /// <summary>
    /// The id that fills unused positions: what <c>special_tokens_map.json</c> or <c>tokenizer_config.json</c> beside the vocabulary
    /// names, else the end token. (OpenAI's code pads with 0, Hugging Face's with the end token; the embedding is the same,
    /// for the text tower is causal and pools at the first end token.)
    /// </summary>
    public int PadId { get; }

    /// <summary>One more than the largest id: 49,408 for CLIP. The text model's embedding table has as many rows.</summary>
    public int VocabularySize => _pieces.Length;

    /// <summary>Reads a tokenizer.</summary>
    /// <param name="vocabularyPath"><c>vocab.json</c>, an object from piece to id; or a <c>tokenizer.json</c>, which holds both.</param>
    /// <param name="mergesPath">
    /// <c>merges.txt</c>, a pair a line by rank, with or without the <c>#version</c> line. Null only for a <c>tokenizer.json</c>.
    /// </param>
    /// <returns>The tokenizer.</returns>
    /// <exception cref="QosValuationException">
    /// VocabularyNotFound; VocabularyNotReadable where a file is malformed or the two do not belong together.
    /// </exception>
    public static ClipTokenizer Load(string vocabularyPath, string? mergesPath) => ClipTokenizerReader.Read(vocabularyPath, mergesPath);

    /// <summary>The ids of a text, without start and end token and without truncation. O(n log n).</summary>
    /// <param name="text">Any text; empty or blank gives no ids.</param>
    /// <returns>The ids.</returns>
    public int[] Encode(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        using var ids = new IdBuffer();
        AppendTokens(text, ids, int.MaxValue);
        return ids.Span.ToArray();
    }

    /// <summary>
    /// Start token, ids, end token, then <see cref="PadId"/>. A text too long keeps its first ids and the end token in the last
    /// position, as CLIP does with <c>truncate=True</c>. Work stops where the context is full.
    /// </summary>
    /// <param name="text">Any text.</param>
    /// <param name="contextLength">The text model's number of positions (77 for CLIP), at least 2.</param>
    /// <param name="ids">Receives <paramref name="contextLength"/> ids.</param>
    /// <param name="isTruncated">Whether tokens of the text had to be left out.</param>
    /// <returns>The meaningful positions: start token, ids and end token. The attention mask is 1 there and 0 after.</returns>
    public int EncodePadded(string text, int contextLength, Span<int> ids, out bool isTruncated)
    {
        ArgumentNullException.ThrowIfNull(text);
        ArgumentOutOfRangeException.ThrowIfLessThan(contextLength, 2);
        if (ids.Length < contextLength)
        {
            throw new ArgumentException("The buffer is shorter than the context.", nameof(ids));
        }

        using var tokens = new IdBuffer();
        int room = contextLength - 2;
        AppendTokens(text, tokens, room);
        isTruncated = tokens.Length > room;
        int kept = Math.Min(tokens.Length, room);
        ids[0] = StartId;
        tokens.Span[..kept].CopyTo(ids[1..]);
        ids[kept + 1] = EndId;
        ids[(kept + 2)..contextLength].Fill(PadId);
        return kept + 2;
    }

    /// <summary>A text as the encoder sees it: start token, ids and end token, without padding.</summary>
    /// <param name="text">Any text.</param>
    /// <param name="contextLength">The text model's number of positions; null does not truncate.</param>
    /// <returns>The sequence.</returns>
    public ClipTokenSequence Tokenize(string text, int? contextLength)
    {
        if (contextLength is not { } limit)
        {
            return new ClipTokenSequence { Text = text, Ids = [StartId, .. Encode(text), EndId] };
        }

        int[] ids = new int[limit];
        int length = EncodePadded(text, limit, ids, out bool isTruncated);
        return new ClipTokenSequence { Text = text, Ids = ids[..length], IsTruncated = isTruncated };
    }

    /// <summary>The text that ids stand for: cleaned text with a blank after every word, trimmed; start, end and unknown ids are left out.</summary>
    /// <param name="ids">Ids of this vocabulary.</param>
    /// <returns>The text; bytes that are not UTF-8 become U+FFFD.</returns>
    public string Decode(IEnumerable<int> ids)
    {
        ArgumentNullException.ThrowIfNull(ids);
        using var bytes = new MemoryStream();
        foreach (int id in ids)
        {
            if (id == StartId || id == EndId || (uint)id >= (uint)_pieces.Length || _pieces[id] is not { } piece)
            {
                continue;
            }

            bool isFinal = piece.EndsWith(ByteAlphabet.WordEnd, StringComparison.Ordinal);
            foreach (char c in isFinal ? piece.AsSpan(0, piece.Length - ByteAlphabet.WordEnd.Length) : piece)
            {
                if (ByteAlphabet.TryGetByte(c, out byte value))
                {
                    bytes.WriteByte(value);
                }
            }

            if (isFinal)
            {
                bytes.WriteByte((byte)' ');
            }
        }

        return System.Text.Encoding.UTF8.GetString(bytes.GetBuffer(), 0, (int)bytes.Length).TrimEnd(' ');
    }

    private void AppendTokens(string text, IdBuffer ids, int limit)
    {
        ReadOnlySpan<char> rest = TextCleaner.Clean(text, out char[] buffer);
        try
        {
            // One token beyond the limit says that the text was truncated.
            while (!rest.IsEmpty && ids.Length <= limit)
            {
                if (rest[0] == ' ')
                {
                    rest = rest[1..];
                }
                else if (rest.StartsWith(StartToken, StringComparison.Ordinal))
                {
                    ids.Append(StartId);
                    rest = rest[StartToken.Length..];
                }
                else if (rest.StartsWith(EndToken, StringComparison.Ordinal))
                {
                    ids.Append(EndId);
                    rest = rest[EndToken.Length..];
                }
                else
                {
                    int length = WordLength(rest);
                    AppendWord(rest[..length], ids);
                    rest = rest[length..];
                }
            }
        }
        finally
        {
            ArrayPool<char>.Shared.Return(buffer);
        }
    }

    /// <summary>The length of the word that a cleaned, non-blank text starts with.</summary>
    private static int WordLength(ReadOnlySpan<char> text)
    {
        if (text[0] == '\'' && text.Length > 1)
        {
            char second = text[1];
            char third = text.Length > 2 ? text[2] : '\0';

            // The pattern ignores case, under which ſ (U+017F) is an s.
            if (second is 's' or '\u017F' or 't')
            {
                return 2;
            }

            if ((second == 'r' && third == 'e') || (second == 'v' && third == 'e') || (second == 'l' && third == 'l'))
            {
                return 3;
            }

            if (second is 'm' or 'd')
            {
                return 2;
            }
        }

        RuneKind kind = KindAt(text, out int length);
        if (kind == RuneKind.Number)
        {
            return length;
        }

        while (length < text.Length && KindAt(text[length..], out int width) == kind)
        {
            length += width;
        }

        return length;
    }

    private static RuneKind KindAt(ReadOnlySpan<char> text, out int width)
    {
        char first = text[0];
        width = 1;
        if (char.IsAscii(first))
        {
            return char.IsAsciiLetter(first) ? RuneKind.Letter
                : char.IsAsciiDigit(first) ? RuneKind.Number
                : first == ' ' ? RuneKind.Blank
                : RuneKind.Other;
        }

        Rune.DecodeFromUtf16(text, out Rune rune, out width);
        return Rune.GetUnicodeCategory(rune) switch
        {
            <= UnicodeCategory.OtherLetter => RuneKind.Letter,
            UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber => RuneKind.Number,
            _ => RuneKind.Other,
        };
    }

    private void AppendWord(ReadOnlySpan<char> word, IdBuffer ids)
    {
        if (word.Length > CachedWordLength)
        {
            Merge(word, ids);
            return;
        }

        var cache = _cache.GetAlternateLookup<ReadOnlySpan<char>>();
        if (cache.TryGetValue(word, out int[]? known))
        {
            ids.Append(known);
            return;
        }

        int start = ids.Length;
        Merge(word, ids);

        // A full cache is emptied: its memory stays bounded, and it holds the words of the recent texts.
        if (Interlocked.Increment(ref _cached) > CacheCapacity)
        {
            _cache.Clear();
            Interlocked.Exchange(ref _cached, 1);
        }

        cache[word] = ids.Span[start..].ToArray();
    }

    private void Merge(ReadOnlySpan<char> word, IdBuffer ids)
    {
        int bound = System.Text.Encoding.UTF8.GetMaxByteCount(word.Length);
        byte[]? rentedBytes = bound > 256 ? ArrayPool<byte>.Shared.Rent(bound) : null;
        int[]? rentedSymbols = bound > 256 ? ArrayPool<int>.Shared.Rent(bound) : null;
        Span<byte> bytes = rentedBytes ?? stackalloc byte[bound];
        Span<int> symbols = rentedSymbols ?? stackalloc int[bound];
        int count = System.Text.Encoding.UTF8.GetBytes(word, bytes);
        for (int i = 0; i < count; i++)
        {
            symbols[i] = _byteIds[bytes[i]];
        }

        symbols[count - 1] = _finalByteIds[bytes[count - 1]];
        ids.Append(symbols[..BytePairMerger.Merge(symbols[..count], _merges)]);
        if (rentedBytes is not null)
        {
            ArrayPool<byte>.Shared.Return(rentedBytes);
            ArrayPool<int>.Shared.Return(rentedSymbols!);
        }
    }

    private enum RuneKind
    {
        Blank,
        Letter,
        Number,
        Other,
    }

    /// <summary>A growing list of ids on pooled memory.</summary>
    private sealed class IdBuffer : IDisposable
    {
        private int[] _ids = ArrayPool<int>.Shared.Rent(128);

        public int Length { get; private set; }

        public Span<int> Span => _ids.AsSpan(0, Length);

        public void Append(int id) => Append(MemoryMarshal.CreateReadOnlySpan(ref id, 1));

        public void Append(ReadOnlySpan<int> ids)
        {
            if (Length + ids.Length > _ids.Length)
            {
                int[] larger = ArrayPool<int>.Shared.Rent(Math.Max(Length + ids.Length, 2 * _ids.Length));
                Span.CopyTo(larger);
                ArrayPool<int>.Shared.Return(_ids);
                _ids = larger;
            }

            ids.CopyTo(_ids.AsSpan(Length));
            Length += ids.Length;
        }

        public void Dispose()
        {
            ArrayPool<int>.Shared.Return(_ids);
            _ids = [];
        }
    }
}
