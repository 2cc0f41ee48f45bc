namespace QosValuation.Foundation.Numerics;

/// <summary>A square matrix of doubles, row after row: a graph's weights, distances or payments between parties. Memory 8·n² bytes.</summary>
public sealed class SquareMatrix
{
    /// <summary>Creates a matrix of zeros.</summary>
    /// <param name="count">n, the number of rows and of columns, at least 0.</param>
    public SquareMatrix(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        Count = count;
        Values = new double[(long)count * count];
    }

    /// <summary>The number of rows and of columns.</summary>
    public int Count { get; }

    /// <summary>All entries, row after row.</summary>
    public double[] Values { get; }

    /// <summary>An entry.</summary>
    /// <param name="row">From 0.</param>
    /// <param name="column">From 0.</param>
    /// <returns>The entry.</returns>
    public double this[int row, int column]
    {
        get => Row(row)[column];
        set => Row(row)[column] = value;
    }

    /// <summary>A row, to read and to write.</summary>
    /// <param name="index">From 0.</param>
    /// <returns>Its entries.</returns>
    public Span<double> Row(int index) => Values.AsSpan(checked(index * Count), Count);

    /// <summary>The rows as arrays. O(n²).</summary>
    /// <returns>A copy.</returns>
    public double[][] ToRows()
    {
        double[][] rows = new double[Count][];
        for (int i = 0; i < Count; i++)
        {
            rows[i] = Row(i).ToArray();
        }

        return rows;
    }
}
