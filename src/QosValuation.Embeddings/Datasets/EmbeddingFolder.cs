using System.Globalization;
using QosValuation.Embeddings.Encoding;
using QosValuation.Foundation.Sharding;

namespace QosValuation.Embeddings.Datasets;

/// <summary>
/// A folder of embeddings as clip-retrieval's inference writes it: <c>img_emb/img_emb_N.npy</c>, <c>text_emb/text_emb_N.npy</c> and
/// <c>metadata/metadata_N.parquet</c>. Row i of each part N belongs to one record.
/// </summary>
/// <remarks>
/// See Beaumont, "clip-retrieval" (2022), its writer for numpy. One of the two folders of arrays may be missing, where only pictures or only texts were
/// embedded. Memory holds a block of rows of each array and one row group of the metadata.
/// </remarks>
public static class EmbeddingFolder
{
    private const string Metadata = "metadata";

    /// <summary>Whether a folder has this layout.</summary>
    /// <param name="path">The folder.</param>
    /// <returns>True where it holds a folder img_emb or text_emb.</returns>
    public static bool IsLayout(string path) =>
        Directory.Exists(Path.Join(path, NameOf(Modality.Image))) || Directory.Exists(Path.Join(path, NameOf(Modality.Text)));

    /// <summary>The embeddings, row by row, of each row the picture before the text. All parts are looked at before the first leaves.</summary>
    /// <param name="folder">The folder's full path.</param>
    /// <param name="options">How to read it; a modality leaves the other one out.</param>
    /// <param name="onFault">Receives what is wrong with single rows.</param>
    /// <param name="cancellation">Stops the reading.</param>
    /// <returns>The embeddings, lazily.</returns>
    /// <exception cref="QosValuationException">
    /// ParametersConflict: metadata or a format was named too. EmbeddingPartMissing, EmbeddingPartsUnequal, and those of <see cref="EmbeddingFile.Read"/>.
    /// </exception>
    internal static IEnumerable<LabelledEmbedding> Rows(
        string folder, EmbeddingReadOptions options, Action<QosValuationException>? onFault, CancellationToken cancellation)
    {
        if (options.MetadataPath is not null || options.Format is not null)
        {
            throw new QosValuationException(
                Faults.ParametersConflict, $"The folder '{folder}' has its own metadata and formats: leave -MetadataPath and -Format out.", folder);
        }

        Modality[] modalities = options.Modality is { } one
            ? [one]
            : [.. Enum.GetValues<Modality>().Where(m => Directory.Exists(Path.Join(folder, NameOf(m))))];
        (string Metadata, string[] Arrays, long Rows)[] parts = Parts(folder, modalities);
        long before = 0;
        foreach ((string metadata, string[] arrays, long rows) in parts)
        {
            IEnumerator<(long Row, LabelledEmbedding Embedding)>[] sources = new IEnumerator<(long, LabelledEmbedding)>[modalities.Length];
            try
            {
                bool[] isThere = new bool[sources.Length];
                for (int k = 0; k < sources.Length; k++)
                {
                    // What is not known is told once, not for each part.
                    EmbeddingReadOptions own = options with
                    {
                        MetadataPath = metadata,
                        Modality = modalities[k],
                        Warned = before == 0 && k == 0 ? options.Warned : null,
                        RecordPath = metadata,
                        Shard = null,
                        FolderName = Path.GetFileName(Path.TrimEndingDirectorySeparator(folder)),
                    };
                    sources[k] = EmbeddingFile.Rows(arrays[k], own, onFault, cancellation).GetEnumerator();
                    isThere[k] = sources[k].MoveNext();
                }

                for (long row = 0; row < rows; row++)
                {
                    for (int k = 0; k < sources.Length; k++)
                    {
                        if (isThere[k] && sources[k].Current.Row == row)
                        {
                            (ClipEmbedding embedding, string? label) = sources[k].Current.Embedding;
                            if (TryPlace(embedding, metadata, row, options.Shard, out ClipEmbedding placed))
                            {
                                yield return new LabelledEmbedding(placed with { Ordinal = ((before + row) * sources.Length) + k }, label);
                            }

                            isThere[k] = sources[k].MoveNext();
                        }
                    }
                }
            }
            finally
            {
                foreach (IEnumerator<(long, LabelledEmbedding)>? source in sources)
                {
                    source?.Dispose();
                }
            }

            before += rows;
        }
    }

    /// <summary>Gives an embedding its place in the whole run, and tells whether it is of the part that is asked for; a record stays whole.</summary>
    private static bool TryPlace(ClipEmbedding embedding, string metadata, long row, ShardCursor? cursor, out ClipEmbedding placed)
    {
        placed = embedding;
        if (cursor is null)
        {
            return true;
        }

        placed = embedding with { Shard = cursor.Shard.ToString(), ShardPosition = cursor.Next() };
        bool isNamed = embedding.Item != ItemName.OfRow(metadata, row);
        return cursor.Shard.Contains(isNamed ? ShardIdentity.OfName(embedding.Item) : ShardIdentity.OfRow(metadata, row));
    }

    private static string NameOf(Modality modality) => modality == Modality.Image ? "img_emb" : "text_emb";

    private static (string Metadata, string[] Arrays, long Rows)[] Parts(string folder, Modality[] modalities)
    {
        (string Name, string Ending)[] places = [.. modalities.Select(modality => (NameOf(modality), ".npy")), (Metadata, ".parquet")];
        Dictionary<string, string>[] files = [.. places.Select(place => Numbered(folder, place.Name, place.Ending))];
        string[] numbers = [.. files.SelectMany(known => known.Keys).Distinct().OrderBy(number => number.TrimStart('0').Length).ThenBy(
            number => number.TrimStart('0'), StringComparer.Ordinal).ThenBy(number => number, StringComparer.Ordinal)];
        if (numbers.Length == 0)
        {
            throw Missing(Path.Join(folder, places[0].Name, places[0].Name + "_0.npy"));
        }

        int dimension = -1;
        return Array.ConvertAll(numbers, number =>
        {
            string[] paths = [.. places.Select((place, k) =>
                files[k].TryGetValue(number, out string? known)
                    ? known
                    : throw Missing(Path.Join(folder, place.Name, $"{place.Name}_{number}{place.Ending}")))];
            long rows = -1;
            for (int k = 0; k < paths.Length; k++)
            {
                (long count, int length) = k < modalities.Length ? SizeOf(paths[k]) : (ParquetMetadata.CountRows(paths[k]), dimension);
                if (rows >= 0 && count != rows)
                {
                    throw Unequal(paths[k], string.Create(CultureInfo.CurrentCulture, $"holds {count:N0} rows, '{paths[0]}' holds {rows:N0}."));
                }

                if (dimension >= 0 && length != dimension)
                {
                    throw Unequal(
                        paths[k],
                        string.Create(CultureInfo.CurrentCulture, $"holds vectors of {length:N0} numbers, the parts before it of {dimension:N0}."));
                }

                (rows, dimension) = (count, length);
            }

            return (paths[^1], paths[..^1], rows);
        });
    }

    private static (long Rows, int Dimension) SizeOf(string path)
    {
        try
        {
            using var array = new NpyVectorSource(path);
            return (array.Count!.Value, array.Dimension);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new QosValuationException(Faults.EmbeddingFileNotReadable, $"'{path}' could not be read: {exception.Message}", path, exception);
        }
    }

    /// <summary>The files of a folder by the number in their names.</summary>
    private static Dictionary<string, string> Numbered(string folder, string name, string ending)
    {
        string place = Path.Join(folder, name);
        var files = new Dictionary<string, string>(StringComparer.Ordinal);
        if (!Directory.Exists(place))
        {
            throw Missing(place);
        }

        try
        {
            foreach (string file in Directory.EnumerateFiles(place, $"{name}_*{ending}"))
            {
                string number = Path.GetFileNameWithoutExtension(file)[(name.Length + 1)..];
                if (number.Length > 0 && number.All(char.IsAsciiDigit))
                {
                    files[number] = file;
                }
            }

            return files;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new QosValuationException(Faults.EmbeddingFileNotReadable, $"'{place}' could not be read: {exception.Message}", place, exception);
        }
    }

    private static QosValuationException Missing(string path) => new(
        Faults.EmbeddingPartMissing,
        $"'{path}' does not exist. A folder of clip-retrieval holds a file of metadata for each array, and the same numbers for both.",
        path);

    private static QosValuationException Unequal(string path, string reason) => new(
        Faults.EmbeddingPartsUnequal, $"'{path}' {reason} Row i of each part belongs together.", path);
}
