using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using CsvHelper;
using QosValuation.Foundation.IO;

namespace QosValuation.Embeddings.Datasets;

/// <summary>One row of an embedding file.</summary>
/// <param name="Number">The row, from 0.</param>
/// <param name="Vector">The components; null where the row cannot be used or carries none.</param>
/// <param name="Metadata">What the row says beside its vector.</param>
/// <param name="Problem">Why the row cannot be used.</param>
/// <param name="Wide">Reads the components again as 64-bit floats, before the next row is taken; null where the file holds no more than 32 bits.</param>
internal readonly record struct VectorRow(long Number, float[]? Vector, EmbeddingMetadata? Metadata, string? Problem, Func<double[]>? Wide = null);

/// <summary>A file of vectors, read once from front to back.</summary>
internal interface IVectorSource : IDisposable
{
    /// <summary>The number of rows where the file says so without being read through; else null.</summary>
    long? Count { get; }

    /// <summary>The rows.</summary>
    /// <returns>A lazy sequence, to be enumerated once.</returns>
    IEnumerable<VectorRow> Rows();
}

/// <summary>
/// CSV: metadata columns by name, and a column a component (v0, v1, …) or one column <c>Vector</c> of numbers between blanks, commas or
/// semicolons.
/// </summary>
/// <remarks>
/// <para>A first line of numbers alone is a row, as numpy.savetxt writes it, unless it numbers the columns, as pandas does: 0, 1, 2 and so on.
/// Two columns 0, 1, and columns numbered from 1, count as numbered only where the next line holds a fraction.</para>
/// <para>Lines at the beginning that start with # are comments. The last of them is the header where it has as many fields as the line
/// after it and names components or metadata, as numpy.savetxt writes a header.</para>
/// </remarks>
internal sealed class CsvVectorSource(string path, bool requiresVectors = true, Action<IReadOnlyList<string>>? unknown = null) : IVectorSource
{
    private const string Blanks = " \t\n\r";
    private const string CommaAndBlanks = "," + Blanks;
    private const string SemicolonAndBlanks = ";" + Blanks;

    private static readonly CsvReaderOptions Options = new() { HasHeader = false };

    private readonly CsvReader _csv = Open(path);

    public long? Count => null;

    public IEnumerable<VectorRow> Rows()
    {
        if (!TryReadLayout(out CsvVectorLayout layout, out bool isRow))
        {
            throw NotReadable("holds nothing but comments and blank lines.");
        }

        if (layout.Unknown.Count > 0)
        {
            unknown?.Invoke(layout.Unknown);
        }

        long number = 0;
        for (bool isThere = isRow || _csv.Read(); isThere; isThere = _csv.Read())
        {
            yield return layout.Components.Length > 0 || !requiresVectors
                ? Row(number++, layout)
                : throw NotReadable("has no vector columns. Expected numbered columns such as v0, v1, …, or one column named Vector.");
        }

        // A header alone is an export of nothing, as long as it is whole.
        if (number == 0 && !RegularFile.EndsInLineBreak(path))
        {
            throw NotReadable("ends in its first line: it was cut off. Copy or export it again.");
        }

        // An export of nothing names no component; those of earlier versions have no Label.
        if (number == 0 && requiresVectors && layout.Components.Length == 0 && layout.Metadata.Count < EmbeddingMetadata.Columns.Count - 1)
        {
            throw NotReadable("has no vector columns. Expected numbered columns such as v0, v1, …, or one column named Vector.");
        }
    }

    private QosValuationException NotReadable(string reason) => new(Faults.EmbeddingFileNotReadable, $"'{path}' {reason}", path);

    public void Dispose() => _csv.Dispose();

    /// <summary>
    /// Numbers between blanks, commas or semicolons, with or without brackets. Commas separate numbers only where nothing else does: in
    /// "0,5 0,25" and "0,5; 0,25" they belong to the numbers, and <see cref="NumberText"/> decides what they mean there.
    /// </summary>
    private static double[]? ParseJoint(ReadOnlySpan<char> text)
    {
        var values = new List<double>(512);
        text = text.Trim().TrimStart('[').TrimEnd(']').Trim();
        foreach (Range range in text.SplitAny(CommasSeparate(text) ? CommaAndBlanks : SemicolonAndBlanks))
        {
            if (text[range].IsEmpty)
            {
                continue;
            }

            if (!NumberText.TryParse(text[range], out double value))
            {
                return null;
            }

            values.Add(value);
        }

        return [.. values];
    }

    // No semicolon, and no blanks but beside commas.
    private static bool CommasSeparate(ReadOnlySpan<char> text)
    {
        if (!text.Contains(',') || text.Contains(';'))
        {
            return false;
        }

        foreach (Range range in text.Split(','))
        {
            if (text[range].Trim(Blanks).ContainsAny(Blanks))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Reads the lines before the rows.</summary>
    /// <param name="layout">What the columns are.</param>
    /// <param name="isRow">Whether the line at hand is the first row; otherwise it was the header.</param>
    /// <returns>False for a file without lines.</returns>
    private bool TryReadLayout(out CsvVectorLayout layout, out bool isRow)
    {
        layout = CsvVectorLayout.WithoutHeader(0);
        isRow = false;
        string[]? comment = null;
        int lines = 0;
        string[] fields;
        do
        {
            if (!_csv.Read())
            {
                return false;
            }

            lines++;
            fields = Fields(_csv);
            if (Array.Exists(fields, static field => field.Contains('\0', StringComparison.Ordinal)))
            {
                throw NotReadable("holds U+0000 in its first lines, so it is no text.");
            }

            if (fields.Length == 0 || !fields[0].StartsWith('#'))
            {
                break;
            }

            comment = fields;
        }
        while (true);

        if (comment?.Length == fields.Length)
        {
            comment[0] = comment[0].TrimStart('#', ' ');
            CsvVectorLayout commented = CsvVectorLayout.Of(comment);
            if (commented.IsJoint || commented.Components.Length > 1 || commented.Metadata.Count > 0)
            {
                (layout, isRow) = (commented, true);
                return true;
            }
        }

        // Numbers between blanks, as numpy.savetxt writes them where no delimiter is named.
        if (fields.Length == 1 && ParseJoint(fields[0]) is { Length: > 1 })
        {
            (layout, isRow) = (new CsvVectorLayout(1, false, [], [0], true, []), true);
            return true;
        }

        bool isHeader = !Array.TrueForAll(fields, static field => NumberText.TryParse(field, out double _)) || IsNumbering(fields, lines);
        layout = isHeader ? CsvVectorLayout.Of(fields) : CsvVectorLayout.WithoutHeader(fields.Length);
        isRow = !isHeader;
        return true;
    }

    private bool IsNumbering(string[] fields, int lines)
    {
        bool fromZero = CsvVectorLayout.IsNumbering(fields, 0);
        return (fromZero && fields.Length > 2) || ((fromZero || CsvVectorLayout.IsNumbering(fields, 1)) && HasFraction(lines));
    }

    /// <summary>Whether the line after the first ones holds a number that is not whole.</summary>
    private bool HasFraction(int lines)
    {
        using CsvReader reader = Open(path);
        for (int i = 0; i <= lines; i++)
        {
            if (!reader.Read())
            {
                return false;
            }
        }

        return Array.Exists(Fields(reader), static field => !NumberText.TryParseWhole(field, out _) || field.Contains('.', StringComparison.Ordinal));
    }

    private static CsvReader Open(string path)
    {
        RegularFile.Require(path);
        return CsvReader.FromFile(path, Options);
    }

    private static string[] Fields(CsvReader reader) => [.. Enumerable.Range(0, reader.FieldCount).Select(reader.GetString)];

    private VectorRow Row(long number, CsvVectorLayout layout)
    {
        if (_csv.FieldCount != layout.Width)
        {
            return new VectorRow(number, null, null, $"it has {_csv.FieldCount} fields, the first line has {layout.Width}.");
        }

        var own = new EmbeddingMetadata();
        try
        {
            foreach ((int column, string name, MetadataField field, bool isPadded) in layout.Metadata)
            {
                // A blank after each comma separates the fields and is no part of them.
                if (!Utf8.IsValid(_csv.GetSpan(column)))
                {
                    return new VectorRow(number, null, null, $"its {name} is not UTF-8: save the file as UTF-8.");
                }

                string value = _csv.GetString(column);
                own.SetCsv(field, name, isPadded ? value.TrimStart(' ') : value);
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

        if (layout.IsJoint)
        {
            return ParseJoint(_csv.GetString(layout.Components[0])) is { } joint
                ? new VectorRow(number, Array.ConvertAll(joint, x => (float)x), own, null, () => joint)
                : new VectorRow(number, null, own, "its vector holds something other than numbers: " + NumberText.Advice + ".");
        }

        float[] vector = new float[layout.Components.Length];
        for (int i = 0; i < vector.Length; i++)
        {
            if (!NumberText.TryParse(_csv.GetSpan(layout.Components[i]), out vector[i]))
            {
                return new VectorRow(
                    number, null, own, $"component {i} is '{_csv.GetString(layout.Components[i])}', not a number: {NumberText.Advice}.");
            }
        }

        return new VectorRow(number, vector, own, null, () => Array.ConvertAll(layout.Components, column => Wide(_csv.GetSpan(column))));
    }

    private static double Wide(ReadOnlySpan<byte> field) => NumberText.TryParse(field, out double value) ? value : double.NaN;
}

/// <summary>JSON lines: an object a line with a property <c>vector</c> (or <c>embedding</c>) and metadata by name.</summary>
internal sealed class JsonLinesVectorSource(string path, bool requiresVectors = true, Action<IReadOnlyList<string>>? unknown = null) : IVectorSource
{
    private readonly HashSet<string> _unknown = new(StringComparer.OrdinalIgnoreCase);

    // Not UTF8Encoding.UTF8, which takes bytes of another encoding for U+FFFD, so that different names become one.
    private readonly BoundedLineReader _reader = new(new StreamReader(
        RegularFile.OpenRead(path), new UTF8Encoding(false, throwOnInvalidBytes: true), detectEncodingFromByteOrderMarks: true, 1 << 16));

    public long? Count => null;

    public IEnumerable<VectorRow> Rows()
    {
        long number = 0;
        while (ReadLine(number) is { } line)
        {
            if (!string.IsNullOrWhiteSpace(line))
            {
                yield return Row(number++, line);
            }
        }
    }

    public void Dispose() => _reader.Dispose();

    private string? ReadLine(long number)
    {
        try
        {
            return _reader.ReadLine();
        }
        catch (DecoderFallbackException exception)
        {
            throw new QosValuationException(
                Faults.EmbeddingFileNotReadable, $"'{path}' is not UTF-8, somewhere after row {number}: save the file as UTF-8.", path, exception);
        }
        catch (InvalidDataException exception)
        {
            throw new QosValuationException(
                Faults.EmbeddingFileNotReadable,
                $"'{path}' holds a line of more than {BoundedLineReader.Most >> 20} Mi characters, after row {number}: JSON lines hold a vector each.",
                path,
                exception);
        }
    }

    /// <summary>The metadata properties of an object.</summary>
    /// <param name="element">The object.</param>
    /// <returns>The metadata; other properties are ignored.</returns>
    /// <exception cref="FormatException">A value does not suit its property.</exception>
    internal static EmbeddingMetadata Metadata(JsonElement element)
    {
        var metadata = new EmbeddingMetadata();
        foreach (JsonProperty property in element.EnumerateObject())
        {
            if (property.Value.ValueKind is JsonValueKind.String or JsonValueKind.Number && EmbeddingMetadata.FieldOf(property.Name) is { } field)
            {
                metadata.Set(field, property.Name, property.Value.ToString());
            }
        }

        return metadata;
    }

    /// <summary>Tells the properties that are neither metadata nor a vector, each once.</summary>
    /// <param name="element">The object.</param>
    /// <param name="told">The names told before.</param>
    /// <param name="unknown">Takes the new ones; null where nobody wants them.</param>
    internal static void TellUnknown(JsonElement element, HashSet<string> told, Action<IReadOnlyList<string>>? unknown)
    {
        if (unknown is null)
        {
            return;
        }

        List<string>? names = null;
        foreach (JsonProperty property in element.EnumerateObject())
        {
            string name = property.Name;
            if (!EmbeddingMetadata.IsColumn(name) && !EmbeddingMetadata.IsVector(name) && !EmbeddingMetadata.IsIgnored(name) && told.Add(name))
            {
                (names ??= []).Add($"'{name}'");
            }
        }

        if (names is not null)
        {
            unknown(names);
        }
    }

    private VectorRow Row(long number, string line)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(line);
            if (document.RootElement.ValueKind == JsonValueKind.Array && requiresVectors)
            {
                return Vector(document.RootElement, null);
            }

            if (document.RootElement.ValueKind != JsonValueKind.Object)
            {
                return new VectorRow(number, null, null, "the line is not a JSON object.");
            }

            EmbeddingMetadata metadata = Metadata(document.RootElement);
            TellUnknown(document.RootElement, _unknown, unknown);
            if (!requiresVectors)
            {
                return new VectorRow(number, null, metadata, null);
            }

            foreach (JsonProperty property in document.RootElement.EnumerateObject())
            {
                if (property.Value.ValueKind == JsonValueKind.Array && EmbeddingMetadata.IsVector(property.Name))
                {
                    return Vector(property.Value, metadata);
                }
            }

            return new VectorRow(number, null, metadata, "it has no array named vector.");
        }
        catch (JsonException exception)
        {
            long? at = exception.BytePositionInLine + 1;
            return new VectorRow(number, null, null, string.Create(
                CultureInfo.InvariantCulture, $"it is no JSON object: what stands at byte {at} of its line does not belong there."));
        }
        catch (Exception exception) when (exception is FormatException or InvalidOperationException)
        {
            return new VectorRow(number, null, null, "it holds a number or a text that cannot be read.");
        }

        VectorRow Vector(JsonElement array, EmbeddingMetadata? metadata)
        {
            // The document is gone by the time the wide numbers are asked for.
            string text = array.GetRawText();
            return new VectorRow(number, Numbers(array), metadata, null, () => WideNumbers(text));
        }
    }

    private static double[] WideNumbers(string text)
    {
        using JsonDocument document = JsonDocument.Parse(text);
        return [.. document.RootElement.EnumerateArray().Select(value => value.GetDouble())];
    }

    private static float[] Numbers(JsonElement array)
    {
        float[] vector = new float[array.GetArrayLength()];
        int i = 0;
        foreach (JsonElement value in array.EnumerateArray())
        {
            vector[i++] = value.ValueKind == JsonValueKind.Number
                ? value.GetSingle()
                : throw new FormatException($"component {i - 1} of the vector is not a number.");
        }

        return vector;
    }
}
