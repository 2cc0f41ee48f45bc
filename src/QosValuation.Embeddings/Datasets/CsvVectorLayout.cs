using System.Globalization;

namespace QosValuation.Embeddings.Datasets;

/// <summary>What the columns of a CSV of embeddings are.</summary>
/// <param name="Width">The number of columns.</param>
/// <param name="HasHeader">Whether the first line names the columns.</param>
/// <param name="Metadata">The columns that describe a row, by name. IsPadded: the header has a blank before the name, so the values have one too.</param>
/// <param name="Components">The columns of the components, in order; the joint column alone where there is one.</param>
/// <param name="IsJoint">Whether one column holds the whole vector.</param>
/// <param name="Unknown">The names of the columns that are none of these.</param>
internal sealed record CsvVectorLayout(
    int Width,
    bool HasHeader,
    IReadOnlyList<(int Column, string Name, MetadataField Field, bool IsPadded)> Metadata,
    int[] Components,
    bool IsJoint,
    IReadOnlyList<string> Unknown)
{
    /// <summary>The layout of a file without a header: every column is a component.</summary>
    /// <param name="width">The number of columns.</param>
    /// <returns>The layout.</returns>
    public static CsvVectorLayout WithoutHeader(int width) => new(width, false, [], [.. Enumerable.Range(0, width)], false, []);

    /// <summary>The layout that a header tells.</summary>
    /// <param name="header">The fields of the header line.</param>
    /// <returns>The layout.</returns>
    public static CsvVectorLayout Of(IReadOnlyList<string> header)
    {
        string[] names = [.. header.Select(name => name.Trim())];
        (int Column, string Name, MetadataField Field, bool IsPadded)[] metadata = [.. names
            .Select((name, column) => (Column: column, Name: name, Field: EmbeddingMetadata.FieldOf(name), IsPadded: header[column].StartsWith(' ')))
            .Where(entry => entry.Field is not null)
            .Select(entry => (entry.Column, entry.Name, entry.Field!.Value, entry.IsPadded))];
        int joint = Array.FindIndex(names, EmbeddingMetadata.IsVector);
        int[] components = joint >= 0 ? [joint] : NumberedColumns(names);
        HashSet<int> known = [.. components, .. metadata.Select(entry => entry.Column)];
        string[] unknown = [.. names
            .Select((name, column) => (Column: column, Name: name))
            .Where(entry => !known.Contains(entry.Column) && !EmbeddingMetadata.IsIgnored(entry.Name))
            .Select(entry => entry.Name.Length > 0
                ? $"'{entry.Name}'"
                : string.Create(CultureInfo.InvariantCulture, $"number {entry.Column + 1} (without a name)"))];
        return new CsvVectorLayout(names.Length, true, metadata, components, joint >= 0, unknown);
    }

    /// <summary>Whether a line numbers its columns in sequence (0, 1, 2, …), as pandas names the columns of a matrix.</summary>
    /// <param name="fields">The fields of the line.</param>
    /// <param name="first">The first number.</param>
    /// <returns>True for at least two whole numbers without a gap.</returns>
    public static bool IsNumbering(IReadOnlyList<string> fields, int first)
    {
        for (int i = 0; i < fields.Count; i++)
        {
            if (fields[i].Trim() != (first + i).ToString(CultureInfo.InvariantCulture))
            {
                return false;
            }
        }

        return fields.Count > 1;
    }

    /// <summary>The largest group of columns named alike but for a running number, in the order of the numbers.</summary>
    private static int[] NumberedColumns(string[] names)
    {
        IGrouping<string, (int Column, int Place)>? largest = names
            .Select((name, column) => (Column: column, Name: name, Stem: name.TrimEnd("0123456789".ToCharArray())))
            .Where(entry => entry.Stem.Length < entry.Name.Length && !EmbeddingMetadata.IsColumn(entry.Name))
            .GroupBy(
                entry => entry.Stem,
                entry => (entry.Column, Place: PlaceOf(entry.Name.AsSpan(entry.Stem.Length))),
                StringComparer.OrdinalIgnoreCase)
            .MaxBy(group => group.Count());
        return largest is null ? [] : [.. largest.OrderBy(entry => entry.Place).Select(entry => entry.Column)];
    }

    private static int PlaceOf(ReadOnlySpan<char> number) => int.TryParse(number, CultureInfo.InvariantCulture, out int place) ? place : int.MaxValue;
}
