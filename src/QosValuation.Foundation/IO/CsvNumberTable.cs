using System.Buffers;
using System.Text;
using CsvHelper;
using QosValuation.Foundation.Names;

namespace QosValuation.Foundation.IO;

/// <summary>
/// Columns of numbers, and one of names, out of a CSV file: millions of rows without an object for each. Memory is 8 bytes a number and the names.
/// </summary>
public sealed class CsvNumberTable
{
    private static readonly CsvReaderOptions ReaderOptions = new();
    private static readonly CsvWriterOptions WriterOptions = new() { NewLine = "\n" };

    // The names in UTF-8, one after the other, and where each ends; null where there are none.
    private readonly byte[]? _names;
    private readonly int[] _nameEnds;

    private CsvNumberTable(double[][] columns, byte[]? names, int[] nameEnds)
    {
        Columns = columns;
        _names = names;
        _nameEnds = nameEnds;
    }

    /// <summary>The columns, in the order in which they were asked for.</summary>
    public double[][] Columns { get; }

    /// <summary>Whether the file has names.</summary>
    public bool HasNames => _names is not null;

    /// <summary>The name of a row in UTF-8; empty where there are none. O(1).</summary>
    /// <param name="row">The row, from 0.</param>
    public ReadOnlySpan<byte> Name(int row)
    {
        int start = row == 0 || _names is null ? 0 : _nameEnds[row - 1];
        return _names is null ? [] : _names.AsSpan(start, _nameEnds[row] - start);
    }

    /// <summary>Finds a name that two rows have. O(n log n), and 8 bytes a row for as long as it takes.</summary>
    /// <returns>The rows, from 0; null where all names differ, or there are none. Empty names are nobody's, and may repeat.</returns>
    public (int First, int Second)? FindRepeatedName()
    {
        if (_names is null)
        {
            return null;
        }

        // Hashes of 32 bits, of which some names share one: these alone are compared.
        int[] hashes = new int[_nameEnds.Length];
        for (int row = 0; row < hashes.Length; row++)
        {
            var hash = default(HashCode);
            hash.AddBytes(Name(row));
            hashes[row] = hash.ToHashCode();
        }

        int[] sorted = [.. hashes];
        Array.Sort(sorted);
        var shared = new HashSet<int>();
        for (int i = 1; i < sorted.Length; i++)
        {
            if (sorted[i] == sorted[i - 1])
            {
                shared.Add(sorted[i]);
            }
        }

        var seen = new Dictionary<string, int>(StringComparer.Ordinal);
        for (int row = 0; row < hashes.Length && shared.Count > 0; row++)
        {
            if (shared.Contains(hashes[row]) && !Name(row).IsEmpty)
            {
                string name = Encoding.UTF8.GetString(Name(row));
                if (!seen.TryAdd(name, row))
                {
                    return (seen[name], row);
                }
            }
        }

        return null;
    }

    /// <summary>Reads a file with a header; names of columns are not case-sensitive, and other columns are ignored. O(size of the file).</summary>
    /// <param name="path">The file.</param>
    /// <param name="item">What a row is, such as <c>agent</c>, for messages.</param>
    /// <param name="names">What the column of names may be called.</param>
    /// <param name="columns">
    /// The columns, each with the number of rows whose field is empty, or of all where there is no such column; null where there must be one and
    /// no field may be empty.
    /// </param>
    /// <param name="cancellationToken">Stops reading.</param>
    /// <returns>The table.</returns>
    /// <exception cref="QosValuationException"><c>ColumnNotReadable</c>: the first field at fault is named.</exception>
    public static CsvNumberTable Read(
        string path, string item, IReadOnlyList<string> names, IReadOnlyList<(string Name, double? Otherwise)> columns, CancellationToken cancellationToken)
    {
        QosValuationException Fault(string reason) => new(Faults.ColumnNotReadable, $"'{path}' {reason}", path);
        ArgumentNullException.ThrowIfNull(columns);
        List<double>[] numbers = [.. columns.Select(_ => new List<double>())];
        var ends = new List<int>();
        var written = new ArrayBufferWriter<byte>();
        try
        {
            RegularFile.Require(path);
            using CsvReader csv = CsvReader.FromFile(path, ReaderOptions);
            string[] header = [.. csv.Headers];
            int Find(IReadOnlyList<string> known) => Array.FindIndex(header, name => known.Contains(name.Trim(), StringComparer.OrdinalIgnoreCase));
            int[] places = [.. columns.Select(column => Find([column.Name]))];
            int named = Find(names);
            for (int k = 0; k < places.Length; k++)
            {
                if (places[k] < 0 && columns[k].Otherwise is null)
                {
                    throw Fault($"has no column named {columns[k].Name} in its first line.");
                }
            }

            double[] otherwise = [.. columns.Select(column => column.Otherwise ?? double.NaN)];
            bool[] isNeeded = [.. columns.Select(column => column.Otherwise is null)];
            for (long row = 0; csv.Read(); row++)
            {
                if ((row & 0xFFFF) == 0)
                {
                    cancellationToken.ThrowIfCancellationRequested();
                }

                for (int k = 0; k < places.Length; k++)
                {
                    int place = places[k];
                    double number = otherwise[k];
                    if (place >= 0 && (isNeeded[k] || !csv.GetSpan(place).IsEmpty) && !NumberText.TryParse(csv.GetSpan(place), out number))
                    {
                        throw Fault($"holds '{csv.GetString(place)}' as {header[place]} of {item} {row + 1}, which is not a number: {NumberText.Advice}.");
                    }

                    numbers[k].Add(number);
                }

                if (named >= 0)
                {
                    ReadOnlySpan<byte> name = csv.GetSpan(named);
                    if (!System.Text.Unicode.Utf8.IsValid(name) || name.IndexOf("\uFFFD"u8) >= 0)
                    {
                        throw Fault($"holds a name that is not UTF-8, as {header[named]} of {item} {row + 1}: save the file as UTF-8.");
                    }

                    written.Write(ContributorName.IsPlain(name) ? name : Encoding.UTF8.GetBytes(ContributorName.Fold(Encoding.UTF8.GetString(name))));
                    ends.Add(written.WrittenCount);
                }
            }

            if (numbers is [{ Count: 0 }, ..] && !RegularFile.EndsInLineBreak(path))
            {
                throw Fault("ends in its first line: it was cut off.");
            }

            return new CsvNumberTable([.. numbers.Select(column => column.ToArray())], named >= 0 ? written.WrittenSpan.ToArray() : null, [.. ends]);
        }
        catch (CsvFormatException exception)
        {
            throw new QosValuationException(Faults.ColumnNotReadable, $"'{path}' is not a CSV file: {exception.Message}", path, exception);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new QosValuationException(
                Faults.ColumnNotReadable, FaultKind.ReadFailed, $"'{path}' could not be read: {exception.Message}", path, exception);
        }
    }

    /// <summary>Writes a name, or another text that somebody else chose.</summary>
    /// <param name="csv">The file.</param>
    /// <param name="name">The name in UTF-8.</param>
    /// <param name="raw">Whether it is written as it is. Otherwise one that a spreadsheet would take for a formula (it begins with =, +, -, @,
    /// a tab or a carriage return) gets an apostrophe before it.</param>
    public static void WriteName(CsvWriter csv, ReadOnlySpan<byte> name, bool raw)
    {
        ArgumentNullException.ThrowIfNull(csv);
        if (!raw && name is [(byte)'=' or (byte)'+' or (byte)'-' or (byte)'@' or (byte)'\t' or (byte)'\r', ..])
        {
            csv.WriteField((ReadOnlySpan<byte>)[(byte)'\'', .. name]);
        }
        else
        {
            csv.WriteField(name);
        }
    }

    /// <summary>Tells the format of a column file by its name. O(1).</summary>
    /// <param name="path">The file.</param>
    /// <returns>True for .npy, false for .csv.</returns>
    /// <exception cref="QosValuationException"><c>ColumnFormatNotKnown</c>.</exception>
    public static bool IsNpy(string path) => Path.GetExtension(path).ToUpperInvariant() switch
    {
        ".NPY" => true,
        ".CSV" => false,
        _ => throw new QosValuationException(
            Faults.ColumnFormatNotKnown, $"The format of '{path}' is not known; columns are .csv or .npy files.", path),
    };

    /// <summary>Writes results in the order of the rows, whole or not at all. O(n).</summary>
    /// <param name="path">The file, .csv or .npy; its folder is created.</param>
    /// <param name="numbers">What a .npy holds.</param>
    /// <param name="header">The columns of a .csv.</param>
    /// <param name="writeRow">Writes the fields of a row of a .csv.</param>
    /// <exception cref="QosValuationException"><c>ColumnFormatNotKnown</c>, <c>FileNotWritable</c>, <c>DiskFull</c>.</exception>
    public static void Write(string path, double[] numbers, IReadOnlyList<string> header, Action<CsvWriter, int> writeRow)
    {
        ArgumentNullException.ThrowIfNull(numbers);
        ArgumentNullException.ThrowIfNull(writeRow);
        bool isNpy = IsNpy(path);
        try
        {
            AtomicFile.Write(path, stream =>
            {
                if (isNpy)
                {
                    NpyColumn.Write(stream, numbers);
                    return;
                }

                using CsvWriter csv = CsvWriter.Create(stream, WriterOptions, true);
                csv.WriteHeader([.. header]);
                for (int row = 0; row < numbers.Length; row++)
                {
                    writeRow(csv, row);
                    csv.EndRecord();
                }

                csv.Flush();
            });
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw DiskFaults.Explain(exception, path, "Nothing was changed there.");
        }
    }
}
