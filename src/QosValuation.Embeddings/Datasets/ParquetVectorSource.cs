using System.Buffers.Binary;

namespace QosValuation.Embeddings.Datasets;

/// <summary>
/// Apache Parquet: a column of lists of 16-, 32- or 64-bit floats, named Vector, Embedding or as it likes where it is the only one, and metadata columns by
/// name. Memory holds one row group.
/// </summary>
internal sealed class ParquetVectorSource : IVectorSource
{
    private readonly string _path;
    private readonly ParquetFile _file;
    private readonly ParquetColumn _vectors;
    private readonly ParquetMetadata _metadata;
    private readonly Action<IReadOnlyList<string>>? _unknown;

    /// <summary>Opens a file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="unknown">Takes the names of columns that are not known.</param>
    public ParquetVectorSource(string path, Action<IReadOnlyList<string>>? unknown = null)
    {
        _path = path;
        _unknown = unknown;
        _file = new ParquetFile(path, NotReadable);
        try
        {
            _vectors = VectorColumn();
        }
        catch
        {
            _file.Dispose();
            throw;
        }

        _metadata = new ParquetMetadata(_file, Path.GetFullPath(path));
    }

    /// <inheritdoc/>
    public long? Count => _file.Rows;

    /// <inheritdoc/>
    public IEnumerable<VectorRow> Rows()
    {
        if (_metadata.Unknown(_vectors) is { Count: > 0 } unknown)
        {
            _unknown?.Invoke(unknown);
        }

        return _vectors.Kind switch
        {
            ParquetKind.Single => Rows<float>(Single),
            ParquetKind.Double => Rows<double>(Double),
            _ => Rows<ReadOnlyMemory<byte>>(Half),
        };
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    private static VectorRow Single(long number, float[] numbers, int start, int length, EmbeddingMetadata? own) =>
        new(number, numbers.AsSpan(start, length).ToArray(), own, null);

    private static VectorRow Double(long number, double[] numbers, int start, int length, EmbeddingMetadata? own)
    {
        float[] vector = new float[length];
        for (int i = 0; i < length; i++)
        {
            vector[i] = (float)numbers[start + i];
        }

        return new VectorRow(number, vector, own, null, () => numbers.AsSpan(start, length).ToArray());
    }

    private static VectorRow Half(long number, ReadOnlyMemory<byte>[] numbers, int start, int length, EmbeddingMetadata? own)
    {
        float[] vector = new float[length];
        for (int i = 0; i < length; i++)
        {
            vector[i] = (float)BinaryPrimitives.ReadHalfLittleEndian(numbers[start + i].Span);
        }

        return new VectorRow(number, vector, own, null);
    }

    private IEnumerable<VectorRow> Rows<T>(Func<long, T[], int, int, EmbeddingMetadata?, VectorRow> row)
        where T : struct
    {
        long number = 0;
        T[] numbers = [];
        for (int group = 0; group < _file.Groups; group++)
        {
            (int Start, int Length)[] lists = _file.Lists(group, _vectors, ref numbers);
            int i = 0;
            foreach (EmbeddingMetadata own in _metadata.Read(group))
            {
                (int start, int length) = lists[i++];
                string? problem = own.Problem ?? (start == -1 ? "it has no vector." : start == -2 ? "its vector holds a null." : null);
                yield return problem is null ? row(number, numbers, start, length, own) : new VectorRow(number, null, own, problem);
                number++;
            }
        }
    }

    private ParquetColumn VectorColumn()
    {
        ParquetColumn[] vectors = [.. _file.Columns.Where(column => column.IsVector)];
        ParquetColumn[] named = [.. vectors.Where(column => EmbeddingMetadata.IsVector(column.Name))];
        return (named, vectors) switch
        {
            ([var one, ..], _) => one,
            (_, [var one]) => one,
            (_, []) => throw NotReadable(
                (_file.Columns.FirstOrDefault(column => EmbeddingMetadata.IsVector(column.Name)) is { } wrong
                    ? $"has no column of lists of floats: '{wrong.Name}' holds {wrong.Content}. "
                    : "has no column of lists of floats. ") + "Embeddings lie in a column named Vector, a list of floats a row.",
                null),
            _ => throw NotReadable(
                $"has several columns of lists of floats: {string.Join(", ", vectors.Select(one => $"'{one.Name}'"))}. Name the one that is meant Vector.",
                null),
        };
    }

    private QosValuationException NotReadable(string reason, Exception? cause) => new(Faults.EmbeddingFileNotReadable, $"'{_path}' {reason}", _path, cause);
}
