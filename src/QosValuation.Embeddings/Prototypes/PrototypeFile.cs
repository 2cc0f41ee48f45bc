using System.Globalization;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text.Encodings.Web;
using System.Text.Json;
using CsvHelper;
using QosValuation.Embeddings.Datasets;
using QosValuation.Foundation.IO;

namespace QosValuation.Embeddings.Prototypes;

/// <summary>
/// Prototypes in a file that may be given away: the vectors with what their guarantee states, and nothing of the curator's accounts.
/// </summary>
/// <remarks>
/// <para>Written are the properties of <see cref="Published"/> and no others, whatever the records carry. Who contributed is written only where
/// it is asked for. The seed of the noise is no property of a prototype, and is never written.</para>
/// <para>Count, Sensitivity and Sigma say the same thing about the size of a cluster: under ReplaceOne it is public by definition, and where it
/// is not to be, AddRemove releases it with noise.</para>
/// <para>.npy holds 32-bit floats, a row a prototype, and <c>name.metadata.jsonl</c> beside it the rest, with the SHA-256 of the .npy in its first
/// line. .csv has the properties in columns and
/// then v0, v1, …. .jsonl has an object a line, .json an array of them. All give back the same prototypes, bit for bit.</para>
/// </remarks>
public static class PrototypeFile
{
    private const string Vector = "vector";
    private const string VectorsDigest = "vectorsSha256";

    private static readonly JsonWriterOptions JsonOptions = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };
    private static readonly CsvWriterOptions CsvOptions = new() { NewLine = "\n", ValidateFieldCount = false };

    private static readonly PropertyInfo[] Properties =
    [
        .. ((string[])
            [
                nameof(DpPrototype.ClusterId), nameof(DpPrototype.Modality), nameof(DpPrototype.Model), nameof(DpPrototype.Count),
                nameof(DpPrototype.Epsilon), nameof(DpPrototype.Delta), nameof(DpPrototype.Sensitivity),
                nameof(DpPrototype.Sigma), nameof(DpPrototype.Mechanism),
                nameof(DpPrototype.IsFormal), nameof(DpPrototype.IsSeeded), nameof(DpPrototype.HasNoisyCount), nameof(DpPrototype.Neighboring),
                nameof(DpPrototype.Unit), nameof(DpPrototype.GridStep), nameof(DpPrototype.PostProcessing),
            ]).Select(name => typeof(DpPrototype).GetProperty(name)!),
    ];

    /// <summary>The properties that are written beside the vector.</summary>
    public static IReadOnlyList<string> Published { get; } = [.. Properties.Select(property => property.Name)];

    /// <summary>Writes prototypes; the file appears whole or not at all. O(prototypes · d).</summary>
    /// <param name="path">A .npy, .csv, .jsonl or .json file; its folder is created and an existing file replaced.</param>
    /// <param name="prototypes">The prototypes.</param>
    /// <param name="withContributors">Whether the contributors are written too.</param>
    /// <exception cref="QosValuationException">
    /// <c>EmbeddingFormatNotKnown</c>; <c>DimensionMismatch</c>: vectors of unlike length in a .npy or .csv; <c>VectorNotFinite</c>;
    /// <c>FileNotWritable</c>, <c>DiskFull</c>.
    /// </exception>
    public static void Write(string path, IReadOnlyList<DpPrototype> prototypes, bool withContributors = false)
    {
        ArgumentNullException.ThrowIfNull(path);
        ArgumentNullException.ThrowIfNull(prototypes);
        bool isJson = IsJson(path);
        EmbeddingFileFormat format = isJson ? EmbeddingFileFormat.JsonLines : FormatOf(path);
        Check(path, prototypes, isMatrix: format != EmbeddingFileFormat.JsonLines);
        try
        {
            switch (format)
            {
                case EmbeddingFileFormat.Npy:
                    using (var npy = new MemoryStream())
                    {
                        WriteNpy(npy, prototypes);
                        byte[] bytes = npy.ToArray();
                        PairedFile.Write(
                            path,
                            stream => stream.Write(bytes),
                            EmbeddingMetadataFile.SidecarPath(path),
                            stream => WriteJson(stream, prototypes, isArray: false, withVector: false, withContributors, Digest(bytes)));
                    }

                    break;
                case EmbeddingFileFormat.Csv:
                    AtomicFile.Write(path, stream => WriteCsv(stream, prototypes, withContributors));
                    break;
                default:
                    AtomicFile.Write(path, stream => WriteJson(stream, prototypes, isJson, withVector: true, withContributors));
                    break;
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw DiskFaults.Explain(exception, path);
        }
    }

    /// <summary>Reads prototypes that <see cref="Write"/> wrote. O(prototypes · d).</summary>
    /// <param name="path">The file.</param>
    /// <returns>The prototypes in order; Contributors is empty where it was not written.</returns>
    /// <exception cref="QosValuationException">
    /// <c>EmbeddingFormatNotKnown</c>, <c>EmbeddingFileNotFound</c>, <c>EmbeddingFileNotReadable</c>; <c>PrototypeFileNotValid</c>: the file holds
    /// something else.
    /// </exception>
    public static IReadOnlyList<DpPrototype> Read(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        bool isJson = IsJson(path);
        EmbeddingFileFormat format = isJson ? EmbeddingFileFormat.JsonLines : FormatOf(path);
        if (!File.Exists(path))
        {
            throw new QosValuationException(Faults.EmbeddingFileNotFound, $"The file of prototypes '{path}' does not exist.", path);
        }

        try
        {
            return format switch
            {
                EmbeddingFileFormat.Npy => ReadNpy(path),
                EmbeddingFileFormat.Csv => ReadCsv(path),
                _ => [.. Objects(path, isJson).Select((values, row) => Prototype(path, row, values, null))],
            };
        }
        catch (Exception exception) when (exception is JsonException or FormatException or InvalidOperationException)
        {
            throw NotValid(path, exception.Message, exception);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new QosValuationException(Faults.EmbeddingFileNotReadable, $"'{path}' could not be read: {exception.Message}", path, exception);
        }
    }

    // Prototypes are few: there is no format in columns for them.
    private static EmbeddingFileFormat FormatOf(string path) => EmbeddingFile.FormatOf(path) is not EmbeddingFileFormat.Parquet and var format
        ? format
        : throw new QosValuationException(Faults.EmbeddingFormatNotKnown, $"'{path}' is none of .npy, .csv, .jsonl and .json.", path);

    private static bool IsJson(string path) => Path.GetExtension(path).Equals(".json", StringComparison.OrdinalIgnoreCase);

    private static void Check(string path, IReadOnlyList<DpPrototype> prototypes, bool isMatrix)
    {
        foreach (DpPrototype prototype in prototypes)
        {
            if (isMatrix && prototype.Vector.Length != prototypes[0].Vector.Length)
            {
                throw new QosValuationException(
                    Faults.DimensionMismatch,
                    $"The prototype of cluster {prototype.ClusterId} has {prototype.Vector.Length} components, the first one {prototypes[0].Vector.Length}. "
                        + $"Write them to different files, or to a .json file.",
                    path);
            }

            if (!Array.TrueForAll(prototype.Vector, float.IsFinite))
            {
                throw new QosValuationException(
                    Faults.VectorNotFinite, $"The prototype of cluster {prototype.ClusterId} holds NaN or an infinite number; nothing is written.", path);
            }
        }
    }

    private static string Text(object? value) => value switch
    {
        null => string.Empty,
        double number => number.ToString("R", CultureInfo.InvariantCulture),
        IFormattable other => other.ToString(null, CultureInfo.InvariantCulture),
        _ => value.ToString()!,
    };

    private static string Digest(byte[] bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));

    private static void WriteJson(
        Stream stream, IReadOnlyList<DpPrototype> prototypes, bool isArray, bool withVector, bool withContributors, string? digest = null)
    {
        for (int i = 0; i < prototypes.Count || (isArray && i == 0); i++)
        {
            if (isArray)
            {
                stream.Write(i == 0 ? "[\n"u8 : ",\n"u8);
            }

            if (i < prototypes.Count)
            {
                using var writer = new Utf8JsonWriter(stream, JsonOptions);
                WriteObject(writer, prototypes[i], withVector, withContributors, i == 0 ? digest : null);
            }

            if (!isArray)
            {
                stream.Write("\n"u8);
            }
        }

        if (isArray)
        {
            stream.Write("\n]\n"u8);
        }
    }

    private static void WriteObject(Utf8JsonWriter writer, DpPrototype prototype, bool withVector, bool withContributors, string? digest)
    {
        writer.WriteStartObject();
        if (digest is not null)
        {
            writer.WriteString(VectorsDigest, digest);
        }

        foreach (PropertyInfo property in Properties)
        {
            string name = JsonNamingPolicy.CamelCase.ConvertName(property.Name);
            switch (property.GetValue(prototype))
            {
                case double number when double.IsFinite(number):
                    writer.WriteNumber(name, number);
                    break;
                case int number:
                    writer.WriteNumber(name, number);
                    break;
                case bool flag:
                    writer.WriteBoolean(name, flag);
                    break;
                case var other:
                    writer.WriteString(name, Text(other));
                    break;
            }
        }

        if (withContributors)
        {
            writer.WriteStartArray(JsonNamingPolicy.CamelCase.ConvertName(nameof(DpPrototype.Contributors)));
            foreach (string contributor in prototype.Contributors)
            {
                writer.WriteStringValue(contributor);
            }

            writer.WriteEndArray();
        }

        if (withVector)
        {
            writer.WriteStartArray(Vector);
            foreach (float component in prototype.Vector)
            {
                writer.WriteNumberValue(component);
            }

            writer.WriteEndArray();
        }

        writer.WriteEndObject();
    }

    private static void WriteNpy(Stream stream, IReadOnlyList<DpPrototype> prototypes)
    {
        stream.Write(NpyHeader.Of("<f4", prototypes.Count, prototypes.Count == 0 ? 0 : prototypes[0].Vector.Length));
        foreach (DpPrototype prototype in prototypes)
        {
            Span<byte> bytes = MemoryMarshal.AsBytes(prototype.Vector.AsSpan()).ToArray();
            if (!BitConverter.IsLittleEndian)
            {
                Span<uint> words = MemoryMarshal.Cast<byte, uint>(bytes);
                System.Buffers.Binary.BinaryPrimitives.ReverseEndianness(words, words);
            }

            stream.Write(bytes);
        }
    }

    private static void WriteCsv(Stream stream, IReadOnlyList<DpPrototype> prototypes, bool withContributors)
    {
        using var csv = CsvWriter.Create(stream, CsvOptions, true);
        foreach (string name in Published.Concat(withContributors ? [nameof(DpPrototype.Contributors)] : []))
        {
            csv.WriteField(name);
        }

        for (int i = 0; i < (prototypes.Count == 0 ? 0 : prototypes[0].Vector.Length); i++)
        {
            csv.WriteField("v" + i.ToString(CultureInfo.InvariantCulture));
        }

        csv.EndRecord();
        foreach (DpPrototype prototype in prototypes)
        {
            foreach (PropertyInfo property in Properties)
            {
                csv.WriteField(Text(property.GetValue(prototype)));
            }

            if (withContributors)
            {
                csv.WriteField(JsonSerializer.Serialize(prototype.Contributors));
            }

            foreach (float component in prototype.Vector)
            {
                csv.WriteField(component);
            }

            csv.EndRecord();
        }

        csv.Flush();
    }

    private static List<DpPrototype> ReadNpy(string path)
    {
        string beside = EmbeddingMetadataFile.SidecarOf(path, () =>
        {
            using var vectors = new NpyVectorSource(path);
            return vectors.Count == 0 ? null : Digest(RegularFile.ReadAllBytes(path));
        });
        if (!File.Exists(beside))
        {
            throw NotValid(path, $"'{Path.GetFileName(beside)}', which says what the vectors are, is not beside it.");
        }

        using var source = new NpyVectorSource(path);
        List<Dictionary<string, JsonElement>> rows = [.. Objects(beside, isArray: false)];
        if (source.Count != rows.Count)
        {
            throw NotValid(path, $"it holds {source.Count} vectors, and '{Path.GetFileName(beside)}' describes {rows.Count}.");
        }

        if (rows.Count > 0 && rows[0].TryGetValue(VectorsDigest, out JsonElement told)
            && !told.ToString().Equals(Digest(RegularFile.ReadAllBytes(path)), StringComparison.OrdinalIgnoreCase))
        {
            throw NotValid(path, $"its vectors are not those that '{Path.GetFileName(beside)}' describes: export both again.");
        }

        return [.. source.Rows().Zip(rows, (row, values) => Prototype(path, (int)row.Number, values, row.Vector))];
    }

    private static List<DpPrototype> ReadCsv(string path)
    {
        using var csv = CsvReader.FromFile(path, new CsvReaderOptions { HasHeader = false });
        var prototypes = new List<DpPrototype>();
        string[]? header = null;
        while (csv.Read())
        {
            string[] fields = [.. Enumerable.Range(0, csv.FieldCount).Select(csv.GetString)];
            if (header is null)
            {
                header = fields;
                continue;
            }

            if (fields.Length != header.Length)
            {
                throw NotValid(path, $"row {prototypes.Count} has {fields.Length} fields, and the header {header.Length}.");
            }

            var values = new Dictionary<string, JsonElement>(StringComparer.OrdinalIgnoreCase);
            var vector = new List<float>();
            for (int i = 0; i < fields.Length; i++)
            {
                if (header[i].Length > 1 && header[i][0] == 'v' && int.TryParse(header[i].AsSpan(1), NumberStyles.None, CultureInfo.InvariantCulture, out _))
                {
                    vector.Add(float.Parse(fields[i], NumberStyles.Float, CultureInfo.InvariantCulture));
                }
                else
                {
                    values[header[i]] = header[i].Equals(nameof(DpPrototype.Contributors), StringComparison.OrdinalIgnoreCase)
                        ? JsonElement.Parse(fields[i])
                        : JsonSerializer.SerializeToElement(fields[i]);
                }
            }

            prototypes.Add(Prototype(path, prototypes.Count, values, [.. vector]));
        }

        return prototypes;
    }

    private static IEnumerable<Dictionary<string, JsonElement>> Objects(string path, bool isArray)
    {
        ReadOnlyMemory<byte> text = JsonFile.ReadUtf8(path);
        IEnumerable<JsonElement> elements = isArray
            ? [.. JsonElement.Parse(text.Span) is { ValueKind: JsonValueKind.Array } array
                ? array.EnumerateArray()
                : throw NotValid(path, "it is no JSON array.")]
            : System.Text.Encoding.UTF8.GetString(text.Span).Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
                .Select(line => JsonElement.Parse(line));
        foreach (JsonElement element in elements)
        {
            if (element.ValueKind != JsonValueKind.Object)
            {
                throw NotValid(path, "it holds something other than objects.");
            }

            var values = new Dictionary<string, JsonElement>(StringComparer.OrdinalIgnoreCase);
            foreach (JsonProperty property in element.EnumerateObject())
            {
                values[property.Name] = property.Value;
            }

            yield return values;
        }
    }

    private static DpPrototype Prototype(string path, int row, Dictionary<string, JsonElement> values, float[]? vector)
    {
        var prototype = new DpPrototype
        {
            ClusterId = 0,
            Modality = default,
            Vector = vector ?? (values.TryGetValue(Vector, out JsonElement numbers) && numbers.ValueKind == JsonValueKind.Array
                ? [.. numbers.EnumerateArray().Select(number => number.ValueKind == JsonValueKind.Number ? number.GetSingle() : throw Lacks(Vector))]
                : throw Lacks(Vector)),
            Count = 0,
            Epsilon = 0,
            Delta = 0,
            Sensitivity = 0,
            Sigma = 0,
            Mechanism = default,
            IsFormal = false,
            Contributors = values.TryGetValue(nameof(DpPrototype.Contributors), out JsonElement names) && names.ValueKind == JsonValueKind.Array
                ? [.. names.EnumerateArray().Select(name => name.GetString() ?? string.Empty)]
                : [],
        };
        foreach (PropertyInfo property in Properties)
        {
            // Who made the vectors is not told by files of earlier versions.
            string text = values.TryGetValue(property.Name, out JsonElement value) ? value.ToString()
                : property.Name == nameof(DpPrototype.Model) ? string.Empty
                : throw Lacks(property.Name);
            property.SetValue(prototype, Value(text, property.PropertyType) ?? throw Lacks(property.Name));
        }

        return prototype;

        QosValuationException Lacks(string name) =>
            NotValid(path, $"row {row.ToString(CultureInfo.InvariantCulture)} has no {name}, or one that cannot be read.");
    }

    private static object? Value(string text, Type type) =>
        type == typeof(string) ? text
        : type.IsEnum ? Enum.TryParse(type, text, ignoreCase: true, out object? member) && Enum.IsDefined(type, member!) ? member : null
        : type == typeof(double) ? double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double number) ? number : null
        : type == typeof(int) ? int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int whole) ? whole : null
        : bool.TryParse(text, out bool flag) ? flag : null;

    private static QosValuationException NotValid(string path, string reason, Exception? cause = null) =>
        new(Faults.PrototypeFileNotValid, $"'{path}' is no file of prototypes: {reason}", path, cause);
}
