using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Google.Protobuf;
using Microsoft.ML.Tokenizers;

namespace QosValuation.Embeddings.Text;

/// <summary>
/// Reads the tokenizer files of SigLIP and T5: a SentencePiece model (<c>spiece.model</c>), or a <c>tokenizer.json</c> whose model is Unigram with what
/// that file says about cleaning (normalizer), words (pre_tokenizer), and the tokens around a text (post_processor).
/// </summary>
internal static class UnigramTokenizerReader
{
    private const int LargestVocabulary = 1 << 20;

    // What a file puts in or in the place of something, and how many times longer all its steps together may make a text.
    private const int LongestContent = 64;
    private const double LargestGrowth = 4096;

    /// <summary>The names that SentencePiece models have beside an encoder.</summary>
    public static IReadOnlyList<string> ModelNames { get; } = ["spiece.model", "sentencepiece.model", "tokenizer.model"];

    /// <summary>Whether a file holds such a tokenizer.</summary>
    /// <param name="path">A file of a vocabulary.</param>
    /// <returns>True for a SentencePiece model, and for a tokenizer.json whose model is Unigram.</returns>
    public static bool IsUnigram(string path)
    {
        if (path.EndsWith(".model", StringComparison.OrdinalIgnoreCase))
        {
            return true;
        }

        if (!Path.GetFileName(path).Equals("tokenizer.json", StringComparison.OrdinalIgnoreCase) || !File.Exists(path))
        {
            return false;
        }

        try
        {
            using JsonDocument document = TokenizerJson.Parse(path);
            return TokenizerJson.Object(document.RootElement, "model") is { } model && TokenizerJson.Text(model, "type") == "Unigram";
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            // Whoever reads it reports it.
            return false;
        }
    }

    /// <summary>Reads a tokenizer.</summary>
    /// <param name="path">The tokenizer.json or SentencePiece model.</param>
    /// <returns>The tokenizer.</returns>
    /// <exception cref="QosValuationException">VocabularyNotFound, VocabularyNotReadable.</exception>
    public static UnigramTokenizer Read(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        try
        {
            UnigramVocabulary vocabulary = path.EndsWith(".model", StringComparison.OrdinalIgnoreCase) ? ReadModel(path) : ReadJson(path);
            return new UnigramTokenizer(OpenClipConfiguration.CleaningOf(path) is { } cleaning
                ? vocabulary with { Cleaning = [cleaning, .. vocabulary.Cleaning] }
                : vocabulary);
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException or InvalidDataException or ArgumentException
            or NotSupportedException or InvalidProtocolBufferException or FormatException or OverflowException or IndexOutOfRangeException
            or KeyNotFoundException)
        {
            throw ClipTokenizerReader.NotReadable(
                path, "is not usable: " + (exception is KeyNotFoundException ? "a property is missing." : exception.Message), exception);
        }
    }

    /// <summary>As transformers reads one for SigLIP and T5: the model normalises, and the end token follows each text.</summary>
    private static UnigramVocabulary ReadModel(string path)
    {
        byte[] content = ClipTokenizerReader.ReadBytes(path);
        if (CountPieces(content) > LargestVocabulary)
        {
            throw ClipTokenizerReader.NotReadable(path, $"has more than {LargestVocabulary:N0} pieces.");
        }

        SentencePieceTokenizer model = Open(content);
        string folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        ClipTokenizerReader.SpecialTokens named = ClipTokenizerReader.ReadSpecialTokens(folder);
        string[] pieces = new string[model.Vocabulary.Values.Max() + 1];
        foreach ((string piece, int id) in model.Vocabulary)
        {
            pieces[id] = piece;
        }

        int endId = named.End is { } end && model.Vocabulary.TryGetValue(end, out int ending) ? ending : model.EndOfSentenceId;
        int padId = named.Pad is { } pad && model.Vocabulary.TryGetValue(pad, out int padding) ? padding : endId;
        string settings = Path.Combine(folder, "tokenizer_config.json");
        bool isSiglip = false, isLower = true;
        if (File.Exists(settings))
        {
            using JsonDocument document = TokenizerJson.Parse(settings);
            isSiglip = TokenizerJson.Text(document.RootElement, "tokenizer_class")?.StartsWith("Siglip", StringComparison.Ordinal) == true;
            isLower = TokenizerJson.Flag(document.RootElement, "do_lower_case") ?? true;
        }

        return new UnigramVocabulary
        {
            Pieces = pieces,
            Model = model,
            Cleaning = isSiglip ? [text => CanonicalText.Siglip(text, isLower)] : [],
            Added = [.. new[] { endId, model.UnknownId }.Distinct().Select(id => new AddedToken(pieces[id], id, isSiglip, isSiglip))],
            EndId = endId,
            PadId = padId,
            UnknownId = model.UnknownId,
        };
    }

    private static UnigramVocabulary ReadJson(string path)
    {
        using JsonDocument document = TokenizerJson.Parse(path);
        JsonElement root = document.RootElement;
        if (TokenizerJson.Object(root, "model") is not { } model || !model.TryGetProperty("vocab", out JsonElement vocab)
            || vocab.ValueKind != JsonValueKind.Array || vocab.GetArrayLength() is 0 or > LargestVocabulary)
        {
            throw ClipTokenizerReader.NotReadable(path, "holds no Unigram model with a vocabulary.");
        }

        (string Piece, float Score)[] pieces = [.. vocab.EnumerateArray().Select(entry => (entry[0].GetString()!, entry[1].GetSingle()))];
        int unknown = model.TryGetProperty("unk_id", out JsonElement value) && value.ValueKind == JsonValueKind.Number ? value.GetInt32() : -1;
        if ((uint)unknown >= (uint)pieces.Length || TokenizerJson.Flag(model, "byte_fallback") == true)
        {
            throw ClipTokenizerReader.NotReadable(path, "has no unknown token, or falls back to bytes, which is not supported for a Unigram model.");
        }

        if (Growth(TokenizerJson.Object(root, "normalizer")) > LargestGrowth)
        {
            throw ClipTokenizerReader.NotReadable(path, $"has a normalizer that may make a text more than {LargestGrowth:N0} times as long.");
        }

        (int? start, int? end) = ReadSurroundings(root);
        AddedToken[] added = [.. ReadAdded(root)];
        string[] names = [.. pieces.Select(piece => piece.Piece)];
        bool IsId(int id) => (uint)id < (uint)pieces.Length;
        int endId = end ?? Array.IndexOf(names, ClipTokenizerReader.ReadSpecialTokens(Path.GetDirectoryName(Path.GetFullPath(path))!).End ?? "</s>");
        if (!IsId(endId) || (start is int first && !IsId(first)) || Array.Exists(added, token => !IsId(token.Id)))
        {
            throw ClipTokenizerReader.NotReadable(path, "names no token that ends a text, or one with an id that its vocabulary does not hold.");
        }

        return new UnigramVocabulary
        {
            Pieces = names,
            Model = Open(ModelOf(pieces, unknown, [])),
            Cleaning = [.. ReadNormalizer(TokenizerJson.Object(root, "normalizer"))],
            Words = ReadWords(TokenizerJson.Object(root, "pre_tokenizer")),
            Added = added,
            StartId = start,
            EndId = endId,
            PadId = ReadPad(root, path, names) ?? endId,
            UnknownId = unknown,
        };
    }

    private static int? ReadPad(JsonElement root, string path, string[] names)
    {
        if (TokenizerJson.Object(root, "padding") is { } padding && padding.TryGetProperty("pad_id", out JsonElement id)
            && id.TryGetInt32(out int stated) && (uint)stated < (uint)names.Length)
        {
            return stated;
        }

        string? pad = ClipTokenizerReader.ReadSpecialTokens(Path.GetDirectoryName(Path.GetFullPath(path))!).Pad;
        return pad is not null && Array.IndexOf(names, pad) is >= 0 and int named ? named : null;
    }

    private static IEnumerable<AddedToken> ReadAdded(JsonElement root)
    {
        if (!root.TryGetProperty("added_tokens", out JsonElement added) || added.ValueKind != JsonValueKind.Array)
        {
            yield break;
        }

        foreach (JsonElement token in added.EnumerateArray())
        {
            if (TokenizerJson.Text(token, "content") is { Length: > 0 } content)
            {
                yield return new AddedToken(
                    content, token.GetProperty("id").GetInt32(), TokenizerJson.Flag(token, "lstrip") == true, TokenizerJson.Flag(token, "rstrip") == true);
            }
        }
    }

    /// <summary>The ids before and after a text, by a post_processor of the type TemplateProcessing; neither without one.</summary>
    private static (int? Start, int? End) ReadSurroundings(JsonElement root)
    {
        if (TokenizerJson.Object(root, "post_processor") is not { } processor)
        {
            return (null, null);
        }

        if (TokenizerJson.Text(processor, "type") != "TemplateProcessing")
        {
            throw new NotSupportedException($"the post_processor {TokenizerJson.Text(processor, "type")} is not known.");
        }

        int? start = null, end = null;
        bool isAfter = false;
        foreach (JsonElement part in processor.GetProperty("single").EnumerateArray())
        {
            if (TokenizerJson.Object(part, "SpecialToken") is not { } token)
            {
                isAfter = true;
                continue;
            }

            JsonElement ids = processor.GetProperty("special_tokens").GetProperty(TokenizerJson.Text(token, "id")!).GetProperty("ids");
            if (ids.GetArrayLength() != 1 || (isAfter ? end : start) is not null)
            {
                throw new NotSupportedException("more than one token stands before or after a text.");
            }

            start = isAfter ? start : ids[0].GetInt32();
            end = isAfter ? ids[0].GetInt32() : end;
        }

        return (start, end);
    }

    private static IEnumerable<Func<string, string>> ReadNormalizer(JsonElement? normalizer)
    {
        if (normalizer is not { } step)
        {
            return [];
        }

        switch (TokenizerJson.Text(step, "type"))
        {
            case "Sequence":
                return [.. step.GetProperty("normalizers").EnumerateArray().SelectMany(inner => ReadNormalizer(inner))];
            case "Lowercase":
                return [CanonicalText.Lower];
            case "Strip":
                bool left = TokenizerJson.Flag(step, "strip_left") ?? true, right = TokenizerJson.Flag(step, "strip_right") ?? true;
                return [text => left && right ? text.Trim() : left ? text.TrimStart() : right ? text.TrimEnd() : text];
            case "Replace":
                JsonElement pattern = step.GetProperty("pattern");
                string content = Short(step.GetProperty("content"));
                if (TokenizerJson.Text(pattern, "String") is { Length: > 0 } plain)
                {
                    return [text => text.Replace(plain, content, StringComparison.Ordinal)];
                }

                // Not backtracking: a file must not be able to keep a text busy for ever.
                var expression = new Regex(pattern.GetProperty("Regex").GetString()!, RegexOptions.CultureInvariant | RegexOptions.NonBacktracking);
                string literal = content.Replace("$", "$$", StringComparison.Ordinal);
                return [text => expression.Replace(text, literal)];
            case ("NFC" or "NFD" or "NFKC" or "NFKD") and string form:
                NormalizationForm unicode = form switch
                {
                    "NFC" => NormalizationForm.FormC,
                    "NFD" => NormalizationForm.FormD,
                    "NFKC" => NormalizationForm.FormKC,
                    _ => NormalizationForm.FormKD,
                };
                return [text => text.Normalize(unicode)];
            case "Prepend":
                string prefix = Short(step.GetProperty("prepend"));
                return [text => text.Length > 0 ? prefix + text : text];
            case "Precompiled":
                // A model without pieces of its own, for its map of characters.
                SentencePieceTokenizer mapping = Open(ModelOf([("<unk>", 0), ("a", -1)], 0, step.GetProperty("precompiled_charsmap").GetBytesFromBase64()));
                Normalizer map = mapping.Normalizer ?? throw new NotSupportedException("the map of characters is not usable.");
                return [text => map.Normalize(text)];
            case { } other:
                throw new NotSupportedException($"the normalizer {other} is not known.");
            default:
                throw new NotSupportedException("a normalizer has no type.");
        }
    }

    /// <summary>How many times longer a normalizer may make a text, by its replacements: an expression may match before each character.</summary>
    private static double Growth(JsonElement? normalizer) => normalizer is not { } step ? 1 : TokenizerJson.Text(step, "type") switch
    {
        "Sequence" => step.GetProperty("normalizers").EnumerateArray().Aggregate(1.0, (growth, inner) => growth * Growth(inner)),
        "Replace" => Math.Max(1, Short(step.GetProperty("content")).Length
            + (TokenizerJson.Text(step.GetProperty("pattern"), "String") is { Length: > 0 } ? 0 : 1)),
        _ => 1,
    };

    private static string Short(JsonElement text) =>
        text.GetString() is { Length: <= LongestContent } content
            ? content
            : throw new NotSupportedException($"a normalizer puts in more than {LongestContent} characters, or no text.");

    /// <summary>Counts the pieces (field 1) of a SentencePiece model without keeping them.</summary>
    private static int CountPieces(byte[] model)
    {
        using var input = new CodedInputStream(model);
        int count = 0;
        for (uint tag = input.ReadTag(); tag != 0; tag = input.ReadTag())
        {
            count += WireFormat.GetTagFieldNumber(tag) == 1 ? 1 : 0;
            input.SkipLastField();
        }

        return count;
    }

    private static Func<string, bool, IEnumerable<string>> ReadWords(JsonElement? preTokenizer)
    {
        if (preTokenizer is not { } step)
        {
            return (text, _) => [text];
        }

        switch (TokenizerJson.Text(step, "type"))
        {
            case "Sequence":
                Func<string, bool, IEnumerable<string>>[] steps = [.. step.GetProperty("pretokenizers").EnumerateArray().Select(inner => ReadWords(inner))];
                return (text, isFirst) => steps.Aggregate(
                    (IEnumerable<string>)[text], (words, next) => words.SelectMany((word, i) => next(word, isFirst && i == 0)));
            case "WhitespaceSplit":
                return (text, _) => text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
            case "Metaspace":
                string scheme = TokenizerJson.Text(step, "prepend_scheme") ?? (TokenizerJson.Flag(step, "add_prefix_space") == false ? "never" : "always");
                bool splits = TokenizerJson.Flag(step, "split") ?? true;
                if (TokenizerJson.Text(step, "replacement") is not (null or "\u2581") || scheme is not ("always" or "first" or "never"))
                {
                    throw new NotSupportedException("the pre_tokenizer Metaspace stands for blanks with another character than ▁, or prepends in another way.");
                }

                return (text, isFirst) => Metaspace(text, scheme == "always" || (scheme == "first" && isFirst), splits);
            case { } other:
                throw new NotSupportedException($"the pre_tokenizer {other} is not known.");
            default:
                throw new NotSupportedException("a pre_tokenizer has no type.");
        }
    }

    private static IEnumerable<string> Metaspace(string text, bool prepends, bool splits)
    {
        text = text.Replace(' ', UnigramVocabulary.Blank);
        if (prepends && (text.Length == 0 || text[0] != UnigramVocabulary.Blank))
        {
            text = UnigramVocabulary.Blank + text;
        }

        int start = 0;
        while (start < text.Length)
        {
            int next = splits ? text.IndexOf(UnigramVocabulary.Blank, start + 1) : -1;
            yield return text[start..(next < 0 ? text.Length : next)];
            start = next < 0 ? text.Length : next;
        }
    }

    private static SentencePieceTokenizer Open(byte[] model)
    {
        using var stream = new MemoryStream(model);
        try
        {
            return SentencePieceTokenizer.Create(stream, addBeginningOfSentence: false, addEndOfSentence: false);
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            // What the package throws at a damaged model is not told by it.
            throw new InvalidDataException("it is no SentencePiece model: " + exception.Message, exception);
        }
    }

    /// <summary>
    /// A SentencePiece model (ModelProto of sentencepiece_model.proto): pieces (field 1: piece, score, type), trainer_spec (2: model_type 3 is unigram 1,
    /// unk_id 40, bos_id 41 and eos_id 42, which are not used) and normalizer_spec (3: precompiled_charsmap 2, and nothing else done to a text: 3, 4, 5).
    /// </summary>
    private static byte[] ModelOf((string Piece, float Score)[] pieces, int unknown, byte[] characters)
    {
        using var stream = new MemoryStream();
        using (var output = new CodedOutputStream(stream, leaveOpen: true))
        {
            for (int id = 0; id < pieces.Length; id++)
            {
                int type = id == unknown ? 2 : 1;
                Message(output, 1, inner =>
                {
                    inner.WriteTag(1, WireFormat.WireType.LengthDelimited);
                    inner.WriteString(pieces[id].Piece);
                    inner.WriteTag(2, WireFormat.WireType.Fixed32);
                    inner.WriteFloat(pieces[id].Score);
                    Number(inner, 3, type);
                });
            }

            Message(output, 2, inner =>
            {
                Number(inner, 3, 1);
                Number(inner, 40, unknown);
                Number(inner, 41, unknown);
                Number(inner, 42, unknown);
                inner.WriteTag(45, WireFormat.WireType.LengthDelimited);
                inner.WriteString(pieces[unknown].Piece);
            });
            Message(output, 3, inner =>
            {
                inner.WriteTag(2, WireFormat.WireType.LengthDelimited);
                inner.WriteBytes(ByteString.CopyFrom(characters));
                Number(inner, 3, 0);
                Number(inner, 4, 0);
                Number(inner, 5, 0);
            });
        }

        return stream.ToArray();

        static void Message(CodedOutputStream output, int field, Action<CodedOutputStream> write)
        {
            using var stream = new MemoryStream();
            using (var inner = new CodedOutputStream(stream, leaveOpen: true))
            {
                write(inner);
            }

            output.WriteTag(field, WireFormat.WireType.LengthDelimited);
            output.WriteBytes(ByteString.CopyFrom(stream.GetBuffer(), 0, (int)stream.Length));
        }

        static void Number(CodedOutputStream output, int field, int value)
        {
            output.WriteTag(field, WireFormat.WireType.Varint);
            output.WriteInt32(value);
        }
    }
}
