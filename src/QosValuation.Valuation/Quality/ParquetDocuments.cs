using System.Globalization;
using Parquet;
using Parquet.Schema;
using QosValuation.Embeddings.Datasets;
using QosValuation.Foundation.IO;

namespace QosValuation.Valuation.Quality;

/// <summary>Reads documents from Apache Parquet files: each row is one, its columns of texts, numbers, truth values and times are its fields.</summary>
internal static class ParquetDocuments
{
    // A file states how many rows a group has before anything of it is read: a few bytes must not ask for gigabytes.
    private const long MostGroupRows = 10_000_000;

    /// <summary>Reads a file, one row group at a time; memory holds one group's texts.</summary>
    /// <param name="path">The file.</param>
    /// <param name="contributor">Who brought documents that do not say so.</param>
    /// <param name="faulted">Takes the fault of a row that cannot be used.</param>
    /// <returns>The documents.</returns>
    /// <exception cref="QosValuationException"><c>DocumentNotReadable</c>: the file is no Parquet, is damaged, or has no column of texts.</exception>
    public static IEnumerable<QualityDocument> Read(string path, string contributor, Action<QosValuationException> faulted)
    {
        using var stream = new MeteredReadStream(RegularFile.OpenRead(path, bufferSize: 1 << 16));
        stream.Allow(MostReads(stream));
        ParquetReader reader = Guarded(path, () =>
        {
            ParquetFooter.Require(stream);
            return ParquetReader.CreateAsync(stream).GetAwaiter().GetResult();
        });
        DataField[] columns = Guarded(path, () => reader.Schema.GetDataFields().Where(IsPlain).ToArray());
        if (!columns.Any(column => DocumentReader.TextFields.Contains(column.Name, StringComparer.OrdinalIgnoreCase)))
        {
            throw new QosValuationException(
                Faults.DocumentNotReadable, $"'{path}' has no column of texts named {string.Join(", ", DocumentReader.TextFields)}.", path);
        }

        long row = 0;
        for (int g = 0; g < reader.RowGroupCount; g++)
        {
            int group = g;
            stream.Allow(MostReads(stream));
            Guarded(path, () => RequirePages(stream, reader, group, columns));
            stream.Allow(MostReads(stream));
            string?[][] values = Guarded(path, () => ReadGroup(reader, group, columns, path));
            for (int k = 0; k < columns.Length; k++)
            {
                stream.Allow(MostReads(stream));
                (DataField column, string?[] texts) = (columns[k], values[k]);
                int damage = IsText(column) ? Guarded(path, () => ParquetText.FindDamage(stream, group, column, texts)) : -1;
                if (damage >= 0)
                {
                    throw new QosValuationException(
                        Faults.DocumentNotReadable, $"'{path}' {ParquetText.Describe(row + damage + 1, column.Name)}", path);
                }
            }

            for (int i = 0; i < values[0].Length; i++)
            {
                row++;
                var fields = new Dictionary<string, string?>(StringComparer.OrdinalIgnoreCase);
                for (int k = 0; k < columns.Length; k++)
                {
                    fields[columns[k].Name] = values[k][i];
                }

                string source = $"{path}:{row}";
                QualityDocument? document = DocumentReader.FromFields(fields, contributor, source).FirstOrDefault();
                if (document is null)
                {
                    faulted(DocumentReader.NoText($"Row {row}", path, source));
                }
                else if (document.Text.Length > DocumentReader.MostBytes)
                {
                    faulted(DocumentReader.TooLarge($"Row {row} of '{path}' is too long", path));
                }
                else
                {
                    yield return document;
                }
            }
        }
    }

    // The footer, or a group, is read once; a damaged one may lead the library in a circle.
    private static long MostReads(MeteredReadStream stream) => (2 * stream.Length) + (1 << 16);

    // A list, a map or a record has levels of its own and is no field.
    private static bool IsPlain(DataField column) => column.MaxRepetitionLevel == 0 && column.Path.Length == 1
        && (IsText(column) || column.ClrType == typeof(double) || column.ClrType == typeof(float) || column.ClrType == typeof(long)
            || column.ClrType == typeof(int) || column.ClrType == typeof(bool) || column.ClrType == typeof(DateTime));

    // The library reads texts as memory of characters.
    private static bool IsText(DataField column) => column.ClrType == typeof(string) || column.ClrType == typeof(ReadOnlyMemory<char>);

    private static bool RequirePages(MeteredReadStream stream, ParquetReader reader, int group, DataField[] columns)
    {
        using ParquetRowGroupReader rows = reader.OpenRowGroupReader(group);
        foreach (DataField column in columns)
        {
            ParquetPages.Require(stream, rows.GetMetadata(column)?.MetaData ?? throw new InvalidDataException($"a row group has no column {column.Name}."));
        }

        return true;
    }

    private static string?[][] ReadGroup(ParquetReader reader, int group, DataField[] columns, string path)
    {
        using ParquetRowGroupReader rows = reader.OpenRowGroupReader(group);
        if (rows.RowCount is < 0 or > MostGroupRows)
        {
            throw new QosValuationException(
                Faults.DocumentNotReadable, $"'{path}' has a row group of {rows.RowCount} rows; at most {MostGroupRows} are read.", path);
        }

        int count = (int)rows.RowCount;
        return Array.ConvertAll(columns, column => column.ClrType switch
        {
            _ when IsText(column) => Texts(rows, column, count),
            Type type when type == typeof(double) => Values<double>(rows, column, count),
            Type type when type == typeof(float) => Values<float>(rows, column, count),
            Type type when type == typeof(long) => Values<long>(rows, column, count),
            Type type when type == typeof(int) => Values<int>(rows, column, count),
            Type type when type == typeof(bool) => Values<bool>(rows, column, count),
            _ => Values<DateTime>(rows, column, count),
        });
    }

    private static string?[] Texts(ParquetRowGroupReader rows, DataField column, int count)
    {
        string?[] texts = new string?[count];
        rows.ReadAsync(column, texts.AsMemory()).AsTask().GetAwaiter().GetResult();
        return texts;
    }

    private static string?[] Values<T>(ParquetRowGroupReader rows, DataField column, int count)
        where T : struct
    {
        string? Text(T value) => value is DateTime time
            ? time.ToString("O", CultureInfo.InvariantCulture)
            : Convert.ToString(value, CultureInfo.InvariantCulture);
        if (!column.IsNullable)
        {
            T[] values = new T[count];
            rows.ReadAsync<T>(column, values.AsMemory()).AsTask().GetAwaiter().GetResult();
            return Array.ConvertAll(values, Text);
        }

        T?[] nullable = new T?[count];
        rows.ReadAsync<T>(column, nullable.AsMemory()).AsTask().GetAwaiter().GetResult();
        return Array.ConvertAll(nullable, value => value is T known ? Text(known) : null);
    }

    // A damaged file ends in any kind of exception of the library.
    private static T Guarded<T>(string path, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception exception) when (exception is not (QosValuationException or OperationCanceledException or UnauthorizedAccessException))
        {
            throw new QosValuationException(Faults.DocumentNotReadable, $"'{path}' cannot be read as Parquet: {DamageText.Of(exception)}", path, exception);
        }
    }
}
