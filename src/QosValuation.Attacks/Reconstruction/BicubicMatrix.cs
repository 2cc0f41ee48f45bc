using System.Numerics.Tensors;

namespace QosValuation.Attacks.Reconstruction;

/// <summary>
/// Bicubic interpolation from r to R samples as a sparse R × r matrix with four entries a row: Keys' kernel with
/// a = −0.75, half-pixel centres and repeated borders, which is what PyTorch's interpolate computes. One sample is
/// repeated (nearest).
/// </summary>
internal sealed class BicubicMatrix
{
    private const double A = -0.75;
    private readonly int[] _taps;
    private readonly float[] _weights;
    private readonly int _perRow;

    /// <summary>Computes the weights.</summary>
    /// <param name="samples">r, at least 1.</param>
    /// <param name="size">R, at least 1.</param>
    public BicubicMatrix(int samples, int size)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(samples);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(size);
        Samples = samples;
        Size = size;
        _perRow = samples == 1 || samples == size ? 1 : 4;
        _taps = new int[size * _perRow];
        _weights = new float[size * _perRow];
        for (int row = 0; row < size; row++)
        {
            if (_perRow == 1)
            {
                _taps[row] = samples == 1 ? 0 : row;
                _weights[row] = 1;
                continue;
            }

            double centre = ((row + 0.5) * samples / size) - 0.5;
            int whole = (int)Math.Floor(centre);
            double t = centre - whole;
            Span<double> weights = [Far(t + 1), Near(t), Near(1 - t), Far(2 - t)];
            for (int k = 0; k < 4; k++)
            {
                _taps[(4 * row) + k] = Math.Clamp(whole - 1 + k, 0, samples - 1);
                _weights[(4 * row) + k] = (float)weights[k];
            }
        }
    }

    /// <summary>r, the number of columns.</summary>
    public int Samples { get; }

    /// <summary>R, the number of rows.</summary>
    public int Size { get; }

    /// <summary>result = U·x for x of r rows.</summary>
    /// <param name="x">r × width, row by row.</param>
    /// <param name="width">The length of a row.</param>
    /// <param name="result">Receives R × width.</param>
    public void Apply(ReadOnlySpan<float> x, int width, Span<float> result)
    {
        result[..(Size * width)].Clear();
        AddApplied(x, width, result);
    }

    /// <summary>result += U·x for x of r rows.</summary>
    /// <param name="x">r × width, row by row.</param>
    /// <param name="width">The length of a row.</param>
    /// <param name="result">R × width; added to.</param>
    public void AddApplied(ReadOnlySpan<float> x, int width, Span<float> result)
    {
        for (int row = 0; row < Size; row++)
        {
            Span<float> target = result.Slice(row * width, width);
            for (int k = row * _perRow; k < (row + 1) * _perRow; k++)
            {
                TensorPrimitives.MultiplyAdd(x.Slice(_taps[k] * width, width), _weights[k], target, target);
            }
        }
    }

    /// <summary>result = Uᵀ·x for x of R rows: the adjoint, which carries gradients back.</summary>
    /// <param name="x">R × width, row by row.</param>
    /// <param name="width">The length of a row.</param>
    /// <param name="result">Receives r × width.</param>
    public void ApplyTransposed(ReadOnlySpan<float> x, int width, Span<float> result)
    {
        result[..(Samples * width)].Clear();
        for (int row = 0; row < Size; row++)
        {
            ReadOnlySpan<float> source = x.Slice(row * width, width);
            for (int k = row * _perRow; k < (row + 1) * _perRow; k++)
            {
                Span<float> target = result.Slice(_taps[k] * width, width);
                TensorPrimitives.MultiplyAdd(source, _weights[k], target, target);
            }
        }
    }

    /// <summary>Transposes a matrix.</summary>
    /// <param name="x">rows × columns.</param>
    /// <param name="rows">The rows of x.</param>
    /// <param name="columns">The columns of x.</param>
    /// <param name="result">Receives columns × rows.</param>
    public static void Transpose(ReadOnlySpan<float> x, int rows, int columns, Span<float> result)
    {
        const int block = 16;
        for (int top = 0; top < rows; top += block)
        {
            int bottom = Math.Min(rows, top + block);
            for (int left = 0; left < columns; left += block)
            {
                int right = Math.Min(columns, left + block);
                for (int row = top; row < bottom; row++)
                {
                    for (int column = left; column < right; column++)
                    {
                        result[(column * rows) + row] = x[(row * columns) + column];
                    }
                }
            }
        }
    }

    private static double Near(double x) => ((((A + 2) * x) - (A + 3)) * x * x) + 1;

    private static double Far(double x) => (((((x - 5) * x) + 8) * x) - 4) * A;
}
