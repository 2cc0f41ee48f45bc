using System.Globalization;
using CsvHelper;
using QosValuation.IO;

namespace QosValuation.Runner;

/// <summary>Rows of one experiment, written as CSV (invariant culture, UTF-8); the file appears whole or not at all.</summary>
internal sealed class ResultTable(string name, params string[] columns)
{
    private static readonly CsvWriterOptions CsvOptions = new() { NewLine = "\n" };

    private readonly List<object?[]> _rows = [];

    public string Name { get; } = name;

    public int Count => _rows.Count;

    public void Add(params object?[] values)
    {
        if (values.Length != columns.Length)
        {
            throw new ArgumentException($"{Name} has {columns.Length} columns, not {values.Length}.", nameof(values));
        }

        _rows.Add(values);
    }

    /// <summary>The rows so far, as names and values.</summary>
    public IEnumerable<IEnumerable<KeyValuePair<string, object?>>> Records() => _rows.Select(row => columns.Zip(row, KeyValuePair.Create));

    public string Save(string folder)
    {
        string path = Path.Combine(folder, Name + ".csv");
        AtomicFile.Write(path, stream =>
        {
            using var csv = CsvWriter.Create(stream, CsvOptions, true);
            foreach (string column in columns)
            {
                csv.WriteField(column);
            }

            csv.EndRecord();
            foreach (object?[] row in _rows)
            {
                foreach (object? value in row)
                {
                    csv.WriteField(value is IFormattable formattable ? formattable.ToString(null, CultureInfo.InvariantCulture) : value?.ToString() ?? string.Empty);
                }

                csv.EndRecord();
            }
        });
        return path;
    }
}
