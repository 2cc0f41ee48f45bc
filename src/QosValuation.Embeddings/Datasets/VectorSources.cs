using System.Globalization;
using System.Text;
using System.Text.Json;
using CsvHelper;
using QosValuation.Onnx.Model;

namespace QosValuation.Embeddings.Datasets;

/// <summary>One row of an embedding file.</summary>
/// <param name="Number">The row, from 0.</param>
/// <param name="Vector">The components; null where the row cannot be used or carries none.</param>
/// <param name="Metadata">What the row says beside its vector.</param>
/// <param name="Problem">Why the row cannot be used.</param>
internal readonly record struct VectorRow(long Number, float[]? Vector, EmbeddingMetadata? Metadata, string? Problem);

/// <summary>A file of vectors, read once from front to back.</summary>
internal interface IVectorSource : IDisposable
{
    /// <summary>The number of rows where the file says so without being read through; else null.</summary>
    long? Count { get; }

    /// <summary>The rows.</summary>
    /// <returns>A lazy sequence, to be enumerated once.</returns>
    IEnumerable<VectorRow> Rows();
}

/// <summary>CSV: metadata columns by name, and a column a component (v0, v1, …) or one column <c>Vector</c> of numbers between blanks, commas or semicolons.</summary>
internal sealed class CsvVectorSource(string path, bool requiresVectors = true) : IVectorSource
{
    private static readonly CsvReaderOptions Options = new() { HasHeader = false };

    private readonly CsvReader _csv = CsvReader.FromFile(path, Options);

    public long? Count => null;

    public IEnumerable<VectorRow> Rows()
    {
        if (!_csv.Read())
        {
            yield break;
        }

        int width = _csv.FieldCount;
        string[] first = [.. Enumerable.Range(0, width).Select(_csv.GetString)];

        // Numbers alone in the first line, as numpy.savetxt writes: no header.
        bool hasHeader = !Array.TrueForAll(first, static field => TryParse(field, out _));
        (int Column, string Name)[] metadata = hasHeader
            ? [.. first.Select((name, column) => (Column: column, Name: name)).Where(entry => EmbeddingMetadata.IsColumn(entry.Name))]
            : [];
        int joint = hasHeader ? Array.FindIndex(first, IsVectorName) : -1;
        int[] components = joint >= 0 ? [joint] : hasHeader ? NumberedColumns(first) : [.. Enumerable.Range(0, width)];
        long number = 0;
        for (bool isRow = !hasHeader || _csv.Read(); isRow; isRow = _csv.Read())
        {
            yield return components.Length > 0 || !requiresVectors
                ? Row(number++, width, metadata, components, joint >= 0)
                : throw new QosValuationException(
                    Faults.EmbeddingFileNotReadable,
                    $"'{path}' has no vector columns. Expected numbered columns such as v0, v1, …, or one column named Vector.",
                    path);
        }
    }

    public void Dispose() => _csv.Dispose();

    /// <summary>Numbers between blanks, commas or semicolons, with or without brackets.</summary>
    internal static float[]? ParseJoint(ReadOnlySpan<char> text)
    {
        var values = new List<float>(512);
        text = text.Trim().TrimStart('[').TrimEnd(']');
        foreach (Range range in text.SplitAny([' ', ',', ';', '\t', '\n', '\r']))
        {
            if (text[range].IsEmpty)
            {
                continue;
            }

            if (!TryParse(text[range], out float value))
            {
                return null;
            }

            values.Add(value);
        }

        return [.. values];
    }

    private static bool IsVectorName(string name) =>
        name.Equals("Vector", StringComparison.OrdinalIgnoreCase) || name.Equals("Embedding", StringComparison.OrdinalIgnoreCase);

    /// <summary>The largest group of columns named alike but for a running number, in the order of the numbers.</summary>
    private static int[] NumberedColumns(string[] names)
    {
        IGrouping<string, (int Column, int Place)>? largest = names
            .Select((name, column) => (Column: column, Name: name, Stem: name.TrimEnd("0123456789".ToCharArray())))
            .Where(entry => entry.Stem.Length < entry.Name.Length && !EmbeddingMetadata.IsColumn(entry.Name))
            .GroupBy(
                entry => entry.Stem,
                entry => (entry.Column, Place: int.TryParse(entry.Name.AsSpan(entry.Stem.Length), CultureInfo.InvariantCulture, out int place) ? place : int.MaxValue),
                StringComparer.OrdinalIgnoreCase)
            .MaxBy(group => group.Count());
        return largest is null ? [] : [.. largest.OrderBy(entry => entry.Place).Select(entry => entry.Column)];
    }

    private static bool TryParse(ReadOnlySpan<char> text, out float value) =>
        float.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out value);

    private VectorRow Row(long number, int width, (int Column, string Name)[] metadata, int[] components, bool isJoint)
    {
        if (_csv.FieldCount != width)
        {
            return new VectorRow(number, null, null, $"it has {_csv.FieldCount} fields, the first line has {width}.");
        }

        var own = new EmbeddingMetadata();
        try
        {
            foreach ((int column, string name) in metadata)
            {
                own = own.With(name, _csv.GetString(column));
            }
        }
        catch (FormatException exception)
        {
            return new VectorRow(number, null, null, exception.Message);
        }

        if (!requiresVectors)
        {
            return new VectorRow(number, null, own, null);
        }

        if (isJoint)
        {
            return ParseJoint(_csv.GetString(components[0])) is { } joint
                ? new VectorRow(number, joint, own, null)
                : new VectorRow(number, null, own, "its vector holds something other than numbers.");
        }

        float[] vector = new float[components.Length];
        for (int i = 0; i < vector.Length; i++)
        {
            if (!_csv.TryParse(components[i], out vector[i]))
            {
                return new VectorRow(number, null, own, $"component {i} is '{_csv.GetString(components[i])}', not a number.");
            }
        }

        return new VectorRow(number, vector, own, null);
    }
}

/// <summary>JSON lines: an object a line with a property <c>vector</c> (or <c>embedding</c>) and metadata by name.</summary>
internal sealed class JsonLinesVectorSource(string path, bool requiresVectors = true) : IVectorSource
{
    private readonly StreamReader _reader = new(path, System.Text.Encoding.UTF8, detectEncodingFromByteOrderMarks: true, 1 << 16);

    public long? Count => null;

    public IEnumerable<VectorRow> Rows()
    {
        long number = 0;
        while (_reader.ReadLine() is { } line)
        {
            if (!string.IsNullOrWhiteSpace(line))
            {
                yield return Row(number++, line);
            }
        }
    }

    public void Dispose() => _reader.Dispose();

    /// <summary>The metadata properties of an object.</summary>
    /// <param name="element">The object.</param>
    /// <returns>The metadata; other properties are ignored.</returns>
    /// <exception cref="FormatException">A value does not suit its property.</exception>
    internal static EmbeddingMetadata Metadata(JsonElement element)
    {
        var metadata = new EmbeddingMetadata();
        foreach (JsonProperty property in element.EnumerateObject())
        {
            metadata = property.Value.ValueKind switch
            {
                JsonValueKind.String => metadata.With(property.Name, property.Value.GetString()),
                JsonValueKind.Number => metadata.With(property.Name, property.Value.GetRawText()),
                _ => metadata,
            };
        }

        return metadata;
    }

    private VectorRow Row(long number, string line)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(line);
            if (document.RootElement.ValueKind == JsonValueKind.Array && requiresVectors)
            {
                return new VectorRow(number, Numbers(document.RootElement), null, null);
            }

            if (document.RootElement.ValueKind != JsonValueKind.Object)
            {
                return new VectorRow(number, null, null, "the line is not a JSON object.");
            }

            EmbeddingMetadata metadata = Metadata(document.RootElement);
            if (!requiresVectors)
            {
                return new VectorRow(number, null, metadata, null);
            }

            foreach (JsonProperty property in document.RootElement.EnumerateObject())
            {
                if (property.Value.ValueKind == JsonValueKind.Array
                    && (property.Name.Equals("vector", StringComparison.OrdinalIgnoreCase) || property.Name.Equals("embedding", StringComparison.OrdinalIgnoreCase)))
                {
                    return new VectorRow(number, Numbers(property.Value), metadata, null);
                }
            }

            return new VectorRow(number, null, metadata, "it has no array named vector.");
        }
        catch (Exception exception) when (exception is JsonException or FormatException or InvalidOperationException)
        {
            return new VectorRow(number, null, null, exception.Message);
        }
    }

    private static float[] Numbers(JsonElement array)
    {
        float[] vector = new float[array.GetArrayLength()];
        int i = 0;
        foreach (JsonElement value in array.EnumerateArray())
        {
            vector[i++] = value.ValueKind == JsonValueKind.Number ? value.GetSingle() : throw new FormatException($"component {i - 1} of the vector is not a number.");
        }

        return vector;
    }
}
