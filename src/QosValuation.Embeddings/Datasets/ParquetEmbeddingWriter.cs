using System.Globalization;
using Parquet;
using Parquet.Schema;

namespace QosValuation.Embeddings.Datasets;

/// <summary>
/// Writes embeddings as Apache Parquet: a column for each of <see cref="EmbeddingMetadata.Columns"/>, for embeddings of a shard also Shard and
/// ShardPosition, and the column Vector, a list of 32-bit floats of one length.
/// A row group holds 10,000 rows, or fewer where they would hold more than 16 MiB; memory holds one row group.
/// </summary>
/// <remarks>
/// Row groups carry the number of nulls of each column, and of numbers the least and the largest. The footer says the version of this layout, the length of
/// the vectors and their number (<see cref="VersionKey"/>, <see cref="DimensionKey"/>, <see cref="CountKey"/>). The same embeddings give the same
/// bytes.
/// </remarks>
internal sealed class ParquetEmbeddingWriter : IDisposable
{
    /// <summary>The name under which the footer tells the version of the layout.</summary>
    public const string VersionKey = "qosvaluation.embeddings.version";

    /// <summary>The name under which the footer tells the length of the vectors.</summary>
    public const string DimensionKey = "qosvaluation.embeddings.dimension";

    /// <summary>The name under which the footer tells the number of embeddings.</summary>
    public const string CountKey = "qosvaluation.embeddings.count";

    private const int MostRows = 10_000;
    private const int MostBytes = 16 << 20;

    // Columns whose few values come again and again.
    private static readonly string[] Repeated = ["Modality", "Model", "Contributor", "Novelty", "Label", "Shard"];

    private readonly List<ClipEmbedding> _rows = [];
    private readonly List<string?> _labels = [];
    private readonly DataField<float> _component = new("element", nullable: false);
    private readonly Stream _stream;
    private DataField[] _fields = [];
    private ParquetWriter? _writer;
    private float[] _numbers = [];
    private int[] _repetitions = [];
    private int[] _definitions = [];
    private long _count;
    private long _bytes;
    private bool _isComplete;

    /// <summary>Begins a file.</summary>
    /// <param name="stream">The stream; it must be able to seek.</param>
    public ParquetEmbeddingWriter(Stream stream) => _stream = stream;

    /// <summary>Makes the columns: the first embedding tells whether those of a shard are among them.</summary>
    private ParquetWriter Start(bool hasShards)
    {
        _fields = [.. EmbeddingMetadata.Columns.Concat(hasShards ? EmbeddingMetadata.ShardColumns : []).Select(DataField (name) => name switch
        {
            "Ordinal" => new DataField<long>(name, nullable: false),
            "ShardPosition" => new DataField<long>(name, nullable: true),
            "ClusterId" => new DataField<int>(name, nullable: true),
            "Novelty" or "Label" or "Shard" => new DataField<string>(name, nullable: true),
            _ => new DataField<string>(name, nullable: false),
        })];
        var options = new ParquetOptions { CompressionMethod = CompressionMethod.Snappy };
        foreach (string name in Repeated)
        {
            options.ColumnEncodingHints[name] = EncodingHint.Dictionary;
        }

        var schema = new ParquetSchema([.. _fields, new ListField("Vector", _component)]);
        return ParquetWriter.CreateAsync(schema, _stream, options).GetAwaiter().GetResult();
    }

    /// <summary>Takes an embedding; where it fills the row group, the group is written.</summary>
    /// <param name="embedding">The embedding; its vector is as long as the others.</param>
    /// <param name="label">Its class; null where it has none.</param>
    public void Write(ClipEmbedding embedding, string? label)
    {
        _writer ??= Start(embedding.Shard is not null);
        _rows.Add(embedding);
        _labels.Add(label);
        _bytes += (sizeof(float) * embedding.Vector.Length) + embedding.Source.Length + embedding.Item.Length;
        if (_rows.Count >= MostRows || _bytes >= MostBytes)
        {
            WriteGroup();
        }
    }

    /// <summary>Ends the file.</summary>
    /// <param name="dimension">The length of the vectors.</param>
    public void Complete(int dimension)
    {
        if (_rows.Count > 0)
        {
            WriteGroup();
        }

        _writer ??= Start(hasShards: false);
        _writer.CustomMetadata = new Dictionary<string, string>
        {
            [VersionKey] = "1",
            [DimensionKey] = dimension.ToString(CultureInfo.InvariantCulture),
            [CountKey] = _count.ToString(CultureInfo.InvariantCulture),
        };
        Dispose();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (!_isComplete)
        {
            _isComplete = true;
            _writer?.DisposeAsync().AsTask().GetAwaiter().GetResult();
        }
    }

    private void WriteGroup()
    {
        using ParquetRowGroupWriter group = _writer!.CreateRowGroup();
        for (int column = 0; column < _fields.Length; column++)
        {
            DataField field = _fields[column];
            switch (field.Name)
            {
                case "Ordinal":
                    group.WriteAsync<long>(field, _rows.Select(row => row.Ordinal).ToArray().AsMemory()).GetAwaiter().GetResult();
                    break;
                case "ShardPosition":
                    group.WriteAsync<long>(field, _rows.Select(row => row.ShardPosition).ToArray().AsMemory()).GetAwaiter().GetResult();
                    break;
                case "ClusterId":
                    group.WriteAsync<int>(field, _rows.Select(row => row.ClusterId).ToArray().AsMemory()).GetAwaiter().GetResult();
                    break;
                default:
                    WriteTexts(group, field, column);
                    break;
            }
        }

        WriteVectors(group);
        _count += _rows.Count;
        _rows.Clear();
        _labels.Clear();
        _bytes = 0;
    }

    private void WriteTexts(ParquetRowGroupWriter group, DataField field, int column)
    {
        string?[] texts = new string?[_rows.Count];
        for (int i = 0; i < texts.Length; i++)
        {
            string? text = field.Name == "Shard" ? _rows[i].Shard : EmbeddingMetadata.Value(_rows[i], _labels[i], column);
            texts[i] = text ?? (field.IsNullable ? null : string.Empty);
        }

        if (field.IsNullable)
        {
            group.WriteAsync(field, texts).GetAwaiter().GetResult();
        }
        else
        {
            group.WriteAsync<ReadOnlyMemory<char>>(field, Array.ConvertAll(texts, text => text.AsMemory()).AsMemory()).GetAwaiter().GetResult();
        }
    }

    private void WriteVectors(ParquetRowGroupWriter group)
    {
        int dimension = _rows[0].Vector.Length;
        int count = checked(_rows.Count * dimension);
        if (_numbers.Length < count)
        {
            (_numbers, _repetitions, _definitions) = (new float[count], new int[count], new int[count]);
            Array.Fill(_repetitions, 1);
            Array.Fill(_definitions, _component.MaxDefinitionLevel);
            for (int i = 0; i < count; i += dimension)
            {
                _repetitions[i] = 0;
            }
        }

        for (int i = 0; i < _rows.Count; i++)
        {
            _rows[i].Vector.CopyTo(_numbers, i * dimension);
        }

        group.WriteAllPartsAsync<float>(
            _component, _numbers.AsMemory(0, count), _definitions.AsMemory(0, count), _repetitions.AsMemory(0, count), CancellationToken.None)
            .GetAwaiter().GetResult();
    }
}
