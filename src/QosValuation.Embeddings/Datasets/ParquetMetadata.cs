namespace QosValuation.Embeddings.Datasets;

/// <summary>
/// What the columns of a Parquet file say about embeddings: those of <see cref="EmbeddingMetadata"/> by name, and those of the files that img2dataset
/// (url, caption, key, status) and clip-retrieval (image_path, caption) write.
/// </summary>
/// <remarks>
/// There the picture's path, address or key is the record, and its embedding's source; the caption is the source of the text's embedding. A path or an
/// address stands for itself; a key counts within the folder of its file. Rows whose status is not success have no picture.
/// </remarks>
internal sealed class ParquetMetadata
{
    private const string Success = "success";

    // What those programs say about the picture's file, and nothing that an embedding carries.
    private static readonly HashSet<string> Ignored = new(StringComparer.OrdinalIgnoreCase)
    {
        "key", "url", "status", "error_message", "width", "height", "original_width", "original_height", "sha256", "md5", "exif", "metadata",
    };

    private readonly ParquetFile _file;
    private readonly string _path;
    private readonly ParquetColumn? _picture;
    private readonly ParquetColumn? _caption;
    private readonly ParquetColumn? _status;
    private readonly ParquetColumn[] _named;
    private readonly MetadataField[] _fields;

    /// <summary>Finds the columns.</summary>
    /// <param name="file">The file.</param>
    /// <param name="path">Its full path.</param>
    public ParquetMetadata(ParquetFile file, string path)
    {
        (_file, _path) = (file, path);
        ParquetColumn? Text(string name) =>
            file.Columns.FirstOrDefault(column =>
                column is { IsList: false, Kind: ParquetKind.Text } && column.Name.Equals(name, StringComparison.OrdinalIgnoreCase));
        bool hasSource = file.Columns.Any(column => EmbeddingMetadata.IsPath(column.Name));
        ParquetColumn? address = Text("url") ?? Text("key");
        _picture = hasSource ? null : Text("image_path") ?? address;
        _caption = _picture is null ? null : Text("caption") ?? Text("text");
        _status = address is null ? null : Text("status");
        _named = [.. file.Columns.Where(column => column is { IsList: false, Kind: not (ParquetKind.Other or ParquetKind.Half) }
            && column != _caption && EmbeddingMetadata.IsColumn(column.Name))];
        _fields = Array.ConvertAll(_named, column => EmbeddingMetadata.FieldOf(column.Name)!.Value);
    }

    /// <summary>Opens a file of metadata.</summary>
    /// <param name="path">The file.</param>
    /// <param name="rows">The number of vectors: as many as rows, or as rows whose status is success.</param>
    /// <param name="unknown">Takes the names of columns that are not known.</param>
    /// <returns>The metadata.</returns>
    /// <exception cref="QosValuationException">MetadataNotReadable, MetadataCountMismatch.</exception>
    public static EmbeddingMetadataFile Open(string path, long rows, Action<IReadOnlyList<string>>? unknown)
    {
        path = Path.GetFullPath(path);
        using ParquetFile file = OpenFile(path);
        var metadata = new ParquetMetadata(file, path);
        long made = file.Rows == rows || metadata._status is null ? file.Rows : metadata.CountMade();
        if (made != rows && metadata._status is not null)
        {
            throw new QosValuationException(
                Faults.MetadataCountMismatch,
                $"'{path}' describes {file.Rows:N0} rows, {made:N0} of them with the status {Success}; the embedding file holds {rows:N0}. "
                + "Give the metadata that belongs to the vectors, a record a row in the same order.",
                path);
        }

        if (metadata.Unknown(null) is { Count: > 0 } names)
        {
            unknown?.Invoke(names);
        }

        return new EmbeddingMetadataFile(made, Rows(path, onlyMade: made != file.Rows));
    }

    /// <summary>The number of rows of a file of metadata.</summary>
    /// <param name="path">The file.</param>
    /// <returns>The count, from the footer.</returns>
    /// <exception cref="QosValuationException">MetadataNotReadable.</exception>
    public static long CountRows(string path)
    {
        using ParquetFile file = OpenFile(path);
        return file.Rows;
    }

    /// <summary>The names of columns that are not known, as they are to be shown.</summary>
    /// <param name="vectors">The column of vectors; null for none.</param>
    /// <returns>The names.</returns>
    public IReadOnlyList<string> Unknown(ParquetColumn? vectors) =>
    [
        .. _file.Columns
            .Where(column => column != vectors && column != _picture && column != _caption && !_named.Contains(column)
                && !EmbeddingMetadata.IsIgnored(column.Name) && !EmbeddingMetadata.IsVector(column.Name)
                && !(_picture is not null && Ignored.Contains(column.Name)))
            .Select(column => EmbeddingMetadata.IsColumn(column.Name) ? $"'{column.Name}' (because it holds {column.Content})" : $"'{column.Name}'"),
    ];

    /// <summary>What a row group says. O(rows).</summary>
    /// <param name="group">The group.</param>
    /// <returns>A record for each row, with the problem of one that cannot be used.</returns>
    public IEnumerable<EmbeddingMetadata> Read(int group)
    {
        string?[][] named = Array.ConvertAll(_named, column => _file.Texts(group, column));
        string?[]? pictures = Texts(_picture);
        string?[]? captions = Texts(_caption);
        string?[]? statuses = Texts(_status);
        string folder = Path.GetDirectoryName(_path) ?? _path;
        for (int row = 0; row < _file.RowsOf(group); row++)
        {
            EmbeddingMetadata own = Named(named, row);
            if (pictures?[row] is { Length: > 0 } picture)
            {
                bool isWhole = Path.IsPathFullyQualified(picture) || picture.Contains("://", StringComparison.Ordinal);
                own.Source = picture;
                own.Item ??= isWhole ? picture : $"{folder}#{picture}";
            }

            if (captions?[row] is { Length: > 0 } caption)
            {
                own.Caption = caption;
            }

            if (statuses?[row] is not (null or Success))
            {
                own.Problem ??= $"its status is {statuses[row]}, so that there is no picture.";
            }

            yield return own;
        }

        string?[]? Texts(ParquetColumn? column) => column is null ? null : _file.Texts(group, column);
    }

    private static IEnumerable<EmbeddingMetadata> Rows(string path, bool onlyMade)
    {
        using ParquetFile file = OpenFile(path);
        var metadata = new ParquetMetadata(file, path);
        for (int group = 0; group < file.Groups; group++)
        {
            string?[]? statuses = onlyMade && metadata._status is not null ? file.Texts(group, metadata._status) : null;
            int row = 0;
            foreach (EmbeddingMetadata own in metadata.Read(group))
            {
                if (statuses is null || statuses[row] == Success)
                {
                    yield return own;
                }

                row++;
            }
        }
    }

    private static ParquetFile OpenFile(string path)
    {
        QosValuationException Fault(string reason, Exception? cause) => new(Faults.MetadataNotReadable, $"The metadata file '{path}' {reason}", path, cause);
        try
        {
            return new ParquetFile(path, Fault);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw Fault("could not be read: " + exception.Message, exception);
        }
    }

    private long CountMade()
    {
        long made = 0;
        for (int group = 0; group < _file.Groups; group++)
        {
            made += _file.Texts(group, _status!).LongCount(status => status == Success);
        }

        return made;
    }

    private EmbeddingMetadata Named(string?[][] texts, int row)
    {
        var own = new EmbeddingMetadata();
        try
        {
            for (int k = 0; k < texts.Length; k++)
            {
                own.Set(_fields[k], _named[k].Name, texts[k][row]);
            }

            return own;
        }
        catch (FormatException exception)
        {
            own.Problem = exception.Message;
            return own;
        }
    }
}
