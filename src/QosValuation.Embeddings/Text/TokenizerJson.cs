using System.Text.Json;

namespace QosValuation.Embeddings.Text;

/// <summary>Reads values of a tokenizer's JSON files.</summary>
internal static class TokenizerJson
{
    /// <summary>Parses a file, with or without a byte order mark.</summary>
    /// <param name="path">The file.</param>
    /// <returns>The document.</returns>
    /// <exception cref="QosValuationException">VocabularyNotFound, VocabularyNotReadable.</exception>
    /// <exception cref="JsonException">It is not JSON.</exception>
    public static JsonDocument Parse(string path)
    {
        byte[] json = ClipTokenizerReader.ReadBytes(path);
        return JsonDocument.Parse(json.AsMemory(json.Length - ClipTokenizerReader.WithoutMark(json).Length));
    }

    /// <summary>An object within an object.</summary>
    /// <param name="element">Anything.</param>
    /// <param name="name">The property.</param>
    /// <returns>Null where there is none.</returns>
    public static JsonElement? Object(JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.Object
            ? value
            : null;

    /// <summary>A flag of an object.</summary>
    /// <param name="element">Anything.</param>
    /// <param name="name">The property.</param>
    /// <returns>Null where there is none, or it is null.</returns>
    public static bool? Flag(JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out JsonElement value)
            ? value.ValueKind switch { JsonValueKind.True => true, JsonValueKind.False => false, _ => null }
            : null;

    /// <summary>A text of an object.</summary>
    /// <param name="element">Anything.</param>
    /// <param name="name">The property.</param>
    /// <returns>Null where there is none.</returns>
    public static string? Text(JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String
            ? value.GetString()
            : null;
}
