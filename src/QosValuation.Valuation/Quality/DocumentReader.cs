using QosValuation.Foundation.IO;
using System.Text;
using System.Text.Json;
using CsvHelper;

namespace QosValuation.Valuation.Quality;

/// <summary>
/// Reads documents from files: a text file is one document, each line of a .jsonl or .ndjson and each row of a .csv or .parquet another. Bytes that are no
/// UTF-8 become U+FFFD, which counts as corruption.
/// </summary>
/// <remarks>
/// The text of a line or row is its field Text, Caption, Content, Document or Body (or the list Captions, a document each); Contributor names who brought it.
/// All fields count as metadata. One bad line or row costs one fault, and the others go on.
/// </remarks>
public static class DocumentReader
{
    /// <summary>The most bytes of a document: 16 MB.</summary>
    public const int MostBytes = 16 << 20;

    /// <summary>The names of fields that hold a document's text, the first that exists counts.</summary>
    public static IReadOnlyList<string> TextFields { get; } = ["Text", "Caption", "Captions", "Content", "Document", "Body"];

    private const string ContributorField = "Contributor";
    private const int ProbedBytes = 8192;

    /// <summary>Reads a file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="contributor">Who brought documents that do not say so.</param>
    /// <param name="faulted">Takes the fault of a line or row that cannot be used.</param>
    /// <returns>The documents, each as soon as it was read.</returns>
    /// <exception cref="QosValuationException"><c>DocumentNotReadable</c>, <c>DocumentTooLarge</c>: nothing more can be read of the file.</exception>
    public static IEnumerable<QualityDocument> Read(string path, string contributor, Action<QosValuationException> faulted)
    {
        ArgumentNullException.ThrowIfNull(path);
        ArgumentNullException.ThrowIfNull(faulted);
        IEnumerable<QualityDocument> documents = Path.GetExtension(path).ToUpperInvariant() switch
        {
            ".JSONL" or ".NDJSON" => ReadLines(path, contributor, faulted),
            ".CSV" => ReadRows(path, contributor, faulted),
            ".PARQUET" => ParquetDocuments.Read(path, contributor, faulted),
            _ => ReadText(path, contributor),
        };
        using IEnumerator<QualityDocument> enumerator = documents.GetEnumerator();
        int count = 0;
        while (true)
        {
            try
            {
                if (!enumerator.MoveNext())
                {
                    break;
                }
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                throw new QosValuationException(
                    Faults.DocumentNotReadable, FaultKind.ReadFailed, $"'{path}' cannot be read: {exception.Message}", path, exception);
            }
            catch (CsvFormatException exception)
            {
                throw new QosValuationException(Faults.DocumentNotReadable, $"'{path}' is not a CSV file: {exception.Message}", path, exception);
            }

            count++;
            yield return enumerator.Current;
        }

        if (count == 0 && new FileInfo(path).Length == 0)
        {
            throw Empty(path);
        }
    }

    /// <summary>Makes documents of named fields.</summary>
    /// <param name="fields">The fields.</param>
    /// <param name="contributor">Who brought them where no field says so.</param>
    /// <param name="source">Where they came from.</param>
    /// <returns>The documents; none where no field holds a text.</returns>
    public static IEnumerable<QualityDocument> FromFields(IReadOnlyDictionary<string, string?> fields, string contributor, string source)
    {
        ArgumentNullException.ThrowIfNull(fields);
        string? text = TextFields.Select(name => Find(fields, name)).FirstOrDefault(value => value is not null);
        if (text is not null)
        {
            yield return new QualityDocument
            {
                Text = text,
                Contributor = Find(fields, ContributorField) is { Length: > 0 } own ? own : contributor,
                Source = source,
                Date = QualityDocument.DateFields.Select(name => QualityDocument.ParseDate(Find(fields, name))).FirstOrDefault(date => date is not null),
                Fields = fields,
            };
        }
    }

    private static string? Find(IReadOnlyDictionary<string, string?> fields, string name) => fields.TryGetValue(name, out string? value) ? value : null;

    private static QosValuationException Empty(string path) => new(Faults.DocumentNotReadable, $"'{path}' is empty.", path);

    private static IEnumerable<QualityDocument> ReadText(string path, string contributor)
    {
        long length = new FileInfo(path).Length;
        if (length > MostBytes)
        {
            throw TooLarge($"'{path}' holds {length >> 20} MB", path);
        }

        byte[] bytes = RegularFile.ReadAllBytes(path);
        if (bytes.Length == 0)
        {
            throw Empty(path);
        }

        yield return new QualityDocument { Text = Decode(path, bytes), Contributor = contributor, Source = path };
    }

    private static string Decode(string path, byte[] bytes)
    {
        ReadOnlySpan<byte> content = bytes;
        switch (content)
        {
            case [0xFF, 0xFE, ..]:
                return Encoding.Unicode.GetString(content[2..]);
            case [0xFE, 0xFF, ..]:
                return Encoding.BigEndianUnicode.GetString(content[2..]);
            case [0xEF, 0xBB, 0xBF, ..]:
                content = content[3..];
                break;
        }

        return content[..Math.Min(content.Length, ProbedBytes)].Contains((byte)0)
            ? throw new QosValuationException(Faults.DocumentNotReadable, $"'{path}' holds zero bytes, so it is no text file.", path)
            : Encoding.UTF8.GetString(content);
    }

    internal static QosValuationException TooLarge(string what, string path) =>
        new(Faults.DocumentTooLarge, $"{what}; a document may hold {MostBytes >> 20} MB.", path);

    private static IEnumerable<QualityDocument> ReadLines(string path, string contributor, Action<QosValuationException> faulted)
    {
        using FileStream stream = RegularFile.OpenRead(path);
        long number = 0;
        foreach ((byte[]? line, int length) in Lines(stream))
        {
            number++;
            if (line is null)
            {
                faulted(TooLarge($"Line {number} of '{path}' is too long", path));
                continue;
            }

            string text = Encoding.UTF8.GetString(line, 0, length).Trim('\uFEFF', ' ', '\t', '\r');
            if (text.Length == 0)
            {
                continue;
            }

            List<QualityDocument> documents = [];
            string source = $"{path}:{number}";
            try
            {
                documents = [.. FromJson(text, contributor, source)];
            }
            catch (Exception exception) when (exception is JsonException or InvalidOperationException)
            {
                // InvalidOperationException: a string in it is no text, such as half of a surrogate pair.
                faulted(new QosValuationException(
                    Faults.DocumentNotReadable, $"Line {number} of '{path}' is no JSON: {exception.Message}", source, exception));
                continue;
            }

            if (documents.Count == 0)
            {
                faulted(NoText($"Line {number}", path, source));
            }

            foreach (QualityDocument document in documents)
            {
                yield return document;
            }
        }
    }

    internal static QosValuationException NoText(string what, string path, string source) =>
        new(Faults.DocumentNotReadable, $"{what} of '{path}' has no text in a field named {string.Join(", ", TextFields)}.", source);

    private static IEnumerable<QualityDocument> FromJson(string json, string contributor, string source)
    {
        using JsonDocument document = JsonDocument.Parse(json);
        JsonElement root = document.RootElement;
        if (root.ValueKind == JsonValueKind.String)
        {
            return [new QualityDocument { Text = root.GetString()!, Contributor = contributor, Source = source }];
        }

        if (root.ValueKind != JsonValueKind.Object)
        {
            return [];
        }

        var fields = new Dictionary<string, string?>(StringComparer.OrdinalIgnoreCase);
        List<string>? several = null;
        foreach (JsonProperty property in root.EnumerateObject())
        {
            if (property.Value.ValueKind == JsonValueKind.Array && TextFields.Contains(property.Name, StringComparer.OrdinalIgnoreCase))
            {
                several = [.. property.Value.EnumerateArray().Where(item => item.ValueKind == JsonValueKind.String).Select(item => item.GetString()!)];
                fields[property.Name] = several.FirstOrDefault();
                continue;
            }

            fields[property.Name] = property.Value.ValueKind switch
            {
                JsonValueKind.Null => null,
                JsonValueKind.String => property.Value.GetString(),
                JsonValueKind.Array when property.Value.GetArrayLength() == 0 => null,
                _ => property.Value.GetRawText(),
            };
        }

        QualityDocument? first = FromFields(fields, contributor, source).FirstOrDefault();
        return first is null ? [] : several is null ? [first] : [.. several.Select(text => first with { Text = text })];
    }

    private static IEnumerable<QualityDocument> ReadRows(string path, string contributor, Action<QosValuationException> faulted)
    {
        RegularFile.Require(path);
        using CsvReader csv = CsvReader.FromFile(path, new CsvReaderOptions());
        string[] header = [.. csv.Headers.Select(name => name.Trim())];
        if (!header.Any(name => TextFields.Contains(name, StringComparer.OrdinalIgnoreCase)))
        {
            throw new QosValuationException(
                Faults.DocumentNotReadable, $"'{path}' has no column named {string.Join(", ", TextFields)} in its first line.", path);
        }

        bool isEmpty = true;
        while (csv.Read())
        {
            isEmpty = false;
            var fields = new Dictionary<string, string?>(StringComparer.OrdinalIgnoreCase);
            for (int column = 0; column < Math.Min(header.Length, csv.FieldCount); column++)
            {
                fields[header[column]] = csv.GetString(column);
            }

            string source = $"{path}:{csv.RowNumber}";
            QualityDocument? document = FromFields(fields, contributor, source).FirstOrDefault();
            if (document is null)
            {
                faulted(NoText($"Row {csv.RowNumber}", path, source));
            }
            else if (document.Text.Length > MostBytes)
            {
                faulted(TooLarge($"Row {csv.RowNumber} of '{path}' is too long", path));
            }
            else
            {
                yield return document;
            }
        }

        if (isEmpty && !RegularFile.EndsInLineBreak(path))
        {
            throw new QosValuationException(Faults.DocumentNotReadable, $"'{path}' ends in its first line: it was cut off.", path);
        }
    }

    /// <summary>The lines of a stream; null for one that is longer than a document may be, whose bytes are not kept.</summary>
    private static IEnumerable<(byte[]? Line, int Length)> Lines(FileStream stream)
    {
        byte[] buffer = new byte[1 << 16];
        byte[] line = new byte[1 << 12];
        int length = 0;
        bool isTooLong = false;
        int read;
        while ((read = stream.Read(buffer, 0, buffer.Length)) > 0)
        {
            for (int at = 0; at < read;)
            {
                int end = Array.IndexOf(buffer, (byte)'\n', at, read - at);
                int count = (end < 0 ? read : end) - at;
                isTooLong |= length + count > MostBytes;
                if (!isTooLong)
                {
                    if (length + count > line.Length)
                    {
                        Array.Resize(ref line, Math.Max(2 * line.Length, length + count));
                    }

                    Array.Copy(buffer, at, line, length, count);
                    length += count;
                }

                at += count + 1;
                if (end >= 0)
                {
                    yield return (isTooLong ? null : line, length);
                    length = 0;
                    isTooLong = false;
                }
            }
        }

        if (length > 0 || isTooLong)
        {
            yield return (isTooLong ? null : line, length);
        }
    }
}
