using QosValuation.Foundation.IO;

namespace QosValuation.Embeddings.Datasets;

/// <summary>What a column of metadata says about an embedding; named as an export names its columns, which come first and in this order.</summary>
internal enum MetadataField
{
    /// <summary>Where the embedding comes from.</summary>
    Source,

    /// <summary>What was embedded.</summary>
    Item,

    /// <summary>Image or text.</summary>
    Modality,

    /// <summary>The encoder.</summary>
    Model,

    /// <summary>Whose it is.</summary>
    Contributor,

    /// <summary>Its place among the others.</summary>
    Ordinal,

    /// <summary>The cluster.</summary>
    ClusterId,

    /// <summary>How it came into the cluster.</summary>
    Novelty,

    /// <summary>The class.</summary>
    Label,

    /// <summary>The part of a divided run.</summary>
    Shard,

    /// <summary>The place in the order of the whole run.</summary>
    ShardPosition,
}

/// <summary>What a metadata file, or the columns beside a vector, say about an embedding. Null where they say nothing.</summary>
internal sealed record EmbeddingMetadata
{
    private static readonly Dictionary<string, MetadataField> Fields =
        Enum.GetValues<MetadataField>().ToDictionary(field => field.ToString(), StringComparer.OrdinalIgnoreCase);

    public string? Source { get; set; }

    public string? Item { get; set; }

    public Modality? Modality { get; set; }

    public string? Model { get; set; }

    public string? Contributor { get; set; }

    public long? Ordinal { get; set; }

    public int? ClusterId { get; set; }

    public Novelty? Novelty { get; set; }

    /// <summary>The class that the embedding belongs to.</summary>
    public string? Label { get; set; }

    /// <summary>What names the source of a text, where <see cref="Source"/> names the picture that it describes.</summary>
    public string? Caption { get; set; }

    /// <summary>Why there is nothing to embed in this row; null where there is.</summary>
    public string? Problem { get; set; }

    public string? Shard { get; set; }

    public long? ShardPosition { get; set; }

    /// <summary>The further columns of a shard's export, in order.</summary>
    public static IReadOnlyList<string> ShardColumns { get; } = [nameof(MetadataField.Shard), nameof(MetadataField.ShardPosition)];

    /// <summary>The columns that an export writes, in order.</summary>
    public static IReadOnlyList<string> Columns { get; } = [.. Enum.GetNames<MetadataField>().Except(ShardColumns)];

    /// <summary>Whether a column carries metadata rather than a component of the vector.</summary>
    /// <param name="column">The column's name.</param>
    /// <returns>True for the columns of <see cref="Columns"/> and their other spellings.</returns>
    public static bool IsColumn(string column) => FieldOf(column) is not null;

    /// <summary>Whether a column names the source by a word of its own, and not as the text that is its caption.</summary>
    /// <param name="column">Its name.</param>
    /// <returns>True for Source, Path, FullName and FileName.</returns>
    public static bool IsPath(string column) => FieldOf(column) == MetadataField.Source
        && !column.Equals("Text", StringComparison.OrdinalIgnoreCase) && !column.Equals("Caption", StringComparison.OrdinalIgnoreCase);

    /// <summary>Whether a column or property holds a whole vector.</summary>
    /// <param name="column">Its name.</param>
    /// <returns>True for Vector and Embedding.</returns>
    public static bool IsVector(string column) =>
        column.Equals("Vector", StringComparison.OrdinalIgnoreCase) || column.Equals("Embedding", StringComparison.OrdinalIgnoreCase);

    /// <summary>The property of the first row that holds the SHA-256 digest of the numbers in the .npy that the metadata belong to.</summary>
    public const string DigestColumn = "vectorsSha256";

    /// <summary>Whether a column or property repeats what the vector says, so that nothing is lost without it.</summary>
    /// <param name="column">Its name.</param>
    /// <returns>True for Dimension, which an embedding has when it is written as an object, and for the digest of the vectors.</returns>
    public static bool IsIgnored(string column) =>
        column.Equals("Dimension", StringComparison.OrdinalIgnoreCase) || column.Equals(DigestColumn, StringComparison.OrdinalIgnoreCase);

    /// <summary>The warning about columns that are not known.</summary>
    /// <param name="path">The file.</param>
    /// <param name="names">The columns, as they are to be shown.</param>
    /// <returns>A sentence that names up to ten of them.</returns>
    public static string UnknownColumns(string path, IReadOnlyList<string> names)
    {
        const int Most = 10;
        string more = names.Count > Most ? string.Create(System.Globalization.CultureInfo.CurrentCulture, $" and {names.Count - Most:N0} more") : string.Empty;
        return $"'{path}' has columns that are not known and are left out: {string.Join(", ", names.Take(Most))}{more}. "
            + $"Known are {string.Join(", ", Columns)}, Vector, and numbered components such as v0, v1, ….";
    }

    /// <summary>The value of a column of <see cref="Columns"/>.</summary>
    /// <param name="embedding">The embedding.</param>
    /// <param name="label">Its class; null where it has none.</param>
    /// <param name="column">The column's index.</param>
    /// <returns>Its text; null where it has no value.</returns>
    public static string? Value(ClipEmbedding embedding, string? label, int column) => column switch
    {
        0 => embedding.Source,
        1 => embedding.Item,
        2 => embedding.Modality.ToString(),
        3 => embedding.Model,
        4 => embedding.Contributor,
        5 => embedding.Ordinal.ToString(System.Globalization.CultureInfo.InvariantCulture),
        6 => embedding.ClusterId?.ToString(System.Globalization.CultureInfo.InvariantCulture),
        7 => embedding.Novelty?.ToString(),
        _ => label,
    };

    /// <summary>The value of a column of <see cref="Columns"/> as a .csv holds it: text that a spreadsheet would take for a formula is guarded.</summary>
    /// <param name="embedding">The embedding.</param>
    /// <param name="label">Its class; null where it has none.</param>
    /// <param name="column">The column's index.</param>
    /// <returns>Its text; null where it has no value.</returns>
    public static string? CsvValue(ClipEmbedding embedding, string? label, int column) =>
        column is 0 or 1 or 3 or 4 or 8 ? SpreadsheetText.Guarded(Value(embedding, label, column)) : Value(embedding, label, column);

    /// <summary>What a column says.</summary>
    /// <param name="column">The column's name, in any of its spellings.</param>
    /// <returns>The field; null for a column that is not known.</returns>
    public static MetadataField? FieldOf(string column)
    {
        string name = column.Replace("_", string.Empty, StringComparison.Ordinal);
        return name.ToUpperInvariant() switch
        {
            "PATH" or "FULLNAME" or "FILENAME" or "TEXT" or "CAPTION" => MetadataField.Source,
            "IMAGEID" => MetadataField.Item,
            "CLASS" => MetadataField.Label,
            _ => Fields.TryGetValue(name, out MetadataField field) ? field : null,
        };
    }

    /// <summary>Takes a value out of a .csv, without the guard of <see cref="CsvValue"/>.</summary>
    /// <param name="field">What the column says.</param>
    /// <param name="column">The column's name.</param>
    /// <param name="value">The value as the file holds it.</param>
    /// <exception cref="FormatException">The value does not suit the column.</exception>
    public void SetCsv(MetadataField field, string column, string value) => Set(field, column, SpreadsheetText.Plain(value));

    /// <summary>Takes a value.</summary>
    /// <param name="field">What the column says.</param>
    /// <param name="column">The column's name.</param>
    /// <param name="value">The value as text; blank for none.</param>
    /// <exception cref="FormatException">The value does not suit the column.</exception>
    public void Set(MetadataField field, string column, string? value)
    {
        if (value is null || (value.Length == 0 && field is not (MetadataField.Source or MetadataField.Model or MetadataField.Contributor)))
        {
            return;
        }

        switch (field)
        {
            case MetadataField.Source:
                Source = value;
                break;
            case MetadataField.Item:
                Item = value;
                break;
            case MetadataField.Modality:
                Modality = Parse<Modality>(column, value);
                break;
            case MetadataField.Model:
                Model = value;
                break;
            case MetadataField.Label:
                Label = value;
                break;
            case MetadataField.Contributor:
                Contributor = value;
                break;
            case MetadataField.Ordinal:
                Ordinal = Whole(column, value);
                break;
            case MetadataField.Shard:
                // Other programs have columns of that name as well, which say something else.
                Shard = Foundation.Sharding.Shard.TryParse(value)?.ToString();
                break;
            case MetadataField.ShardPosition:
                ShardPosition = Position(column, value);
                break;
            case MetadataField.ClusterId:
                ClusterId = checked((int)Whole(column, value));
                break;
            default:
                Novelty = Parse<Novelty>(column, value);
                break;
        }
    }

    private static T Parse<T>(string column, string value)
        where T : struct, Enum =>
        Enum.TryParse(value, ignoreCase: true, out T parsed) && Enum.IsDefined(parsed)
            ? parsed
            : throw new FormatException($"{column} is '{value}', not one of {string.Join(", ", Enum.GetNames<T>())}.");

    private static long Position(string column, string value) =>
        NumberText.TryParseWhole(value, out long parsed) && parsed >= 0
            ? parsed
            : throw new FormatException($"{column} is '{value}', not a whole number from 0.");

    private static long Whole(string column, string value) =>
        NumberText.TryParseWhole(value, out long parsed)
        && (column.Equals("Ordinal", StringComparison.OrdinalIgnoreCase) || parsed is >= int.MinValue and <= int.MaxValue)
            ? parsed
            : throw new FormatException($"{column} is '{value}', not a whole number in range.");
}
