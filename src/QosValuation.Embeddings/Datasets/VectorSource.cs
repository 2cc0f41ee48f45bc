using CsvHelper;

namespace QosValuation.Embeddings.Datasets;

/// <summary>Reads files of vectors so that whatever goes wrong in them is told with their name.</summary>
internal static class VectorSource
{
    /// <summary>The rows of a file.</summary>
    /// <param name="open">Opens the file.</param>
    /// <param name="fault">Makes the fault for what the file, its reader or the disk throws.</param>
    /// <returns>The rows, lazily; the file is closed at the end.</returns>
    public static IEnumerable<VectorRow> Rows(Func<IVectorSource> open, Func<Exception, QosValuationException> fault)
    {
        using IVectorSource source = Try(open, fault);
        foreach (VectorRow row in Rows(source, fault))
        {
            yield return row;
        }
    }

    /// <summary>The rows of an open file.</summary>
    /// <param name="source">The file; it stays open.</param>
    /// <param name="fault">Makes the fault for what the file, its reader or the disk throws.</param>
    /// <returns>The rows, lazily.</returns>
    public static IEnumerable<VectorRow> Rows(IVectorSource source, Func<Exception, QosValuationException> fault)
    {
        using IEnumerator<VectorRow> rows = source.Rows().GetEnumerator();
        while (Try(rows.MoveNext, fault))
        {
            yield return rows.Current;
        }
    }

    private static T Try<T>(Func<T> work, Func<Exception, QosValuationException> fault)
    {
        try
        {
            return work();
        }
        catch (Exception exception) when (exception
            is IOException or UnauthorizedAccessException or CsvFormatException or OutOfMemoryException or OverflowException
            or FormatException or ArgumentException or InvalidOperationException or NotSupportedException)
        {
            throw fault(exception);
        }
    }
}
