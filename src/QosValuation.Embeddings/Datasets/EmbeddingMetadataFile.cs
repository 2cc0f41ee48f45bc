using System.Text.Json;
using QosValuation.Embeddings.Encoding;
using QosValuation.Foundation.IO;

namespace QosValuation.Embeddings.Datasets;

/// <summary>The metadata of an embedding file, one record a row in row order.</summary>
/// <param name="Count">The number of records.</param>
/// <param name="Rows">The records, streamed where the format allows.</param>
internal sealed record EmbeddingMetadataFile(long Count, IEnumerable<EmbeddingMetadata> Rows)
{
    /// <summary>The file written beside an array of vectors that has no place for metadata.</summary>
    /// <param name="path">The embedding file.</param>
    /// <returns><c>name.metadata.jsonl</c>.</returns>
    public static string SidecarPath(string path) => Path.ChangeExtension(path, ".metadata.jsonl");

    /// <summary>The <c>name.metadata.jsonl</c> that belongs to an array.</summary>
    /// <param name="path">The array.</param>
    /// <param name="digest">Reckons the digest that its metadata tell; null where it has no rows, of which metadata tell nothing.</param>
    /// <returns>The file, which may not exist; or what an export that was killed laid ready for it.</returns>
    public static string SidecarOf(string path, Func<string?> digest) => PairedFile.Beside(
        SidecarPath(path),
        pending => VectorsDigest(pending) is { } told
            ? told.Equals(digest(), StringComparison.OrdinalIgnoreCase)
            : new FileInfo(pending) is { Exists: true, Length: 0 } && digest() is null);

    /// <summary>The digest of the vectors that metadata belong to, as their first row tells it.</summary>
    /// <param name="path">The metadata file.</param>
    /// <returns>A SHA-256 digest in hexadecimal; null where the file tells none, as those of other programs do.</returns>
    public static string? VectorsDigest(string path)
    {
        if (FormatOf(path) is not (".JSONL" or ".NDJSON"))
        {
            return null;
        }

        try
        {
            using var reader = new BoundedLineReader(new StreamReader(RegularFile.OpenRead(path)));
            if (reader.ReadLine() is not { Length: > 0 } line)
            {
                return null;
            }

            using JsonDocument first = JsonDocument.Parse(line);
            return first.RootElement.ValueKind == JsonValueKind.Object
                && first.RootElement.TryGetProperty(EmbeddingMetadata.DigestColumn, out JsonElement digest)
                && digest.ValueKind == JsonValueKind.String
                ? digest.GetString()
                : null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or JsonException or InvalidOperationException
            or InvalidDataException)
        {
            // Whoever reads the rows reports it.
            return null;
        }
    }

    /// <summary>Opens metadata: CSV with a header, JSON lines, a JSON array of texts or objects, or a COCO captions file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="rows">The number of vectors, by which a COCO file is taken image by image or caption by caption.</param>
    /// <param name="warned">Takes a sentence about columns that are not known; null for nobody.</param>
    /// <returns>The metadata.</returns>
    /// <exception cref="QosValuationException">MetadataNotFound, MetadataNotReadable, MetadataCountMismatch.</exception>
    public static EmbeddingMetadataFile Open(string path, long rows, Action<string>? warned = null)
    {
        Action<IReadOnlyList<string>>? unknown = warned is null ? null : names => warned(EmbeddingMetadata.UnknownColumns(path, names));
        if (!File.Exists(path))
        {
            throw new QosValuationException(Faults.MetadataNotFound, $"The metadata file '{path}' does not exist.", path);
        }

        EmbeddingMetadataFile file = FormatOf(path) switch
        {
            ".CSV" => Counted(tell => Unlabelled(() => new CsvVectorSource(path, requiresVectors: false, tell), path), unknown),
            ".JSONL" or ".NDJSON" => Counted(tell => Unlabelled(() => new JsonLinesVectorSource(path, requiresVectors: false, tell), path), unknown),
            ".JSON" => ReadJson(path, rows, unknown),
            ".PARQUET" => ParquetMetadata.Open(path, rows, unknown),
            string other => throw NotReadable(path, $"has the extension '{other}'. Metadata is .csv, .jsonl, .json or .parquet."),
        };
        return file.Count == rows
            ? file
            : throw new QosValuationException(
                Faults.MetadataCountMismatch,
                $"'{path}' describes {file.Count:N0} rows, the embedding file holds {rows:N0}. "
                + "Give the metadata that belongs to the vectors, a record a row in the same order.",
                path);
    }

    private static string FormatOf(string path) => Path.GetExtension(PairedFile.OwnPath(path)).ToUpperInvariant();

    // The rows are read twice, and what is not known is told once.
    private static EmbeddingMetadataFile Counted(
        Func<Action<IReadOnlyList<string>>?, IEnumerable<EmbeddingMetadata>> rows, Action<IReadOnlyList<string>>? unknown) =>
        new(rows(null).LongCount(), rows(unknown));

    private static IEnumerable<EmbeddingMetadata> Unlabelled(Func<IVectorSource> open, string path)
    {
        QosValuationException Fault(Exception exception) => NotReadable(path, "could not be read: " + exception.Message, exception);
        foreach (VectorRow row in VectorSource.Rows(open, Fault))
        {
            yield return row.Problem is null
                ? row.Metadata ?? new EmbeddingMetadata()
                : throw NotReadable(path, $"cannot be used at row {row.Number + 1}: {row.Problem}");
        }
    }

    private static EmbeddingMetadataFile ReadJson(string path, long rows, Action<IReadOnlyList<string>>? unknown)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(JsonFile.ReadUtf8(path));
            if (document.RootElement.ValueKind == JsonValueKind.Object)
            {
                return ReadCoco(path, rows);
            }

            if (document.RootElement.ValueKind != JsonValueKind.Array)
            {
                throw NotReadable(path, "is neither an array nor a COCO file.");
            }

            var metadata = new List<EmbeddingMetadata>(document.RootElement.GetArrayLength());
            HashSet<string> told = new(StringComparer.OrdinalIgnoreCase);
            foreach (JsonElement element in document.RootElement.EnumerateArray())
            {
                if (element.ValueKind == JsonValueKind.Object)
                {
                    JsonLinesVectorSource.TellUnknown(element, told, unknown);
                }

                metadata.Add(element.ValueKind switch
                {
                    JsonValueKind.String => new EmbeddingMetadata { Source = element.GetString(), Modality = QosValuation.Modality.Text },
                    JsonValueKind.Object => JsonLinesVectorSource.Metadata(element),
                    _ => throw NotReadable(path, $"holds neither a text nor an object at element {metadata.Count + 1}."),
                });
            }

            return new EmbeddingMetadataFile(metadata.Count, metadata);
        }
        catch (Exception exception) when (
            exception is JsonException or FormatException or InvalidOperationException or IOException or UnauthorizedAccessException)
        {
            throw NotReadable(path, "is not valid: " + exception.Message, exception);
        }
    }

    private static EmbeddingMetadataFile ReadCoco(string path, long rows)
    {
        CocoAnnotations annotations = CocoAnnotations.Read(path);
        string? folder = CocoDataset.FindImageFolder(path, annotations);
        if (annotations.Captions.Count == rows && annotations.Images.Count != rows)
        {
            return new EmbeddingMetadataFile(
                annotations.Captions.Count, annotations.Captions.Select(caption => Describe(annotations.Images[caption.Image], caption.Text)));
        }

        return new EmbeddingMetadataFile(annotations.Images.Count, annotations.Images.Select(image => Describe(image, caption: null)));

        // A caption belongs to its image's record, and so to the same contributor: the folder of the image.
        EmbeddingMetadata Describe(CocoImage image, string? caption)
        {
            string? file = folder is null ? null : CocoDataset.Locate(folder, image.FileName);
            return new EmbeddingMetadata
            {
                Source = caption ?? file ?? image.FileName,
                Item = ItemName.OfCoco(annotations.Identity, image.Id),
                Modality = caption is null ? QosValuation.Modality.Image : QosValuation.Modality.Text,
                Contributor = file is null ? null : Path.GetFileName(Path.GetDirectoryName(file)),
            };
        }
    }

    private static QosValuationException NotReadable(string path, string reason, Exception? cause = null) =>
        new(Faults.MetadataNotReadable, $"The metadata file '{path}' {reason}", path, cause);
}
