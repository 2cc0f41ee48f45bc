using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace QosValuation.Valuation.MarginalUtility;

/// <summary>
/// Squared Euclidean distances of test points to training points, in double precision. Differences are squared and added up in the same
/// order for every pair, so that equal points are at equal distances to the bit, and results depend on no block size and no thread.
/// </summary>
internal sealed class NeighborDistances
{
    private const int Step = 8;
    private const int Side = 4;
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

    /// <summary>The distances of a test point to chosen training points, to the bit those of the other overloads. O(points · d), SIMD.</summary>
    /// <param name="test">The test point.</param>
    /// <param name="points">The training points.</param>
    /// <param name="squares">Receives a squared distance each.</param>
    public void Compute(int test, ReadOnlySpan<int> points, Span<double> squares) => Compute([test], 0, points, squares);

    /// <summary>The distances of pairs of a test point and a training point, to the bit those of the other overloads. O(pairs · d), SIMD.</summary>
    /// <param name="tests">The test points.</param>
    /// <param name="points">As many training points.</param>
    /// <param name="squares">Receives a squared distance each.</param>
    public void Compute(ReadOnlySpan<int> tests, ReadOnlySpan<int> points, Span<double> squares) => Compute(tests, 1, points, squares);

    // Four pairs at a time. The step is 0 where all have one test point.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Compute(ReadOnlySpan<int> tests, int step, ReadOnlySpan<int> points, Span<double> squares)
    {
        for (int i = 0; i < points.Length; i += Side)
        {
            // Past the end the last one repeats.
            int last = points.Length - 1;
            (int j, int k, int l) = (Math.Min(i + 1, last), Math.Min(i + 2, last), Math.Min(i + 3, last));
            (int p, int q, int r, int s) = (points[i], points[j], points[k], points[l]);
            (int t, int u, int v, int w) = (tests[i * step], tests[j * step], tests[k * step], tests[l * step]);
            ref float x = ref MemoryMarshal.GetArrayDataReference(_rows[p]);
            ref float y = ref MemoryMarshal.GetArrayDataReference(_rows[q]);
            ref float z = ref MemoryMarshal.GetArrayDataReference(_rows[r]);
            ref float o = ref MemoryMarshal.GetArrayDataReference(_rows[s]);
            ref double a = ref MemoryMarshal.GetArrayDataReference(_tests[t]);
            ref double b = ref MemoryMarshal.GetArrayDataReference(_tests[u]);
            ref double c = ref MemoryMarshal.GetArrayDataReference(_tests[v]);
            ref double d = ref MemoryMarshal.GetArrayDataReference(_tests[w]);

            // The next four may be scattered over the memory: fetched now, they are there in time.
            ref float nextX = ref MemoryMarshal.GetArrayDataReference(_rows[points[Math.Min(i + 4, last)]]);
            ref float nextY = ref MemoryMarshal.GetArrayDataReference(_rows[points[Math.Min(i + 5, last)]]);
            ref float nextZ = ref MemoryMarshal.GetArrayDataReference(_rows[points[Math.Min(i + 6, last)]]);
            ref float nextO = ref MemoryMarshal.GetArrayDataReference(_rows[points[Math.Min(i + 7, last)]]);
            Vector512<double> xs = default, ys = default, zs = default, os = default;
            int n = 0;
            for (; n <= _dimension - Step; n += Step)
            {
                Prefetch(ref nextX, n);
                Prefetch(ref nextY, n);
                Prefetch(ref nextZ, n);
                Prefetch(ref nextO, n);
                xs = Add(xs, Widen(ref x, n) - Vector512.LoadUnsafe(ref a, (nuint)n));
                ys = Add(ys, Widen(ref y, n) - Vector512.LoadUnsafe(ref b, (nuint)n));
                zs = Add(zs, Widen(ref z, n) - Vector512.LoadUnsafe(ref c, (nuint)n));
                os = Add(os, Widen(ref o, n) - Vector512.LoadUnsafe(ref d, (nuint)n));
            }

            squares[l] = Rest(Vector512.Sum(os), s, w, n);
            squares[k] = Rest(Vector512.Sum(zs), r, v, n);
            squares[j] = Rest(Vector512.Sum(ys), q, u, n);
            squares[i] = Rest(Vector512.Sum(xs), p, t, n);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static unsafe void Prefetch(ref float row, int k)
    {
        // The address need not stay valid: a fetch of anything else is harmless.
        if (Sse.IsSupported)
        {
            Sse.Prefetch0(Unsafe.AsPointer(ref Unsafe.Add(ref row, k)));
        }
    }

    private double Rest(double sum, int row, int test, int k)
    {
        for (; k < _dimension; k++)
        {
            double difference = _rows[row][k] - _tests[test][k];
            sum += difference * difference;
        }

        return sum;
    }

    // Four training points by four test points: each float is widened once for four uses. Points past the end repeat the last one.
    private void Block(int start, int end, int first, double[][] squares)
    {
        Span<double> tile = stackalloc double[Side * Side];
        for (int t = 0; t < squares.Length; t += Side)
        {
            int tests = Math.Min(Side, squares.Length - t);
            for (int row = start; row < end; row += Side)
            {
                int rows = Math.Min(Side, end - row);
                Tile(row, rows - 1, first + t, tests - 1, tile);
                for (int j = 0; j < tests; j++)
                {
                    tile.Slice(j * Side, rows).CopyTo(squares[t + j].AsSpan(row));
                }
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Tile(int row, int lastRow, int test, int lastTest, Span<double> sums)
    {
        ref float x = ref MemoryMarshal.GetArrayDataReference(_rows[row + Math.Min(0, lastRow)]);
        ref float y = ref MemoryMarshal.GetArrayDataReference(_rows[row + Math.Min(1, lastRow)]);
        ref float z = ref MemoryMarshal.GetArrayDataReference(_rows[row + Math.Min(2, lastRow)]);
        ref float w = ref MemoryMarshal.GetArrayDataReference(_rows[row + Math.Min(3, lastRow)]);
        ref double a = ref MemoryMarshal.GetArrayDataReference(_tests[test + Math.Min(0, lastTest)]);
        ref double b = ref MemoryMarshal.GetArrayDataReference(_tests[test + Math.Min(1, lastTest)]);
        ref double c = ref MemoryMarshal.GetArrayDataReference(_tests[test + Math.Min(2, lastTest)]);
        ref double d = ref MemoryMarshal.GetArrayDataReference(_tests[test + Math.Min(3, lastTest)]);
        Vector512<double> ax = default, ay = default, az = default, aw = default;
        Vector512<double> bx = default, by = default, bz = default, bw = default;
        Vector512<double> cx = default, cy = default, cz = default, cw = default;
        Vector512<double> dx = default, dy = default, dz = default, dw = default;
        int k = 0;
        for (; k <= _dimension - Step; k += Step)
        {
            Vector512<double> xx = Widen(ref x, k);
            Vector512<double> yy = Widen(ref y, k);
            Vector512<double> zz = Widen(ref z, k);
            Vector512<double> ww = Widen(ref w, k);
            var point = Vector512.LoadUnsafe(ref a, (nuint)k);
            ax = Add(ax, xx - point);
            ay = Add(ay, yy - point);
            az = Add(az, zz - point);
            aw = Add(aw, ww - point);
            point = Vector512.LoadUnsafe(ref b, (nuint)k);
            bx = Add(bx, xx - point);
            by = Add(by, yy - point);
            bz = Add(bz, zz - point);
            bw = Add(bw, ww - point);
            point = Vector512.LoadUnsafe(ref c, (nuint)k);
            cx = Add(cx, xx - point);
            cy = Add(cy, yy - point);
            cz = Add(cz, zz - point);
            cw = Add(cw, ww - point);
            point = Vector512.LoadUnsafe(ref d, (nuint)k);
            dx = Add(dx, xx - point);
            dy = Add(dy, yy - point);
            dz = Add(dz, zz - point);
            dw = Add(dw, ww - point);
        }

        sums[0] = Vector512.Sum(ax);
        sums[1] = Vector512.Sum(ay);
        sums[2] = Vector512.Sum(az);
        sums[3] = Vector512.Sum(aw);
        sums[4] = Vector512.Sum(bx);
        sums[5] = Vector512.Sum(by);
        sums[6] = Vector512.Sum(bz);
        sums[7] = Vector512.Sum(bw);
        sums[8] = Vector512.Sum(cx);
        sums[9] = Vector512.Sum(cy);
        sums[10] = Vector512.Sum(cz);
        sums[11] = Vector512.Sum(cw);
        sums[12] = Vector512.Sum(dx);
        sums[13] = Vector512.Sum(dy);
        sums[14] = Vector512.Sum(dz);
        sums[15] = Vector512.Sum(dw);
        for (; k < _dimension; k++)
        {
            for (int i = 0; i < sums.Length; i++)
            {
                double difference = _rows[row + Math.Min(i % Side, lastRow)][k] - _tests[test + Math.Min(i / Side, lastTest)][k];
                sums[i] += difference * difference;
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<double> Widen(ref float row, int k) => Vector512.WidenLower(Vector256.LoadUnsafe(ref row, (nuint)k).ToVector512Unsafe());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<double> Add(Vector512<double> sum, Vector512<double> difference) => Vector512.FusedMultiplyAdd(difference, difference, sum);
}
