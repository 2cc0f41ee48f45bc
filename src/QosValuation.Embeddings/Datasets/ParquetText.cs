using System.Text.Unicode;
using Parquet;
using Parquet.Meta;
using Parquet.Schema;

namespace QosValuation.Embeddings.Datasets;

/// <summary>Finds texts in a Parquet file that are no UTF-8: the library reads them with U+FFFD in the place of what is wrong, and says nothing.</summary>
public static class ParquetText
{
    private const char Replacement = '\uFFFD';

    /// <summary>What a message says of such a text.</summary>
    /// <param name="row">The row of the file, from 1.</param>
    /// <param name="column">The column's name.</param>
    /// <returns>What follows the file's name, and what to do.</returns>
    public static string Describe(long row, string column) =>
        $"holds a text that is no valid UTF-8: row {row} of its column '{column}'. Write the file again with texts in UTF-8.";

    /// <summary>Looks for a text that is no UTF-8 in a column of a row group. The bytes are read again only where a text holds U+FFFD.</summary>
    /// <param name="stream">The file.</param>
    /// <param name="group">The row group.</param>
    /// <param name="field">The column.</param>
    /// <param name="texts">What the library read.</param>
    /// <returns>The first such row of the group, from 0; -1 where all texts are as the file has them.</returns>
    public static int FindDamage(Stream stream, int group, DataField field, string?[] texts)
    {
        ArgumentNullException.ThrowIfNull(field);
        ArgumentNullException.ThrowIfNull(texts);
        if (!Array.Exists(texts, text => text?.Contains(Replacement, StringComparison.Ordinal) == true))
        {
            return -1;
        }

        // A reader of its own, to which texts are bytes.
        ParquetReader reader = ParquetReader.CreateAsync(stream).GetAwaiter().GetResult();
        foreach (SchemaElement element in reader.Metadata!.Schema)
        {
            if (element.Type is Parquet.Meta.Type.BYTE_ARRAY or Parquet.Meta.Type.FIXED_LEN_BYTE_ARRAY)
            {
                element.LogicalType = null;
                element.ConvertedType = null;
            }
        }

        DataField bytes = reader.Schema.DataFields.First(one => one.Path.Equals(field.Path));
        var values = new ReadOnlyMemory<byte>[texts.Length];
        int[] definitions = new int[texts.Length];
        reader.RowGroups[group].ReadRawAsync(bytes, values.AsMemory(), definitions.AsMemory(), new int[texts.Length].AsMemory())
            .AsTask().GetAwaiter().GetResult();

        // Nulls take no place among the values.
        int next = 0;
        for (int row = 0; row < texts.Length; row++)
        {
            if (definitions[row] == bytes.MaxDefinitionLevel && !Utf8.IsValid(values[next++].Span))
            {
                return row;
            }
        }

        return -1;
    }
}
