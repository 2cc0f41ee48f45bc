using System.Text.Json;

namespace QosValuation.Embeddings.Text;

/// <summary>Reads the tokenizer files of BERT's family: <c>vocab.txt</c>, or a <c>tokenizer.json</c> whose model is WordPiece.</summary>
internal static class WordPieceTokenizerReader
{
    private const int LargestId = 1 << 24;

    /// <summary>Whether a file holds BERT's tokenizer.</summary>
    /// <param name="path">A file of a vocabulary.</param>
    /// <returns>True for a vocab.txt, and for a tokenizer.json whose model is WordPiece.</returns>
    public static bool IsWordPiece(string path)
    {
        if (path.EndsWith(".txt", StringComparison.OrdinalIgnoreCase))
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
            return Model(document) is { } model && IsWordPiece(model);
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            // Whoever reads it reports it.
            return false;
        }
    }

    /// <summary>Reads a tokenizer.</summary>
    /// <param name="path">The vocab.txt or tokenizer.json.</param>
    /// <returns>The tokenizer.</returns>
    /// <exception cref="QosValuationException">VocabularyNotFound, VocabularyNotReadable.</exception>
    public static WordPieceTokenizer Read(string path) =>
        new(path.EndsWith(".txt", StringComparison.OrdinalIgnoreCase) ? ReadLines(path) : ReadJson(path));

    private static WordPieceVocabulary ReadLines(string path)
    {
        string text = System.Text.Encoding.UTF8.GetString(ClipTokenizerReader.WithoutMark(ClipTokenizerReader.ReadBytes(path)));
        var pieces = new List<string>(31_000);
        var ids = new Dictionary<string, int>(31_000, StringComparer.Ordinal);

        // Only \n ends a line, with or without \r before it: some pieces are characters that other readers take for line ends.
        foreach (Range range in text.AsSpan().TrimEnd("\r\n").Split('\n'))
        {
            string piece = text.AsSpan(range).TrimEnd('\r').ToString();
            if (piece.Length == 0 || !ids.TryAdd(piece, pieces.Count))
            {
                throw ClipTokenizerReader.NotReadable(
                    path,
                    piece.Length == 0 ? $"has an empty line {pieces.Count + 1}." : $"lists '{piece}' twice (line {pieces.Count + 1}).");
            }

            pieces.Add(piece);
        }

        string settings = Path.Combine(Path.GetDirectoryName(Path.GetFullPath(path))!, "tokenizer_config.json");
        return new WordPieceVocabulary(path, [.. pieces], ids) { Normalization = File.Exists(settings) ? ReadSettings(settings) : new BertNormalization() };
    }

    private static BertNormalization ReadSettings(string path)
    {
        try
        {
            using JsonDocument document = TokenizerJson.Parse(path);
            JsonElement root = document.RootElement;
            return new BertNormalization(
                TokenizerJson.Flag(root, "do_lower_case") ?? true,
                TokenizerJson.Flag(root, "strip_accents"),
                SplitsIdeographs: TokenizerJson.Flag(root, "tokenize_chinese_chars") ?? true);
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            throw ClipTokenizerReader.NotReadable(path, "is not valid JSON: " + exception.Message, exception);
        }
    }

    private static WordPieceVocabulary ReadJson(string path)
    {
        try
        {
            using JsonDocument document = TokenizerJson.Parse(path);
            if (Model(document) is not { } model || !IsWordPiece(model)
                || !model.TryGetProperty("vocab", out JsonElement vocab) || vocab.ValueKind != JsonValueKind.Object)
            {
                throw ClipTokenizerReader.NotReadable(path, "holds no WordPiece model with a vocabulary.");
            }

            var ids = new Dictionary<string, int>(31_000, StringComparer.Ordinal);
            foreach (JsonProperty entry in vocab.EnumerateObject())
            {
                if (!entry.Value.TryGetInt32(out int id) || id is < 0 or >= LargestId || !ids.TryAdd(entry.Name, id))
                {
                    throw ClipTokenizerReader.NotReadable(path, $"gives '{entry.Name}' no id of its own from 0 to {LargestId - 1}.");
                }
            }

            if (ids.Count == 0)
            {
                throw ClipTokenizerReader.NotReadable(path, "holds an empty vocabulary.");
            }

            var pieces = new string[ids.Values.Max() + 1];
            foreach ((string piece, int id) in ids)
            {
                pieces[id] = pieces[id] is null ? piece : throw ClipTokenizerReader.NotReadable(path, $"gives the id {id} to '{pieces[id]}' and '{piece}'.");
            }

            // An id that no piece has is filled with a text that no word can be.
            for (int id = 0; id < pieces.Length; id++)
            {
                pieces[id] ??= $" unused {id}";
            }

            return new WordPieceVocabulary(path, pieces, ids)
            {
                Normalization = ReadNormalizer(document.RootElement),
                Prefix = TokenizerJson.Text(model, "continuing_subword_prefix") ?? "##",
                Unknown = TokenizerJson.Text(model, "unk_token") ?? "[UNK]",
                LongestWord = model.TryGetProperty("max_input_chars_per_word", out JsonElement most) && most.TryGetInt32(out int length) && length > 0
                    ? length
                    : 100,
            };
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            throw ClipTokenizerReader.NotReadable(path, "is not valid JSON: " + exception.Message, exception);
        }
    }

    private static BertNormalization ReadNormalizer(JsonElement root) =>
        TokenizerJson.Object(root, "normalizer") is { } normalizer
            ? new BertNormalization(
                TokenizerJson.Flag(normalizer, "lowercase") ?? true,
                TokenizerJson.Flag(normalizer, "strip_accents"),
                TokenizerJson.Flag(normalizer, "clean_text") ?? true,
                TokenizerJson.Flag(normalizer, "handle_chinese_chars") ?? true)
            : new BertNormalization();

    private static JsonElement? Model(JsonDocument document) => TokenizerJson.Object(document.RootElement, "model");

    private static bool IsWordPiece(JsonElement model) =>
        TokenizerJson.Text(model, "type") is { } type
            ? type == "WordPiece"
            : !model.TryGetProperty("merges", out _) && model.TryGetProperty("unk_token", out _);
}
