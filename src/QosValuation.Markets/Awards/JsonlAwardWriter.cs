using System.Text.Json;

namespace QosValuation.Markets.Awards;

/// <summary>An object a line; a number that JSON cannot hold is null.</summary>
internal sealed class JsonlAwardWriter(Stream stream) : IAwardWriter
{
    private static readonly JsonWriterOptions Options = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly Utf8JsonWriter _json = new(stream, Options);

    /// <inheritdoc/>
    public void Write(AwardedDocument document)
    {
        IReadOnlyList<string> names = AwardedDocument.FieldNames;
        IReadOnlyList<string> texts = document.Texts;
        _json.WriteStartObject();
        for (int i = 0; i < texts.Count; i++)
        {
            _json.WriteString(names[i], texts[i]);
        }

        _json.WriteNumber(names[texts.Count], document.Award.Rank);
        for (int i = 0; i < document.Numbers.Count; i++)
        {
            string name = names[texts.Count + 1 + i];
            double number = document.Numbers[i];
            if (double.IsFinite(number))
            {
                _json.WriteNumber(name, number);
            }
            else
            {
                _json.WriteNull(name);
            }
        }

        _json.WriteEndObject();
        _json.Flush();
        _json.Reset();
        stream.WriteByte((byte)'\n');
    }

    /// <inheritdoc/>
    public void Complete()
    {
    }

    /// <inheritdoc/>
    public void Dispose() => _json.Dispose();
}
