using System.Globalization;
using System.Text;

namespace QosValuation.Reporting.Page;

/// <summary>A table: named columns, and rows of scalars.</summary>
/// <param name="Columns">The columns' names.</param>
/// <param name="Rows">A value for each column; null where there is none.</param>
public sealed record ReportTable(IReadOnlyList<string> Columns, IReadOnlyList<object?[]> Rows)
{
    /// <summary>Makes a table of records: a column for each property that holds scalars, in the order they first appear.</summary>
    /// <param name="records">The records.</param>
    /// <param name="leaveOut">Properties that the table does without.</param>
    public static ReportTable Of(IReadOnlyList<ReportRecord> records, params IEnumerable<string> leaveOut)
    {
        var without = new HashSet<string>(leaveOut, StringComparer.OrdinalIgnoreCase);
        var seen = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        var columns = new List<string>();
        foreach (string name in records.SelectMany(record => record.Names))
        {
            bool isNew = !without.Contains(name) && seen.Add(name);
            if (isNew && records.All(record => ReportRecord.IsScalar(record[name])) && records.Any(record => record[name] is not null))
            {
                columns.Add(name);
            }
        }

        return new ReportTable([.. columns], [.. records.Select(record => columns.Select(name => record[name]).ToArray())]);
    }

    /// <summary>Whether a column holds numbers only.</summary>
    /// <param name="column">The column's number.</param>
    public bool IsNumeric(int column) => Rows.All(row => row[column] is null or "" || (row[column] is not Enum && ReportRecord.TryNumber(row[column], out _)));

    /// <summary>The table as CSV (RFC 4180, invariant culture, all digits).</summary>
    public string ToCsv()
    {
        var text = new StringBuilder();
        text.AppendJoin(',', Columns.Select(Quote)).Append('\n');
        bool[] numeric = [.. Enumerable.Range(0, Columns.Count).Select(IsNumeric)];
        foreach (object?[] row in Rows)
        {
            text.AppendJoin(',', row.Select((value, column) => Quote(numeric[column] ? InvariantText(value) : ReportRecord.TextOf(value)))).Append('\n');
        }

        return text.ToString();
    }

    // A number that came as text may be written as the user's culture has it, such as 0,5.
    private static string InvariantText(object? value) =>
        value is string { Length: > 0 } text
            && !double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out _)
            && ReportRecord.TryNumber(text, out double number)
            ? ReportRecord.TextOf(number)
            : ReportRecord.TextOf(value);

    private static string Quote(string text) =>
        text.AsSpan().IndexOfAny(",\"\r\n") >= 0 ? '"' + text.Replace("\"", "\"\"", StringComparison.Ordinal) + '"' : text;
}
