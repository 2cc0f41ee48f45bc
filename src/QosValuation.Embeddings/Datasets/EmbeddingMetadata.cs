using QosValuation.Foundation.IO;

namespace QosValuation.Embeddings.Datasets;

/// <summary>What a metadata file, or the columns beside a vector, say about an embedding. Null where they say nothing.</summary>
internal sealed record EmbeddingMetadata
{
    public string? Source { get; init; }

    public string? Item { get; init; }

    public Modality? Modality { get; init; }

    public string? Model { get; init; }

    public string? Contributor { get; init; }

    public long? Ordinal { get; init; }

    public int? ClusterId { get; init; }

    public Novelty? Novelty { get; init; }

    /// <summary>The class that the embedding belongs to.</summary>
    public string? Label { get; init; }

    /// <summary>What names the source of a text, where <see cref="Source"/> names the picture that it describes.</summary>
    public string? Caption { get; init; }

    /// <summary>Why there is nothing to embed in this row; null where there is.</summary>
    public string? Problem { get; init; }

    public string? Shard { get; init; }

    public long? ShardPosition { get; init; }

    /// <summary>The further columns of a shard's export, in order.</summary>
    public static IReadOnlyList<string> ShardColumns { get; } = ["Shard", "ShardPosition"];

    /// <summary>The columns that an export writes, in order.</summary>
    public static IReadOnlyList<string> Columns { get; } = ["Source", "Item", "Modality", "Model", "Contributor", "Ordinal", "ClusterId", "Novelty", "Label"];

    /// <summary>Whether a column carries metadata rather than a component of the vector.</summary>
    /// <param name="column">The column's name.</param>
    /// <returns>True for the columns of <see cref="Columns"/> and their other spellings.</returns>
    public static bool IsColumn(string column) => FieldOf(column) is not null;

    /// <summary>Whether a column names the source by a word of its own, and not as the text that is its caption.</summary>
    /// <param name="column">Its name.</param>
    /// <returns>True for Source, Path, FullName and FileName.</returns>
    public static bool IsPath(string column) => FieldOf(column) == "Source"
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

    /// <summary>A copy with one more value out of a .csv, without the guard of <see cref="CsvValue"/>.</summary>
    /// <param name="column">The column's name, in any of its spellings; other columns are ignored.</param>
    /// <param name="value">The value as the file holds it.</param>
    /// <returns>The copy.</returns>
    /// <exception cref="FormatException">The value does not suit the column.</exception>
    public EmbeddingMetadata WithCsv(string column, string value) => With(column, SpreadsheetText.Plain(value));

    /// <summary>A copy with one more value.</summary>
    /// <param name="column">The column's name, in any of its spellings; other columns are ignored.</param>
    /// <param name="value">The value as text; blank for none.</param>
    /// <returns>The copy.</returns>
    /// <exception cref="FormatException">The value does not suit the column.</exception>
    public EmbeddingMetadata With(string column, string? value)
    {
        string? field = FieldOf(column);
        if (field is null || value is null || (value.Length == 0 && field is not ("Source" or "Model" or "Contributor")))
        {
            return this;
        }

        return field switch
        {
            "Source" => this with { Source = value },
            "Item" => this with { Item = value },
            "Modality" => this with { Modality = Parse<Modality>(column, value) },
            "Model" => this with { Model = value },
            "Label" => this with { Label = value },
            "Contributor" => this with { Contributor = value },
            "Ordinal" => this with { Ordinal = Whole(column, value) },
            // Other programs have columns of that name as well, which say something else.
            "Shard" => this with { Shard = Foundation.Sharding.Shard.TryParse(value)?.ToString() },
            "ShardPosition" => this with { ShardPosition = Position(column, value) },
            "ClusterId" => this with { ClusterId = checked((int)Whole(column, value)) },
            _ => this with { Novelty = Parse<Novelty>(column, value) },
        };
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

    private static string? FieldOf(string column)
    {
        string name = column.Replace("_", string.Empty, StringComparison.Ordinal);
        foreach (string known in Columns)
        {
            if (known.Equals(name, StringComparison.OrdinalIgnoreCase))
            {
                return known;
            }
        }

        return name.ToUpperInvariant() switch
        {
            "PATH" or "FULLNAME" or "FILENAME" or "TEXT" or "CAPTION" => "Source",
            "IMAGEID" => "Item",
            "CLASS" => "Label",
            "SHARD" => "Shard",
            "SHARDPOSITION" => "ShardPosition",
            _ => null,
        };
    }
}
