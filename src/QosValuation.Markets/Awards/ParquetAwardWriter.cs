using Parquet;
using Parquet.Schema;

namespace QosValuation.Markets.Awards;

/// <summary>Apache Parquet with a row group for each 10,000 documents or 64 MB of text; memory holds one row group.</summary>
internal sealed class ParquetAwardWriter : IAwardWriter
{
    private const int GroupRows = 10_000;
    private const long GroupCharacters = 32 << 20;

    private readonly List<AwardedDocument> _rows = [];
    private readonly DataField[] _fields;
    private readonly ParquetWriter _writer;
    private long _characters;
    private bool _isComplete;

    /// <summary>Begins a file.</summary>
    /// <param name="stream">The stream; it must be able to seek.</param>
    public ParquetAwardWriter(Stream stream)
    {
        IReadOnlyList<string> names = AwardedDocument.FieldNames;
        _fields =
        [
            .. names.Take(6).Select(name => new DataField<string>(name, nullable: false)),
            new DataField<int>(names[6], nullable: false),
            .. names.Skip(7).Select(name => new DataField<double>(name, nullable: false)),
        ];
        _writer = ParquetWriter.CreateAsync(new ParquetSchema(_fields), stream).GetAwaiter().GetResult();
    }

    /// <inheritdoc/>
    public void Write(AwardedDocument document)
    {
        _rows.Add(document);
        _characters += document.Text.Length;
        if (_rows.Count >= GroupRows || _characters >= GroupCharacters)
        {
            WriteGroup();
        }
    }

    /// <inheritdoc/>
    public void Complete()
    {
        if (_rows.Count > 0)
        {
            WriteGroup();
        }

        _isComplete = true;
        _writer.DisposeAsync().AsTask().GetAwaiter().GetResult();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (!_isComplete)
        {
            _writer.DisposeAsync().AsTask().GetAwaiter().GetResult();
        }
    }

    private void WriteGroup()
    {
        using ParquetRowGroupWriter group = _writer.CreateRowGroup();
        for (int i = 0; i < 6; i++)
        {
            int column = i;
            group.WriteAsync(_fields[i], [.. _rows.Select(row => (string?)row.Texts[column])]).GetAwaiter().GetResult();
        }

        group.WriteAsync<int>(_fields[6], _rows.Select(row => row.Award.Rank).ToArray().AsMemory()).GetAwaiter().GetResult();
        for (int i = 0; i < 3; i++)
        {
            int column = i;
            group.WriteAsync<double>(_fields[7 + i], _rows.Select(row => row.Numbers[column]).ToArray().AsMemory()).GetAwaiter().GetResult();
        }

        _rows.Clear();
        _characters = 0;
    }
}
