using System.Globalization;
using Parquet;
using Parquet.Meta;
using Parquet.Schema;
using QosValuation.Foundation.IO;
using FieldPath = Parquet.Schema.FieldPath;

namespace QosValuation.Embeddings.Datasets;

/// <summary>An Apache Parquet file, read one row group at a time. Whatever goes wrong in it becomes one fault.</summary>
internal sealed class ParquetFile : IDisposable
{
    /// <summary>The most rows of a row group.</summary>
    public const long MostGroupRows = 10_000_000;

    // 1.6 GB with what says which list each number belongs to.
    private const long MostGroupNumbers = 1 << 27;

    // A few bytes must not ask for gigabytes: beyond this, a number takes a quarter of a bit at least.
    private const long FreeNumbers = 1 << 22;
    private const long MostNumbersPerByte = 32;
    private const long Slack = 1 << 16;

    private readonly MeteredReadStream _stream;
    private readonly ParquetReader _reader;
    private readonly Func<string, Exception?, QosValuationException> _fault;
    private int[] _definitions = [];
    private int[] _repetitions = [];

    /// <summary>Opens a file and reads its footer.</summary>
    /// <param name="path">The file.</param>
    /// <param name="fault">Makes a fault of the end of a sentence that begins with the file's name.</param>
    public ParquetFile(string path, Func<string, Exception?, QosValuationException> fault)
    {
        _fault = fault;
        _stream = new MeteredReadStream(RegularFile.OpenRead(path, bufferSize: 1 << 16));
        try
        {
            _stream.Allow((2 * _stream.Length) + Slack);
            (_reader, Columns) = Guarded(() =>
            {
                ParquetFooter.Require(_stream);
                ParquetReader reader = ParquetReader.CreateAsync(_stream).GetAwaiter().GetResult();
                HashSet<int> halves = TakeHalves(reader);
                ParquetSchema schema = reader.Schema;
                HashSet<FieldPath> paths = [.. schema.DataFields.Where((_, leaf) => halves.Contains(leaf)).Select(field => field.Path)];
                return (reader, (IReadOnlyList<ParquetColumn>)[.. schema.Fields.Select(field => ParquetColumn.Of(field, paths))]);
            });
            for (int group = 0; group < Groups; group++)
            {
                long rows = _reader.RowGroups[group].RowCount;
                Rows += rows is >= 0 and <= MostGroupRows ? rows : throw fault(
                    $"has a row group of {rows:N0} rows; at most {MostGroupRows:N0} are read. Write it with smaller row groups.", null);
            }
        }
        catch
        {
            _stream.Dispose();
            throw;
        }
    }

    /// <summary>The number of row groups.</summary>
    public int Groups => _reader.RowGroupCount;

    /// <summary>The number of rows.</summary>
    public long Rows { get; }

    /// <summary>The columns.</summary>
    public IReadOnlyList<ParquetColumn> Columns { get; }

    /// <summary>The number of rows of a group.</summary>
    /// <param name="group">The group.</param>
    public int RowsOf(int group) => (int)_reader.RowGroups[group].RowCount;

    /// <summary>Reads a column of single values as texts in the invariant culture. O(rows).</summary>
    /// <param name="group">The row group.</param>
    /// <param name="column">The column.</param>
    /// <returns>A text for each row; null for null.</returns>
    public string?[] Texts(int group, ParquetColumn column) => Guarded(() =>
    {
        ParquetRowGroupReader rows = _reader.RowGroups[group];
        DataField field = column.Field!;
        int count = NumbersOf(rows, field);
        if (count != RowsOf(group))
        {
            throw new InvalidDataException($"its column {column.Name} has {count:N0} values for {RowsOf(group):N0} rows.");
        }

        return column.Kind switch
        {
            ParquetKind.Text => Valid(group, column, Strings(rows, field, count)),
            ParquetKind.Int64 => Values<long>(rows, field, count),
            ParquetKind.Int32 => Values<int>(rows, field, count),
            ParquetKind.Int16 => Values<short>(rows, field, count),
            ParquetKind.UInt32 => Values<uint>(rows, field, count),
            ParquetKind.Double => Values<double>(rows, field, count),
            ParquetKind.Single => Values<float>(rows, field, count),
            _ => Values<bool>(rows, field, count),
        };
    });

    /// <summary>Reads a column of lists of numbers. O(numbers).</summary>
    /// <typeparam name="T">The type of the numbers, as the column has it.</typeparam>
    /// <param name="group">The row group.</param>
    /// <param name="column">The column.</param>
    /// <param name="numbers">A buffer for the numbers; it grows where it must.</param>
    /// <returns>Where each row's numbers lie in the buffer; Start is -1 for a row without a list and -2 for a list with a null in it.</returns>
    public (int Start, int Length)[] Lists<T>(int group, ParquetColumn column, ref T[] numbers)
        where T : struct
    {
        T[] buffer = numbers;
        (int, int)[] lists = Guarded(() =>
        {
            ParquetRowGroupReader rows = _reader.RowGroups[group];
            DataField field = column.Field!;
            int count = NumbersOf(rows, field);
            if (buffer.Length < count)
            {
                buffer = new T[count];
            }

            if (_repetitions.Length < count)
            {
                (_repetitions, _definitions) = (new int[count], new int[count]);
            }

            // What is left of the group before would otherwise pass for this one's.
            _repetitions.AsSpan(0, count).Fill(-1);
            _definitions.AsSpan(0, count).Clear();
            rows.ReadRawAsync(field, buffer.AsMemory(0, count), _definitions.AsMemory(0, count), _repetitions.AsMemory(0, count))
                .AsTask().GetAwaiter().GetResult();
            return Split(field, RowsOf(group), count, column.Name);
        });
        numbers = buffer;
        return lists;
    }

    /// <inheritdoc/>
    public void Dispose() => _stream.Dispose();

    /// <summary>
    /// The library does not know 16-bit floats, and opens no file that says it has them. Without the mark they are two bytes each, which it reads.
    /// </summary>
    /// <returns>Which of the columns hold them, nested ones counted each.</returns>
    private static HashSet<int> TakeHalves(ParquetReader reader)
    {
        HashSet<int> halves = [];
        int leaf = 0;
        foreach (SchemaElement element in reader.Metadata!.Schema)
        {
            if (element.LogicalType?.FLOAT16 is not null && element is { Type: Parquet.Meta.Type.FIXED_LEN_BYTE_ARRAY, TypeLength: 2 })
            {
                element.LogicalType = null;
                halves.Add(leaf);
            }

            leaf += element.NumChildren is null or 0 ? 1 : 0;
        }

        return halves;
    }

    private (int Start, int Length)[] Split(DataField field, int rows, int count, string name)
    {
        var lists = new (int Start, int Length)[rows];
        int row = -1;
        int taken = 0;
        int present = field.MaxDefinitionLevel;
        for (int i = 0; i < count; i++)
        {
            if (_repetitions[i] == 0)
            {
                if (++row == rows)
                {
                    break;
                }

                lists[row] = (taken, 0);
            }
            else if (row < 0 || _repetitions[i] != 1)
            {
                throw new InvalidDataException($"the lists of its column {name} do not begin where they should.");
            }

            ref (int Start, int Length) list = ref lists[row];
            if (_definitions[i] == present)
            {
                taken++;
                list.Length++;
            }
            else
            {
                // Levels below say that the list is null or empty; the one before the last, that a number is null.
                list.Start = field.IsNullable && _definitions[i] == present - 1 ? -2 : -1;
            }
        }

        return row == rows - 1 ? lists : throw new InvalidDataException($"its column {name} has another number of lists than of rows.");
    }

    private int NumbersOf(ParquetRowGroupReader rows, DataField field)
    {
        ColumnMetaData column = rows.GetMetadata(field)?.MetaData ?? throw new InvalidDataException($"a row group has no column {field.Path}.");
        long count = column.NumValues;
        if (count is < 0 or > MostGroupNumbers)
        {
            throw _fault(
                $"has a row group of {count:N0} numbers; at most {MostGroupNumbers:N0} are read. Write it with smaller row groups, such as "
                + "row_group_size=10000 in pyarrow and pandas.",
                null);
        }

        if (count > FreeNumbers && count / MostNumbersPerByte > _stream.Length)
        {
            throw new InvalidDataException($"it announces {count:N0} numbers, and is {_stream.Length:N0} bytes long.");
        }

        _stream.Allow((2 * _stream.Length) + Slack);
        ParquetPages.Require(_stream, column);
        _stream.Allow(_stream.Length + Slack);
        return (int)count;
    }

    private string?[] Valid(int group, ParquetColumn column, string?[] texts)
    {
        _stream.Allow((3 * _stream.Length) + Slack);
        int row = ParquetText.FindDamage(_stream, group, column.Field!, texts);
        return row < 0
            ? texts
            : throw _fault(ParquetText.Describe(Enumerable.Range(0, group).Sum(before => (long)RowsOf(before)) + row + 1, column.Name), null);
    }

    private static string?[] Strings(ParquetRowGroupReader rows, DataField field, int count)
    {
        string?[] texts = new string?[count];
        rows.ReadAsync(field, texts.AsMemory()).AsTask().GetAwaiter().GetResult();
        return texts;
    }

    private static string?[] Values<T>(ParquetRowGroupReader rows, DataField field, int count)
        where T : struct
    {
        static string? Text(T value) => Convert.ToString(value, CultureInfo.InvariantCulture);
        if (!field.IsNullable)
        {
            T[] values = new T[count];
            rows.ReadAsync<T>(field, values.AsMemory()).AsTask().GetAwaiter().GetResult();
            return Array.ConvertAll(values, Text);
        }

        T?[] nullable = new T?[count];
        rows.ReadAsync<T>(field, nullable.AsMemory()).AsTask().GetAwaiter().GetResult();
        return Array.ConvertAll(nullable, value => value is T known ? Text(known) : null);
    }

    // A damaged file ends in any kind of exception of the library.
    private T Guarded<T>(Func<T> read)
    {
        try
        {
            return read();
        }
        catch (NotImplementedException exception)
        {
            throw _fault(
                "holds lists in data pages of version 2, which cannot be read. Write it with pages of version 1 (data_page_version='1.0' in pyarrow).",
                exception);
        }
        catch (Exception exception) when (exception is not (QosValuationException or OperationCanceledException or UnauthorizedAccessException))
        {
            throw _fault($"cannot be read as Parquet: {DamageText.Of(exception)}", exception);
        }
    }
}
