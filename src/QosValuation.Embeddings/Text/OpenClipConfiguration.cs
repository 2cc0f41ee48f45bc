using System.Text.Json;

namespace QosValuation.Embeddings.Text;

/// <summary>
/// What OpenCLIP's own file says about texts: <c>open_clip_config.json</c>, or a <c>config.json</c> with <c>text_cfg</c> as its exports to ONNX have,
/// beside the tokenizer or one folder above.
/// </summary>
internal static class OpenClipConfiguration
{
    /// <summary>How texts are cleaned before they are cut, by text_cfg.tokenizer_kwargs.clean.</summary>
    /// <param name="vocabularyPath">A file of the tokenizer.</param>
    /// <returns>Null where there is no such file.</returns>
    /// <exception cref="QosValuationException">VocabularyNotReadable: a way to clean that is not known.</exception>
    public static Func<string, string>? CleaningOf(string vocabularyPath)
    {
        if (TextSettings(Path.GetDirectoryName(Path.GetFullPath(vocabularyPath))!) is not { } settings)
        {
            return null;
        }

        string? clean = TokenizerJson.Object(settings.Text, "tokenizer_kwargs") is { } kwargs ? TokenizerJson.Text(kwargs, "clean") : null;
        return clean switch
        {
            null or "whitespace" => CanonicalText.OpenClipWhiteSpace,
            "lower" => text => CanonicalText.Lower(CanonicalText.OpenClipWhiteSpace(text)),
            "canonicalize" => CanonicalText.OpenClip,
            _ => throw ClipTokenizerReader.NotReadable(settings.Path, $"cleans texts by '{clean}'; whitespace, lower and canonicalize are known."),
        };
    }

    /// <summary>The number of token positions, by text_cfg.context_length.</summary>
    /// <param name="folder">The folder of the text encoder or of the model.</param>
    /// <returns>Null where no file says it.</returns>
    public static int? ContextLength(string folder) =>
        TextSettings(folder) is { } settings && settings.Text.TryGetProperty("context_length", out JsonElement length)
            && length.ValueKind == JsonValueKind.Number && length.TryGetInt32(out int value) && value >= 2 ? value : null;

    private static (string Path, JsonElement Text)? TextSettings(string folder)
    {
        foreach (string? place in (string?[])[folder, Path.GetDirectoryName(folder)])
        {
            foreach (string name in (string[])["open_clip_config.json", "config.json"])
            {
                string path = Path.Combine(place ?? string.Empty, name);
                if (place is null || !File.Exists(path))
                {
                    continue;
                }

                try
                {
                    using JsonDocument document = TokenizerJson.Parse(path);
                    JsonElement root = TokenizerJson.Object(document.RootElement, "model_cfg") ?? document.RootElement;
                    if (TokenizerJson.Object(root, "text_cfg") is { } text)
                    {
                        return (path, text.Clone());
                    }
                }
                catch (Exception exception) when (place != folder && (exception is JsonException or InvalidOperationException or QosValuationException))
                {
                    // What lies above need not be the model's.
                }
                catch (Exception exception) when (exception is JsonException or InvalidOperationException)
                {
                    throw ClipTokenizerReader.NotReadable(path, "is not valid JSON: " + exception.Message, exception);
                }
            }
        }

        return null;
    }
}
