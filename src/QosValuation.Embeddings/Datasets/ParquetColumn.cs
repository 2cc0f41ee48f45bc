using Parquet.Schema;

namespace QosValuation.Embeddings.Datasets;

/// <summary>What a column of a Parquet file holds.</summary>
internal enum ParquetKind
{
    /// <summary>Something that is not read.</summary>
    Other,

    /// <summary>Text.</summary>
    Text,

    /// <summary>Whole numbers of 64 bits.</summary>
    Int64,

    /// <summary>Whole numbers of 32 bits.</summary>
    Int32,

    /// <summary>Whole numbers of 16 bits.</summary>
    Int16,

    /// <summary>Whole numbers of 32 bits without a sign.</summary>
    UInt32,

    /// <summary>64-bit floats.</summary>
    Double,

    /// <summary>32-bit floats.</summary>
    Single,

    /// <summary>16-bit floats.</summary>
    Half,

    /// <summary>Truth values.</summary>
    Boolean,
}

/// <summary>A column of a Parquet file.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Field">What holds its values; null where it holds more than one kind.</param>
/// <param name="Kind">What it holds.</param>
/// <param name="IsList">Whether each row holds a list.</param>
internal sealed record ParquetColumn(string Name, DataField? Field, ParquetKind Kind, bool IsList)
{
    /// <summary>Whether each row holds a list of floats.</summary>
    public bool IsVector => IsList && Kind is ParquetKind.Single or ParquetKind.Double or ParquetKind.Half;

    /// <summary>What it holds, in words.</summary>
    public string Content => (IsList ? "lists of " : string.Empty) + Kind switch
    {
        ParquetKind.Text => "texts",
        ParquetKind.Int64 => "64-bit whole numbers",
        ParquetKind.Int32 => "32-bit whole numbers",
        ParquetKind.Int16 => "16-bit whole numbers",
        ParquetKind.UInt32 => "32-bit whole numbers without a sign",
        ParquetKind.Double => "64-bit floats",
        ParquetKind.Single => "32-bit floats",
        ParquetKind.Half => "16-bit floats",
        ParquetKind.Boolean => "truth values",
        _ => "values of a kind that is not read",
    };

    /// <summary>Describes a field of a schema.</summary>
    /// <param name="field">The field.</param>
    /// <param name="halves">Where two bytes are a 16-bit float.</param>
    /// <returns>The column.</returns>
    public static ParquetColumn Of(Field field, IReadOnlySet<FieldPath> halves) => field switch
    {
        ListField { Item: DataField item } => new ParquetColumn(field.Name, item, KindOf(item, halves), IsList: true),
        DataField { MaxRepetitionLevel: > 0 } data => new ParquetColumn(field.Name, data, KindOf(data, halves), IsList: true),
        DataField data => new ParquetColumn(field.Name, data, KindOf(data, halves), IsList: false),
        _ => new ParquetColumn(field.Name, null, ParquetKind.Other, IsList: false),
    };

    private static ParquetKind KindOf(DataField field, IReadOnlySet<FieldPath> halves) => field.ClrType switch
    {
        _ when halves.Contains(field.Path) => ParquetKind.Half,
        Type type when type == typeof(string) || type == typeof(ReadOnlyMemory<char>) => ParquetKind.Text,
        Type type when type == typeof(long) => ParquetKind.Int64,
        Type type when type == typeof(int) => ParquetKind.Int32,
        Type type when type == typeof(short) => ParquetKind.Int16,
        Type type when type == typeof(uint) => ParquetKind.UInt32,
        Type type when type == typeof(double) => ParquetKind.Double,
        Type type when type == typeof(float) => ParquetKind.Single,
        Type type when type == typeof(bool) => ParquetKind.Boolean,
        _ => ParquetKind.Other,
    };
}
