using System.Globalization;
using CsvHelper;
using QosValuation.IO;

namespace QosValuation.Runner;

/// <summary>Rows of one experiment, written as CSV (invariant culture, UTF-8); the file appears whole or not at all.</summary>
internal sealed class ResultTable(string name, params string[] columns)
{
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

    public string Save(string folder)
    {
        string path = Path.Combine(folder, Name + ".csv");
        AtomicFile.Write(path, stream =>
        {
            using var text = new StreamWriter(stream, leaveOpen: true);
            using var csv = new CsvWriter(text, CultureInfo.InvariantCulture);
            foreach (string column in columns)
            {
                csv.WriteField(column);
            }

            csv.NextRecord();
            foreach (object?[] row in _rows)
            {
                foreach (object? value in row)
                {
                    csv.WriteField(value is double number ? number.ToString("R", CultureInfo.InvariantCulture) : value);
                }

                csv.NextRecord();
            }
        });
        return path;
    }
}
