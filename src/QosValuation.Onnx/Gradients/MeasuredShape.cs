using QosValuation.Onnx.Model;

namespace QosValuation.Onnx.Gradients;

/// <summary>
/// The shape of a value, measured at several settings of the model's symbolic dimensions (such as the batch). A
/// dimension that is the same at every setting is a constant of the graph; two dimensions are equal where they agree
/// at every setting. The settings are distinct primes greater than 1, so that agreement is no accident and a symbolic
/// dimension is never taken for a broadcast one.
/// </summary>
/// <param name="sizes">One row a setting, one column a dimension.</param>
internal sealed class MeasuredShape(long[][] sizes)
{
    /// <summary>The number of dimensions.</summary>
    public int Rank => sizes[0].Length;

    /// <summary>Whether every dimension is a constant.</summary>
    public bool IsConstant => Enumerable.Range(0, Rank).All(IsConstantAt);

    /// <summary>The sizes where every dimension is a constant.</summary>
    public long[] Constants => sizes[0];

    /// <summary>How many dimensions are not constant.</summary>
    public int SymbolicCount => Enumerable.Range(0, Rank).Count(d => !IsConstantAt(d));

    /// <summary>Whether a dimension is constant.</summary>
    public bool IsConstantAt(int dimension) => Array.TrueForAll(sizes, row => row[dimension] == sizes[0][dimension]);

    /// <summary>The size of a constant dimension, or null.</summary>
    public long? At(int dimension) => IsConstantAt(dimension) ? sizes[0][dimension] : null;

    /// <summary>Whether a dimension is the constant 1.</summary>
    public bool IsOneAt(int dimension) => At(dimension) == 1;

    /// <summary>Whether two shapes agree at every setting.</summary>
    public bool SameAs(MeasuredShape other) => Rank == other.Rank && Enumerable.Range(0, Rank).All(d => SameAt(d, other, d));

    /// <summary>Whether two dimensions agree at every setting.</summary>
    public bool SameAt(int dimension, MeasuredShape other, int otherDimension)
    {
        for (int row = 0; row < sizes.Length; row++)
        {
            if (sizes[row][dimension] != other.Row(row)[otherDimension])
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>The shape as a Reshape target: constants, and −1 for the one symbolic dimension; null where more than one is symbolic.</summary>
    public long[]? AsReshapeTarget()
    {
        if (SymbolicCount > 1 || Array.Exists(sizes, row => row.Contains(0)))
        {
            return null;
        }

        long[] target = new long[Rank];
        for (int d = 0; d < target.Length; d++)
        {
            target[d] = At(d) ?? -1;
        }

        return target;
    }

    /// <summary>Rearranges every row.</summary>
    public MeasuredShape Map(Func<long[], long[]> change) => new(Array.ConvertAll(sizes, row => change(row)));

    /// <summary>Combines with another shape row by row.</summary>
    public MeasuredShape Zip(MeasuredShape other, Func<long[], long[], long[]> combine) =>
        new([.. sizes.Select((row, i) => combine(row, other.Row(i)))]);

    /// <summary>A constant shape with as many settings as this one.</summary>
    public MeasuredShape Constant(params long[] dims) => Map(_ => dims);

    /// <inheritdoc/>
    public override string ToString() =>
        "[" + string.Join(", ", Enumerable.Range(0, Rank).Select(d => At(d)?.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? "?")) + "]";

    private long[] Row(int index) => sizes[index];
}
