using QosValuation.Embeddings.Clustering;
using QosValuation.Embeddings.Encoding;
using QosValuation.Foundation.IO;
using QosValuation.Foundation.Numerics;
using QosValuation.Foundation.Sharding;

namespace QosValuation.Embeddings.Datasets;

/// <summary>The formats of embedding files.</summary>
public enum EmbeddingFileFormat
{
    /// <summary>A NumPy array (<c>.npy</c>), a row an embedding; metadata lies in <c>name.metadata.jsonl</c> beside it.</summary>
    Npy,

    /// <summary>Comma-separated values (<c>.csv</c>): metadata columns, then v0, v1, ….</summary>
    Csv,

    /// <summary>JSON lines (<c>.jsonl</c>): an object a line.</summary>
    JsonLines,

    /// <summary>Apache Parquet (<c>.parquet</c>): metadata columns, and the column Vector of lists of floats.</summary>
    Parquet,
}

/// <summary>How embeddings are read from a file.</summary>
public sealed record EmbeddingReadOptions
{
    /// <summary>The modality of rows for which neither file says one; null takes Image.</summary>
    public Modality? Modality { get; init; }

    /// <summary>The format; null takes that of the ending.</summary>
    public EmbeddingFileFormat? Format { get; init; }

    /// <summary>
    /// A .csv, .jsonl, .json or .parquet file with a record a row; a .json is an array of texts or objects, or a COCO captions file with as many
    /// images or captions as there are rows. Null takes <c>name.metadata.jsonl</c> or <c>name.metadata.csv</c> beside the file, where
    /// there is one.
    /// </summary>
    public string? MetadataPath { get; init; }

    /// <summary>The name of the model, for rows for which neither file says one.</summary>
    public string? Model { get; init; }

    /// <summary>The contributor, for rows for which neither file says one; null takes the folder that holds the source, else the embedding file.</summary>
    public string? Contributor { get; init; }

    /// <summary>What names records that nothing else names, with the row; null takes the file.</summary>
    internal string? RecordPath { get; init; }

    /// <summary>The contributor where neither a file nor a source's folder tells one; null takes the name of the file's folder.</summary>
    internal string? FolderName { get; init; }

    /// <summary>The part of the rows that is given, with the rows counted so far over all files; null for all rows.</summary>
    public ShardCursor? Shard { get; init; }

    /// <summary>Receives warnings that cost no row, such as the names of unknown columns; null for none.</summary>
    public Action<string>? Warned { get; init; }
}

/// <summary>A part of the rows of one file, or of several that are read one after the other with the same cursor.</summary>
/// <param name="shard">The part.</param>
public sealed class ShardCursor(Shard shard)
{
    /// <summary>The part.</summary>
    public Shard Shard { get; } = shard;

    /// <summary>The rows read so far, those of other parts and those that could not be used among them.</summary>
    public long Position { get; private set; }

    /// <summary>Counts a row.</summary>
    /// <returns>Its position.</returns>
    internal long Next() => Position++;
}

/// <summary>Reads embeddings from files; <see cref="EmbeddingWriter"/> writes them.</summary>
public static class EmbeddingFile
{
    // Vectors whose norm is this close to 1 are taken bit for bit; others are normalised.
    private const double UnitTolerance = 1e-6;

    /// <summary>The format that a file name stands for.</summary>
    /// <param name="path">The file.</param>
    /// <returns>The format.</returns>
    /// <exception cref="QosValuationException">EmbeddingFormatNotKnown.</exception>
    public static EmbeddingFileFormat FormatOf(string path) => KnownFormatOf(path) ?? throw new QosValuationException(
        Faults.EmbeddingFormatNotKnown, $"'{path}' is none of .npy, .csv, .jsonl and .parquet.", path);

    /// <summary>The embedding files of a folder by name, without metadata beside arrays, hidden files and subfolders.</summary>
    /// <param name="folder">An existing folder.</param>
    /// <returns>Full paths.</returns>
    public static IReadOnlyList<string> FilesIn(string folder) =>
    [
        .. Directory.EnumerateFiles(Path.GetFullPath(folder))
            .Where(file => KnownFormatOf(file) is not null && !IsSidecar(file) && !ImageFileFinder.IsHidden(file))
            .Order(StringComparer.Ordinal),
    ];

    private static EmbeddingFileFormat? KnownFormatOf(string path) => Path.GetExtension(path).ToUpperInvariant() switch
    {
        ".NPY" => EmbeddingFileFormat.Npy,
        ".CSV" => EmbeddingFileFormat.Csv,
        ".JSONL" or ".NDJSON" => EmbeddingFileFormat.JsonLines,
        ".PARQUET" => EmbeddingFileFormat.Parquet,
        _ => null,
    };

    /// <summary>Reads embeddings in row order; memory does not grow with the number of rows.</summary>
    /// <remarks>
    /// Vectors are scaled to unit L2 norm, in double precision where the file holds more than 32-bit floats. A row that is zero, not
    /// finite, malformed or of another length costs one fault (EmbeddingRowNotUsable) and no other row. Item is what the metadata says,
    /// else the file's full path and the row. A negative ClusterId stands for noise: the embedding then has no ClusterId and the label Noise.
    /// </remarks>
    /// <param name="path">A .npy, .csv, .jsonl or .parquet file, or a folder of arrays as clip-retrieval writes it, see <see cref="EmbeddingFolder"/>.</param>
    /// <param name="options">How to read it.</param>
    /// <param name="onFault">Receives what is wrong with single rows.</param>
    /// <param name="cancellation">Stops the reading.</param>
    /// <returns>The embeddings, lazily.</returns>
    /// <exception cref="QosValuationException">
    /// EmbeddingFileNotFound, EmbeddingFileNotReadable, EmbeddingFormatNotKnown, EmbeddingPartMissing, EmbeddingPartsUnequal, MetadataNotFound,
    /// MetadataNotReadable, MetadataCountMismatch, MetadataMismatch.
    /// </exception>
    public static IEnumerable<ClipEmbedding> Read(
        string path, EmbeddingReadOptions? options = null, Action<QosValuationException>? onFault = null, CancellationToken cancellation = default)
    {
        return ReadLabelled(path, options, onFault, cancellation).Select(row => row.Embedding);
    }

    /// <summary>Reads embeddings as <see cref="Read"/> does, with the class that a column Label or Class gives.</summary>
    /// <param name="path">The file or folder.</param>
    /// <param name="options">How to read it.</param>
    /// <param name="onFault">Receives what is wrong with single rows.</param>
    /// <param name="cancellation">Stops the reading.</param>
    /// <returns>The embeddings, lazily.</returns>
    /// <exception cref="QosValuationException">Those of <see cref="Read"/>.</exception>
    public static IEnumerable<LabelledEmbedding> ReadLabelled(
        string path, EmbeddingReadOptions? options = null, Action<QosValuationException>? onFault = null, CancellationToken cancellation = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        string full = Path.GetFullPath(path);
        options ??= new EmbeddingReadOptions();
        return EmbeddingFolder.IsLayout(full)
            ? EmbeddingFolder.Rows(full, options, onFault, cancellation)
            : Rows(full, options, onFault, cancellation).Select(row => row.Embedding);
    }

    /// <summary>The files that are written for embeddings: the named one, and beside an array its metadata.</summary>
    /// <param name="path">The file.</param>
    /// <param name="format">The format; null takes that of the ending.</param>
    public static IReadOnlyList<string> FilesOf(string path, EmbeddingFileFormat? format = null) =>
        (format ?? FormatOf(path)) == EmbeddingFileFormat.Npy ? [path, EmbeddingMetadataFile.SidecarPath(path)] : [path];

    /// <summary>Whether a file is metadata beside an array (<c>name.metadata.jsonl</c>, <c>name.metadata.csv</c>).</summary>
    /// <param name="path">The file.</param>
    /// <returns>True where its name says so.</returns>
    public static bool IsSidecar(string path) =>
        Path.GetFileNameWithoutExtension(PairedFile.OwnPath(path)).EndsWith(".metadata", StringComparison.OrdinalIgnoreCase);

    /// <summary>The number of rows of a file, for progress; null where the file would have to be read through.</summary>
    /// <param name="path">The file, or a folder as <see cref="Read"/> takes it.</param>
    /// <param name="format">The format; null takes that of the ending.</param>
    /// <returns>The count.</returns>
    public static long? CountRows(string path, EmbeddingFileFormat? format = null)
    {
        if (EmbeddingFolder.IsLayout(path))
        {
            return null;
        }

        using IVectorSource source = Open(path, format);
        return source.Count;
    }

    /// <summary>The embeddings of a file with their rows, from 0; rows that cannot be used are faults, and missing.</summary>
    internal static IEnumerable<(long Row, LabelledEmbedding Embedding)> Rows(
        string path, EmbeddingReadOptions options, Action<QosValuationException>? onFault, CancellationToken cancellation)
    {
        Action<string>? warned = options.Warned;
        using IVectorSource source = Open(path, options.Format, Unknown(path, warned));
        string? metadataPath = options.MetadataPath ?? (source is NpyVectorSource vectors ? FindSidecar(path, vectors, cancellation) : null);
        if (metadataPath is not null && source is NpyVectorSource array)
        {
            RequireDigest(array, path, metadataPath, cancellation);
        }

        using IEnumerator<EmbeddingMetadata>? metadata = metadataPath is null
            ? null
            : EmbeddingMetadataFile.Open(metadataPath, source.Count ?? CountThrough(path, options.Format), warned).Rows.GetEnumerator();
        string folder = options.FolderName ?? Path.GetFileName(Path.GetDirectoryName(path)) ?? string.Empty;
        int dimension = -1;
        foreach (VectorRow row in VectorSource.Rows(source, exception => NotReadable(path, exception)))
        {
            cancellation.ThrowIfCancellationRequested();
            EmbeddingMetadata? beside = null;
            if (metadata is not null)
            {
                beside = metadata.MoveNext() ? metadata.Current : throw new QosValuationException(
                    Faults.MetadataNotReadable,
                    $"'{metadataPath}' ended before the rows of '{path}' did: it changed while it was read.",
                    metadataPath);
            }

            EmbeddingMetadata? own = row.Metadata;
            int? cluster = beside?.ClusterId ?? own?.ClusterId;
            Novelty? novelty = beside?.Novelty ?? own?.Novelty;
            string? problem = row.Problem ?? beside?.Problem ?? own?.Problem ?? Normalize(row, ref dimension);
            if (!ClusterLabel.TryNormalize(ref cluster, ref novelty))
            {
                problem ??= $"its ClusterId is {cluster}, which stands for noise, and its Novelty is {novelty}.";
            }

            string itself = ItemName.OfRow(options.RecordPath ?? path, row.Number);
            string? shard = beside?.Shard ?? own?.Shard;
            long? position = beside?.ShardPosition ?? own?.ShardPosition;
            if (options.Shard is { } cursor)
            {
                if (shard is not null)
                {
                    throw new QosValuationException(
                        Faults.ShardedAlready, $"'{path}' holds embeddings of the shard {shard} already: join the shards before they are divided anew.", path);
                }

                position = cursor.Next();
                shard = cursor.Shard.ToString();
                string? item = beside?.Item ?? own?.Item;
                if (!cursor.Shard.Contains(item is null ? ShardIdentity.OfRow(path, row.Number) : ShardIdentity.OfName(item)))
                {
                    continue;
                }
            }

            if (problem is not null)
            {
                onFault?.Invoke(new QosValuationException(
                    Faults.EmbeddingRowNotUsable, $"Row {row.Number + 1} of '{path}' is left out: {problem}", path));
                continue;
            }

            string? sourceName = beside?.Source ?? own?.Source;
            Modality modality = beside?.Modality ?? own?.Modality ?? options.Modality ?? Modality.Image;
            var embedding = new ClipEmbedding
            {
                Source = (modality == Modality.Text ? beside?.Caption ?? own?.Caption : null) ?? sourceName ?? itself,
                Item = beside?.Item ?? own?.Item ?? itself,
                Modality = modality,
                Vector = row.Vector!,
                Model = beside?.Model ?? own?.Model ?? options.Model ?? string.Empty,
                Contributor = beside?.Contributor ?? own?.Contributor ?? options.Contributor ?? FolderOf(sourceName) ?? folder,
                Ordinal = beside?.Ordinal ?? own?.Ordinal ?? row.Number,
                ClusterId = cluster,
                Novelty = novelty,
                Shard = shard,
                ShardPosition = position,
            };
            yield return (row.Number, new LabelledEmbedding(embedding, beside?.Label ?? own?.Label));
        }
    }

    /// <summary>The metadata that lie beside an array, <c>name.metadata.jsonl</c> or <c>name.metadata.csv</c>; null where there are none.</summary>
    private static string? FindSidecar(string path, NpyVectorSource vectors, CancellationToken cancellation)
    {
        string own = EmbeddingMetadataFile.SidecarOf(path, () => vectors.Count == 0 ? null : vectors.Digest(cancellation));
        return ((string[])[own, Path.ChangeExtension(path, ".metadata.csv")]).FirstOrDefault(File.Exists);
    }

    private static void RequireDigest(NpyVectorSource array, string path, string metadataPath, CancellationToken cancellation)
    {
        if (EmbeddingMetadataFile.VectorsDigest(metadataPath) is { } expected
            && !expected.Equals(array.Digest(cancellation), StringComparison.OrdinalIgnoreCase))
        {
            throw new QosValuationException(
                Faults.MetadataMismatch,
                $"'{metadataPath}' describes other vectors than those of '{path}': their digest differs. An export may have been cut short; export them "
                + $"again. Where the vectors were changed on purpose, remove {EmbeddingMetadata.DigestColumn} from the first line.",
                metadataPath);
        }
    }

    /// <summary>The name of the folder that holds a source, where the source is a full path.</summary>
    private static string? FolderOf(string? source) =>
        source is not null && Path.IsPathFullyQualified(source) && Path.GetFileName(Path.GetDirectoryName(source)) is { Length: > 0 } folder ? folder : null;

    private static Action<IReadOnlyList<string>>? Unknown(string path, Action<string>? warned) =>
        warned is null ? null : names => warned(EmbeddingMetadata.UnknownColumns(path, names));

    private static string? Normalize(VectorRow row, ref int dimension)
    {
        float[] vector = row.Vector!;
        if (vector.Length == 0)
        {
            return "its vector is empty.";
        }

        if (dimension >= 0 && vector.Length != dimension)
        {
            return $"its vector has {vector.Length} components, the first has {dimension}.";
        }

        double norm = UnitVector.Norm(vector);
        if (!(Math.Abs(norm - 1) <= UnitTolerance))
        {
            // What 32-bit floats cannot hold still has a direction: the division comes first, and the rounding after it.
            double[]? wide = row.Wide?.Invoke();
            if (wide is null ? !UnitVector.TryNormalize(vector) : !WideVector.TryNormalize(wide, vector))
            {
                bool isZero = wide is null ? norm == 0 : WideVector.IsZero(wide);
                return isZero ? "its vector is zero, which has no direction." : "its vector holds NaN or an infinite number.";
            }
        }

        dimension = vector.Length;
        return null;
    }

    private static long CountThrough(string path, EmbeddingFileFormat? format)
    {
        using IVectorSource source = Open(path, format);
        return VectorSource.Rows(source, exception => NotReadable(path, exception)).LongCount();
    }

    private static IVectorSource Open(string path, EmbeddingFileFormat? format, Action<IReadOnlyList<string>>? unknown = null)
    {
        try
        {
            return (format ?? FormatOf(path)) switch
            {
                EmbeddingFileFormat.Npy => new NpyVectorSource(path),
                EmbeddingFileFormat.Csv => new CsvVectorSource(path, unknown: unknown),
                EmbeddingFileFormat.Parquet => new ParquetVectorSource(path, unknown),
                _ => new JsonLinesVectorSource(path, unknown: unknown),
            };
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new QosValuationException(Faults.EmbeddingFileNotFound, $"The embedding file '{path}' does not exist.", path, exception);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw NotReadable(path, exception);
        }
    }

    private static QosValuationException NotReadable(string path, Exception exception)
    {
        string reason = Directory.Exists(path)
            ? "it is a folder, and none that clip-retrieval wrote (img_emb or text_emb, and metadata); name the files in it."
            : exception.Message;
        return new QosValuationException(Faults.EmbeddingFileNotReadable, $"'{path}' could not be read: {reason}", path, exception);
    }
}
