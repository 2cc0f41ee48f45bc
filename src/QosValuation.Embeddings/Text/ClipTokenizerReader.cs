using System.Text.Json;
using QosValuation.Foundation.IO;

namespace QosValuation.Embeddings.Text;

/// <summary>Reads tokenizer files of the public CLIP layout, and says what is wrong with those that cannot be used.</summary>
internal static class ClipTokenizerReader
{
    private const int LargestId = 1 << 24;

    // The largest public tokenizer files have some 40 MB.
    private const int LargestFile = 1 << 27;
    private static readonly JsonReaderOptions JsonOptions = new() { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true };

    public static ClipTokenizer Read(string vocabularyPath, string? mergesPath)
    {
        ArgumentException.ThrowIfNullOrEmpty(vocabularyPath);
        (Dictionary<string, int> vocabulary, List<(string Left, string Right)>? ownMerges) = ReadVocabulary(vocabularyPath);
        List<(string Left, string Right)> pairs = mergesPath is not null
            ? ReadMerges(mergesPath)
            : ownMerges ?? throw NotReadable(
                vocabularyPath,
                "holds no merges, and there is no merges.txt to go with it. Put the merges.txt of the same model beside it.");
        string mergesSource = mergesPath ?? vocabularyPath;

        var pieces = new string?[vocabulary.Values.Max() + 1];
        foreach ((string piece, int id) in vocabulary)
        {
            if (pieces[id] is { } other)
            {
                throw NotReadable(vocabularyPath, $"gives id {id} to both '{other}' and '{piece}'. Fetch the file again.");
            }

            pieces[id] = piece;
        }

        var byteIds = new int[256];
        var finalByteIds = new int[256];
        for (int value = 0; value < 256; value++)
        {
            string letter = ByteAlphabet.Letter((byte)value).ToString();
            byteIds[value] = Id(vocabulary, vocabularyPath, letter);
            finalByteIds[value] = Id(vocabulary, vocabularyPath, letter + ByteAlphabet.WordEnd);
        }

        SpecialTokens special = ReadSpecialTokens(Path.GetDirectoryName(Path.GetFullPath(vocabularyPath))!);
        int startId = Id(vocabulary, vocabularyPath, special.Start ?? "<|startoftext|>");
        int endId = Id(vocabulary, vocabularyPath, special.End ?? "<|endoftext|>");
        int padId = special.Pad is { } pad && vocabulary.TryGetValue(pad, out int named) ? named : endId;
        return new ClipTokenizer(byteIds, finalByteIds, Rules(pairs, vocabulary, mergesSource), pieces, startId, endId, padId);
    }

    private static Dictionary<ulong, BytePairMerge> Rules(List<(string Left, string Right)> pairs, Dictionary<string, int> vocabulary, string source)
    {
        var rules = new Dictionary<ulong, BytePairMerge>(pairs.Count);
        var lookup = vocabulary.GetAlternateLookup<ReadOnlySpan<char>>();
        Span<char> buffer = stackalloc char[512];
        for (int rank = 0; rank < pairs.Count; rank++)
        {
            (string left, string right) = pairs[rank];
            int length = left.Length + right.Length;
            Span<char> text = length <= buffer.Length ? buffer[..length] : new char[length];
            left.CopyTo(text);
            right.CopyTo(text[left.Length..]);
            if (!vocabulary.TryGetValue(left, out int leftId) || !vocabulary.TryGetValue(right, out int rightId) || !lookup.TryGetValue(text, out int id))
            {
                throw NotReadable(
                    source,
                    $"merges '{left}' with '{right}' (rule {rank + 1}), which the vocabulary does not hold. "
                        + "The two files do not belong together; take both from the same model.");
            }

            // A pair listed twice keeps its first rank, which is the one that would be used anyway.
            rules.TryAdd(BytePairMerger.Key(leftId, rightId), new BytePairMerge(rank, id));
        }

        return rules;
    }

    private static int Id(Dictionary<string, int> vocabulary, string path, string piece) =>
        vocabulary.TryGetValue(piece, out int id)
            ? id
            : throw NotReadable(path, $"lacks the piece '{piece}', so it is not a byte-level vocabulary of CLIP's kind.");

    internal static (Dictionary<string, int> Vocabulary, List<(string, string)>? Merges) ReadVocabulary(string path)
    {
        byte[] json = ReadBytes(path);
        try
        {
            var reader = new Utf8JsonReader(WithoutMark(json), JsonOptions);
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
            {
                throw NotReadable(path, "is not a JSON object from piece to id.");
            }

            var vocabulary = new Dictionary<string, int>(50_000, StringComparer.Ordinal);
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                string piece = reader.GetString()!;
                reader.Read();
                if (reader.TokenType != JsonTokenType.Number)
                {
                    return ReadTokenizerJson(json, path);
                }

                if (!reader.TryGetInt32(out int id) || id is < 0 or >= LargestId)
                {
                    throw NotReadable(path, $"gives '{piece}' an id that is not a whole number from 0 to {LargestId - 1}.");
                }

                if (!vocabulary.TryAdd(piece, id))
                {
                    throw NotReadable(path, $"lists '{piece}' twice.");
                }
            }

            while (reader.Read())
            {
                // The reader throws where anything follows the object.
            }

            return vocabulary.Count > 0 ? (vocabulary, null) : throw NotReadable(path, "is empty.");
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            throw NotReadable(path, "is not valid JSON: " + exception.Message, exception);
        }
    }

    /// <summary>A Hugging Face <c>tokenizer.json</c>: model.vocab, model.merges (strings or pairs) and added_tokens.</summary>
    private static (Dictionary<string, int> Vocabulary, List<(string, string)>? Merges) ReadTokenizerJson(byte[] json, string path)
    {
        using JsonDocument document = JsonDocument.Parse(
            json.AsMemory(json.Length - WithoutMark(json).Length),
            new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true });
        if (!document.RootElement.TryGetProperty("model", out JsonElement model)
            || model.ValueKind != JsonValueKind.Object
            || !model.TryGetProperty("vocab", out JsonElement vocab)
            || vocab.ValueKind != JsonValueKind.Object
            || !model.TryGetProperty("merges", out JsonElement merges)
            || merges.ValueKind != JsonValueKind.Array)
        {
            throw NotReadable(path, "is neither a vocab.json (piece to id) nor a tokenizer.json of byte-pair encoding (model.vocab and model.merges).");
        }

        var vocabulary = new Dictionary<string, int>(50_000, StringComparer.Ordinal);
        foreach (JsonProperty entry in vocab.EnumerateObject())
        {
            vocabulary[entry.Name] = ValidId(entry.Value, entry.Name, path);
        }

        if (document.RootElement.TryGetProperty("added_tokens", out JsonElement added) && added.ValueKind == JsonValueKind.Array)
        {
            foreach (JsonElement token in added.EnumerateArray())
            {
                if (token.TryGetProperty("content", out JsonElement content) && token.TryGetProperty("id", out JsonElement id))
                {
                    vocabulary[content.GetString() ?? string.Empty] = ValidId(id, content.ToString(), path);
                }
            }
        }

        var pairs = new List<(string, string)>(merges.GetArrayLength());
        foreach (JsonElement merge in merges.EnumerateArray())
        {
            string?[] sides = merge.ValueKind == JsonValueKind.Array
                ? [.. merge.EnumerateArray().Select(side => side.GetString())]
                : (string?[])merge.GetString()!.Split(' ');
            pairs.Add(sides is [{ Length: > 0 } left, { Length: > 0 } right]
                ? (left, right)
                : throw NotReadable(path, $"holds a merge rule that is not a pair (rule {pairs.Count + 1})."));
        }

        return vocabulary.Count > 0 ? (vocabulary, pairs) : throw NotReadable(path, "holds an empty vocabulary.");
    }

    private static int ValidId(JsonElement value, string piece, string path) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out int id) && id is >= 0 and < LargestId
            ? id
            : throw NotReadable(path, $"gives '{piece}' an id that is not a whole number from 0 to {LargestId - 1}.");

    internal static List<(string Left, string Right)> ReadMerges(string path)
    {
        string text = System.Text.Encoding.UTF8.GetString(WithoutMark(ReadBytes(path)));
        var pairs = new List<(string, string)>(49_000);
        int number = 0;

        // Only \n ends a line: some pieces contain characters that other readers take for line ends.
        foreach (Range range in text.AsSpan().Split('\n'))
        {
            number++;
            ReadOnlySpan<char> line = text.AsSpan(range).TrimEnd('\r');
            if (line.IsEmpty || (number == 1 && line.StartsWith("#version", StringComparison.Ordinal)))
            {
                continue;
            }

            int blank = line.IndexOf(' ');
            if (blank <= 0 || blank == line.Length - 1 || line[(blank + 1)..].Contains(' '))
            {
                string shown = line.Length > 40 ? string.Concat(line[..40], "…") : line.ToString();
                throw NotReadable(path, $"is malformed in line {number} ('{shown}'): a line holds two pieces with one blank between.");
            }

            pairs.Add((line[..blank].ToString(), line[(blank + 1)..].ToString()));
        }

        return pairs;
    }

    /// <summary>The special tokens that the files beside a vocabulary name; null where they name none.</summary>
    internal static SpecialTokens ReadSpecialTokens(string folder)
    {
        var found = default(SpecialTokens);
        foreach (string name in (ReadOnlySpan<string>)["special_tokens_map.json", "tokenizer_config.json"])
        {
            string path = Path.Combine(folder, name);
            if (!File.Exists(path))
            {
                continue;
            }

            try
            {
                byte[] json = ReadBytes(path);
                using JsonDocument document = JsonDocument.Parse(json.AsMemory(json.Length - WithoutMark(json).Length));
                found = new SpecialTokens(
                    found.Start ?? Token(document.RootElement, "bos_token"),
                    found.End ?? Token(document.RootElement, "eos_token"),
                    found.Pad ?? Token(document.RootElement, "pad_token"));
            }
            catch (Exception exception) when (exception is JsonException or InvalidOperationException)
            {
                throw NotReadable(path, "is not valid JSON: " + exception.Message, exception);
            }
        }

        return found;
    }

    private static string? Token(JsonElement root, string name) =>
        TokenizerJson.Text(root, name) ?? (TokenizerJson.Object(root, name) is { } token ? TokenizerJson.Text(token, "content") : null);

    internal static ReadOnlySpan<byte> WithoutMark(byte[] bytes) => bytes.AsSpan() is [0xEF, 0xBB, 0xBF, ..] ? bytes.AsSpan(3) : bytes;

    internal static byte[] ReadBytes(string path)
    {
        try
        {
            return RegularFile.ReadAllBytes(path, LargestFile);
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new QosValuationException(
                Faults.VocabularyNotFound,
                $"The tokenizer file '{path}' does not exist. A text model needs vocab.json and merges.txt beside it.",
                path,
                exception);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw NotReadable(
                path,
                Directory.Exists(path) ? "is a folder. Name the vocab.json or tokenizer.json in it." : "cannot be read: " + exception.Message,
                exception);
        }
    }

    internal static QosValuationException NotReadable(string path, string reason, Exception? cause = null) =>
        new(Faults.VocabularyNotReadable, $"The tokenizer file '{path}' {reason}", path, cause);

    internal readonly record struct SpecialTokens(string? Start, string? End, string? Pad);
}
