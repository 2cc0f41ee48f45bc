namespace QosValuation.Learning.Learners;

/// <summary>
/// Labelled rows of features in double precision, each with a constant 1 behind its features, so that the intercept is one more weight.
/// Immutable. Memory O(rows · features).
/// </summary>
public sealed class LabelledMatrix
{
    private readonly double[] _values;
    private readonly int[] _labels;

    /// <summary>Copies rows of features. O(rows · features).</summary>
    /// <param name="rows">The rows, all of one length of at least 1.</param>
    /// <param name="labels">The class of each row, from 0 to <paramref name="classes"/> − 1.</param>
    /// <param name="classes">The number of classes, at least 1.</param>
    public LabelledMatrix(IReadOnlyList<float[]> rows, IReadOnlyList<int> labels, int classes)
    {
        ArgumentNullException.ThrowIfNull(rows);
        ArgumentNullException.ThrowIfNull(labels);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(classes);
        ArgumentOutOfRangeException.ThrowIfNotEqual(labels.Count, rows.Count);
        Count = rows.Count;
        Classes = classes;
        Stride = (rows.Count == 0 ? 0 : rows[0].Length) + 1;
        _values = new double[(long)Count * Stride];
        _labels = [.. labels];
        for (int i = 0; i < Count; i++)
        {
            ArgumentOutOfRangeException.ThrowIfNotEqual(rows[i].Length, Stride - 1, nameof(rows));
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)_labels[i], (uint)classes, nameof(labels));
            Span<double> row = _values.AsSpan(i * Stride, Stride);
            System.Numerics.Tensors.TensorPrimitives.ConvertTruncating(rows[i].AsSpan(), row);
            row[^1] = 1;
        }
    }

    /// <summary>The number of rows.</summary>
    public int Count { get; }

    /// <summary>The number of classes.</summary>
    public int Classes { get; }

    /// <summary>The length of a row: the features and the constant.</summary>
    public int Stride { get; }

    /// <summary>A row with its constant.</summary>
    /// <param name="index">From 0 to <see cref="Count"/> − 1.</param>
    /// <returns>The features, then 1.</returns>
    public ReadOnlySpan<double> this[int index] => _values.AsSpan(index * Stride, Stride);

    /// <summary>The class of a row.</summary>
    /// <param name="index">From 0 to <see cref="Count"/> − 1.</param>
    /// <returns>From 0 to <see cref="Classes"/> − 1.</returns>
    public int Label(int index) => _labels[index];
}
