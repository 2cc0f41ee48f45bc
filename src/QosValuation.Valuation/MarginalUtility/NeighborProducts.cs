using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace QosValuation.Valuation.MarginalUtility;

/// <summary>
/// Inner products of test points and training points in single precision, and the bound of what they leave uncertain of a squared distance
/// |x|² + |t|² − 2·x·t: twice the multiply-adds of <see cref="NeighborDistances"/> per second, for those who ask it where the bound decides nothing.
/// </summary>
internal sealed class NeighborProducts
{
    private const int Step = 16;

    // Short chains lose less; their sums are added up in memory.
    private const int Chain = 8 * Step;
    private const int Side = 4;
    private const int BlockRows = 64;

    // Above this a product could overflow in single precision.
    private const double MostSquares = 1e37;

    // Roundings of products too small for a normal float, far above their sum for any dimension.
    private const double Underflow = 1e-36;
    private readonly float[][] _rows;
    private readonly float[][] _tests;
    private readonly int _dimension;
    private readonly double _relative;

    /// <summary>Creates the products. O(test points · d).</summary>
    public NeighborProducts(LabelledPoints train, LabelledPoints test)
    {
        _rows = train.Vectors;
        _tests = test.Vectors;
        _dimension = train.Dimension;
        Squares = new double[_rows.Length];
        TestSquares = Array.ConvertAll(_tests, vector => Square(vector));

        // A chain of fused multiply-adds, the sum of the chains, four additions of lanes, the rest and the last rounding:
        // γ = k·u/(1 − k·u) of Σ|x·t| ≤ (|x|² + |t|²)/2, twice; behind it what |x|², |t|² and the distance in double precision are off.
        double roundings = (Chain / Step) + ((_dimension + Chain - 1) / Chain) + 8;
        double single = roundings * Math.ScaleB(1, -24);
        _relative = single < 0.5 ? (single / (1 - single)) + ((_dimension + 40) * Math.ScaleB(1, -50)) : double.PositiveInfinity;
    }

    /// <summary>|x|² of each training point, after <see cref="Compute"/> has seen all of them.</summary>
    public double[] Squares { get; }

    /// <summary>|t|² of each test point.</summary>
    public double[] TestSquares { get; }

    /// <summary>The most that a squared distance by the product differs from that of <see cref="NeighborDistances"/>.</summary>
    /// <param name="squares">|x|² + |t|².</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public double Bound(double squares) => squares < MostSquares ? (_relative * squares) + Underflow : double.PositiveInfinity;

    /// <inheritdoc cref="Bound(double)"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Vector512<double> Bound(Vector512<double> squares) => Vector512.ConditionalSelect(
        Vector512.LessThan(squares, Vector512.Create(MostSquares)),
        (squares * _relative) + Vector512.Create(Underflow),
        Vector512.Create(double.PositiveInfinity));

    /// <summary>The products of a run of test points with all training points. O(count · n · d), SIMD.</summary>
    /// <param name="first">The first test point.</param>
    /// <param name="products">Receives the products, a row a test point.</param>
    /// <param name="run">Threads and cancellation.</param>
    public void Compute(int first, float[][] products, MeasurementRun run)
    {
        int blocks = (_rows.Length + BlockRows - 1) / BlockRows;
        run.For(blocks, isThreadSafe: true, block => Block(block * BlockRows, Math.Min(_rows.Length, (block + 1) * BlockRows), first, products));
    }

    // Four training points by four test points. Points past the end repeat the last one.
    private void Block(int start, int end, int first, float[][] products)
    {
        Span<float> tile = stackalloc float[Side * Side];
        for (int row = start; row < end; row += Side)
        {
            int rows = Math.Min(Side, end - row);
            if (first == 0)
            {
                for (int i = row; i < row + rows; i++)
                {
                    Squares[i] = Square(_rows[i]);
                }
            }

            for (int t = 0; t < products.Length; t += Side)
            {
                int tests = Math.Min(Side, products.Length - t);
                Tile(row, rows - 1, first + t, tests - 1, tile);
                for (int j = 0; j < tests; j++)
                {
                    tile.Slice(j * Side, rows).CopyTo(products[t + j].AsSpan(row));
                }
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Tile(int row, int lastRow, int test, int lastTest, Span<float> sums)
    {
        ref float x = ref MemoryMarshal.GetArrayDataReference(_rows[row]);
        ref float y = ref MemoryMarshal.GetArrayDataReference(_rows[row + Math.Min(1, lastRow)]);
        ref float z = ref MemoryMarshal.GetArrayDataReference(_rows[row + Math.Min(2, lastRow)]);
        ref float w = ref MemoryMarshal.GetArrayDataReference(_rows[row + Math.Min(3, lastRow)]);
        ref float a = ref MemoryMarshal.GetArrayDataReference(_tests[test]);
        ref float b = ref MemoryMarshal.GetArrayDataReference(_tests[test + Math.Min(1, lastTest)]);
        ref float c = ref MemoryMarshal.GetArrayDataReference(_tests[test + Math.Min(2, lastTest)]);
        ref float d = ref MemoryMarshal.GetArrayDataReference(_tests[test + Math.Min(3, lastTest)]);
        Span<Vector512<float>> chains = stackalloc Vector512<float>[Side * Side];
        ref Vector512<float> total = ref MemoryMarshal.GetReference(chains);
        int whole = _dimension - (_dimension % Step);
        for (int start = 0; start < whole; start += Chain)
        {
            Vector512<float> ax = default, ay = default, az = default, aw = default;
            Vector512<float> bx = default, by = default, bz = default, bw = default;
            Vector512<float> cx = default, cy = default, cz = default, cw = default;
            Vector512<float> dx = default, dy = default, dz = default, dw = default;
            int end = Math.Min(whole, start + Chain);
            for (int k = start; k < end; k += Step)
            {
                var xx = Vector512.LoadUnsafe(ref x, (nuint)k);
                var yy = Vector512.LoadUnsafe(ref y, (nuint)k);
                var zz = Vector512.LoadUnsafe(ref z, (nuint)k);
                var ww = Vector512.LoadUnsafe(ref w, (nuint)k);
                var point = Vector512.LoadUnsafe(ref a, (nuint)k);
                ax = Vector512.FusedMultiplyAdd(xx, point, ax);
                ay = Vector512.FusedMultiplyAdd(yy, point, ay);
                az = Vector512.FusedMultiplyAdd(zz, point, az);
                aw = Vector512.FusedMultiplyAdd(ww, point, aw);
                point = Vector512.LoadUnsafe(ref b, (nuint)k);
                bx = Vector512.FusedMultiplyAdd(xx, point, bx);
                by = Vector512.FusedMultiplyAdd(yy, point, by);
                bz = Vector512.FusedMultiplyAdd(zz, point, bz);
                bw = Vector512.FusedMultiplyAdd(ww, point, bw);
                point = Vector512.LoadUnsafe(ref c, (nuint)k);
                cx = Vector512.FusedMultiplyAdd(xx, point, cx);
                cy = Vector512.FusedMultiplyAdd(yy, point, cy);
                cz = Vector512.FusedMultiplyAdd(zz, point, cz);
                cw = Vector512.FusedMultiplyAdd(ww, point, cw);
                point = Vector512.LoadUnsafe(ref d, (nuint)k);
                dx = Vector512.FusedMultiplyAdd(xx, point, dx);
                dy = Vector512.FusedMultiplyAdd(yy, point, dy);
                dz = Vector512.FusedMultiplyAdd(zz, point, dz);
                dw = Vector512.FusedMultiplyAdd(ww, point, dw);
            }

            total += ax;
            Unsafe.Add(ref total, 1) += ay;
            Unsafe.Add(ref total, 2) += az;
            Unsafe.Add(ref total, 3) += aw;
            Unsafe.Add(ref total, 4) += bx;
            Unsafe.Add(ref total, 5) += by;
            Unsafe.Add(ref total, 6) += bz;
            Unsafe.Add(ref total, 7) += bw;
            Unsafe.Add(ref total, 8) += cx;
            Unsafe.Add(ref total, 9) += cy;
            Unsafe.Add(ref total, 10) += cz;
            Unsafe.Add(ref total, 11) += cw;
            Unsafe.Add(ref total, 12) += dx;
            Unsafe.Add(ref total, 13) += dy;
            Unsafe.Add(ref total, 14) += dz;
            Unsafe.Add(ref total, 15) += dw;
        }

        ref float sum = ref MemoryMarshal.GetReference(sums);
        Fold(chains[0], chains[1], chains[2], chains[3]).StoreUnsafe(ref sum);
        Fold(chains[4], chains[5], chains[6], chains[7]).StoreUnsafe(ref sum, 4);
        Fold(chains[8], chains[9], chains[10], chains[11]).StoreUnsafe(ref sum, 8);
        Fold(chains[12], chains[13], chains[14], chains[15]).StoreUnsafe(ref sum, 12);
        if (whole == _dimension)
        {
            return;
        }

        for (int i = 0; i < sums.Length; i++)
        {
            float[] own = _rows[row + Math.Min(i % Side, lastRow)];
            float[] other = _tests[test + Math.Min(i / Side, lastTest)];
            double rest = sums[i];
            for (int j = whole; j < _dimension; j++)
            {
                rest += (double)own[j] * other[j];
            }

            sums[i] = (float)rest;
        }
    }

    // The sums of the lanes of four vectors.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> Fold(Vector512<float> x, Vector512<float> y, Vector512<float> z, Vector512<float> w)
    {
        Vector128<float> a = Quarter(x);
        Vector128<float> b = Quarter(y);
        Vector128<float> c = Quarter(z);
        Vector128<float> d = Quarter(w);
        if (System.Runtime.Intrinsics.X86.Sse.IsSupported)
        {
            Vector128<float> low = System.Runtime.Intrinsics.X86.Sse.UnpackLow(a, c) + System.Runtime.Intrinsics.X86.Sse.UnpackHigh(a, c);
            Vector128<float> high = System.Runtime.Intrinsics.X86.Sse.UnpackLow(b, d) + System.Runtime.Intrinsics.X86.Sse.UnpackHigh(b, d);
            return System.Runtime.Intrinsics.X86.Sse.UnpackLow(low, high) + System.Runtime.Intrinsics.X86.Sse.UnpackHigh(low, high);
        }

        return Vector128.Create(Vector128.Sum(a), Vector128.Sum(b), Vector128.Sum(c), Vector128.Sum(d));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> Quarter(Vector512<float> x)
    {
        Vector256<float> half = x.GetLower() + x.GetUpper();
        return half.GetLower() + half.GetUpper();
    }

    private static double Square(ReadOnlySpan<float> vector)
    {
        Vector512<double> sums = default;
        ref float first = ref MemoryMarshal.GetReference(vector);
        int k = 0;
        for (; k <= vector.Length - 8; k += 8)
        {
            Vector512<double> wide = Vector512.WidenLower(Vector256.LoadUnsafe(ref first, (nuint)k).ToVector512Unsafe());
            sums = Vector512.FusedMultiplyAdd(wide, wide, sums);
        }

        double sum = Vector512.Sum(sums);
        for (; k < vector.Length; k++)
        {
            sum += (double)vector[k] * vector[k];
        }

        return sum;
    }
}
