namespace QosValuation.Learning.Federated;

/// <summary>A row of parameters for each client. Memory 4·n·p bytes.</summary>
public sealed class ParameterMatrix
{
    private readonly float[][] _rows;

    /// <summary>Creates rows of zeros.</summary>
    /// <param name="count">n, the number of clients.</param>
    /// <param name="width">p, the number of parameters.</param>
    public ParameterMatrix(int count, int width)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfNegative(width);
        Width = width;
        _rows = new float[count][];
        for (int i = 0; i < count; i++)
        {
            _rows[i] = new float[width];
        }

        Rows = Array.ConvertAll(_rows, row => (ReadOnlyMemory<float>)row);
    }

    /// <summary>The number of rows.</summary>
    public int Count => _rows.Length;

    /// <summary>The length of a row.</summary>
    public int Width { get; }

    /// <summary>A row, to read and to write.</summary>
    /// <param name="index">From 0.</param>
    /// <returns>Its parameters.</returns>
    public Span<float> this[int index] => _rows[index];

    /// <summary>The rows, to read; they change with the matrix.</summary>
    public IReadOnlyList<ReadOnlyMemory<float>> Rows { get; }

    /// <summary>Sets every row. O(n·p).</summary>
    /// <param name="row">The parameters.</param>
    public void Fill(ReadOnlySpan<float> row)
    {
        foreach (float[] target in _rows)
        {
            row.CopyTo(target);
        }
    }

    /// <summary>Takes the rows of another matrix of the same shape. O(n·p).</summary>
    /// <param name="other">The other matrix.</param>
    public void CopyFrom(ParameterMatrix other)
    {
        ArgumentNullException.ThrowIfNull(other);
        for (int i = 0; i < _rows.Length; i++)
        {
            other._rows[i].CopyTo(_rows[i], 0);
        }
    }
}
