using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace QosValuation.Valuation.MarginalUtility;

/// <summary>
/// Squared Euclidean distances of test points to training points, in double precision. Differences are squared and added up in the same
/// order for every pair, so that equal points are at equal distances to the bit, and results depend on no block size and no thread.
/// </summary>
internal sealed class NeighborDistances
{
    private const int Step = 16;
    private const int BlockRows = 64;
    private readonly float[][] _rows;
    private readonly double[][] _tests;
    private readonly int _dimension;

    /// <summary>Creates the distances; test points are kept in double precision. O(test points · d).</summary>
    public NeighborDistances(LabelledPoints train, LabelledPoints test)
    {
        _rows = train.Vectors;
        _dimension = train.Dimension;
        _tests = [.. test.Vectors.Select(vector => Array.ConvertAll(vector, x => (double)x))];
    }

    /// <summary>The distances of a run of test points to all training points. O(count · n · d), SIMD.</summary>
    /// <param name="first">The first test point.</param>
    /// <param name="squares">Receives the squared distances, a row a test point.</param>
    /// <param name="run">Threads and cancellation.</param>
    public void Compute(int first, double[][] squares, MeasurementRun run)
    {
        int blocks = (_rows.Length + BlockRows - 1) / BlockRows;
        run.For(blocks, isThreadSafe: true, block => Block(block * BlockRows, Math.Min(_rows.Length, (block + 1) * BlockRows), first, squares));
    }

    // Two training points by four test points: each float is widened once for four uses.
    private void Block(int start, int end, int first, double[][] squares)
    {
        Span<double> tile = stackalloc double[8];
        for (int t = 0; t < squares.Length; t += 4)
        {
            int last = Math.Min(4, squares.Length - t);
            for (int row = start; row < end; row += 2)
            {
                bool isPair = row + 1 < end;
                Tile(
                    _rows[row],
                    _rows[isPair ? row + 1 : row],
                    _tests[first + t],
                    _tests[first + t + Math.Min(1, last - 1)],
                    _tests[first + t + Math.Min(2, last - 1)],
                    _tests[first + t + Math.Min(3, last - 1)],
                    tile);
                for (int j = 0; j < last; j++)
                {
                    squares[t + j][row] = tile[j];
                    if (isPair)
                    {
                        squares[t + j][row + 1] = tile[4 + j];
                    }
                }
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Tile(float[] x, float[] y, double[] a, double[] b, double[] c, double[] d, Span<double> sums)
    {
        ref float x0 = ref MemoryMarshal.GetArrayDataReference(x);
        ref float y0 = ref MemoryMarshal.GetArrayDataReference(y);
        ref double a0 = ref MemoryMarshal.GetArrayDataReference(a);
        ref double b0 = ref MemoryMarshal.GetArrayDataReference(b);
        ref double c0 = ref MemoryMarshal.GetArrayDataReference(c);
        ref double d0 = ref MemoryMarshal.GetArrayDataReference(d);
        Vector512<double> xa = default, xb = default, xc = default, xd = default, ya = default, yb = default, yc = default, yd = default;
        int k = 0;
        for (; k <= _dimension - Step; k += Step)
        {
            (Vector512<double> xLow, Vector512<double> xHigh) = Vector512.Widen(Vector512.LoadUnsafe(ref x0, (nuint)k));
            (Vector512<double> yLow, Vector512<double> yHigh) = Vector512.Widen(Vector512.LoadUnsafe(ref y0, (nuint)k));
            var test = Vector512.LoadUnsafe(ref a0, (nuint)k);
            xa = Add(xa, xLow - test);
            ya = Add(ya, yLow - test);
            test = Vector512.LoadUnsafe(ref b0, (nuint)k);
            xb = Add(xb, xLow - test);
            yb = Add(yb, yLow - test);
            test = Vector512.LoadUnsafe(ref c0, (nuint)k);
            xc = Add(xc, xLow - test);
            yc = Add(yc, yLow - test);
            test = Vector512.LoadUnsafe(ref d0, (nuint)k);
            xd = Add(xd, xLow - test);
            yd = Add(yd, yLow - test);
            test = Vector512.LoadUnsafe(ref a0, (nuint)(k + 8));
            xa = Add(xa, xHigh - test);
            ya = Add(ya, yHigh - test);
            test = Vector512.LoadUnsafe(ref b0, (nuint)(k + 8));
            xb = Add(xb, xHigh - test);
            yb = Add(yb, yHigh - test);
            test = Vector512.LoadUnsafe(ref c0, (nuint)(k + 8));
            xc = Add(xc, xHigh - test);
            yc = Add(yc, yHigh - test);
            test = Vector512.LoadUnsafe(ref d0, (nuint)(k + 8));
            xd = Add(xd, xHigh - test);
            yd = Add(yd, yHigh - test);
        }

        sums[0] = Vector512.Sum(xa);
        sums[1] = Vector512.Sum(xb);
        sums[2] = Vector512.Sum(xc);
        sums[3] = Vector512.Sum(xd);
        sums[4] = Vector512.Sum(ya);
        sums[5] = Vector512.Sum(yb);
        sums[6] = Vector512.Sum(yc);
        sums[7] = Vector512.Sum(yd);
        for (; k < _dimension; k++)
        {
            sums[0] += Square(x[k] - a[k]);
            sums[1] += Square(x[k] - b[k]);
            sums[2] += Square(x[k] - c[k]);
            sums[3] += Square(x[k] - d[k]);
            sums[4] += Square(y[k] - a[k]);
            sums[5] += Square(y[k] - b[k]);
            sums[6] += Square(y[k] - c[k]);
            sums[7] += Square(y[k] - d[k]);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<double> Add(Vector512<double> sum, Vector512<double> difference) => Vector512.FusedMultiplyAdd(difference, difference, sum);

    private static double Square(double x) => x * x;
}
