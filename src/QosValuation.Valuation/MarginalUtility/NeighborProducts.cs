using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using QosValuation.Foundation.Numerics;

namespace QosValuation.Valuation.MarginalUtility;

/// <summary>
/// Inner products of test points and training points in single precision, and the bound of what they leave uncertain of a squared distance
/// |x|² + |t|² − 2·x·t: twice the multiply-adds of <see cref="NeighborDistances"/> per second, for those who ask it where the bound decides nothing.
/// </summary>
internal sealed unsafe class NeighborProducts
{
    private const int Step = 16;

    // Short chains lose less; their sums are added up in memory.
    private const int Chain = 8 * Step;
    private const int Points = 8;

    /// <summary>So many test points are taken at a time.</summary>
    public const int Tests = 3;

    /// <summary>So many training points are worked on by one thread.</summary>
    public const int BlockRows = 64;

    // Above this a product could overflow in single precision.
    private const double MostSquares = 1e37;

    // Roundings of products too small for a normal float, far above their sum for any dimension.
    private const double Underflow = 1e-36;
    private readonly float[][] _rows;
    private readonly float[][] _tests;
    private readonly int _dimension;

    // Components up to whole vectors; those past the end are 0.
    private readonly int _stride;
    private AlignedFloats _packed = new(0);
    private readonly ConcurrentBag<AlignedFloats> _free = [];
    private readonly double _relative;

    /// <summary>Creates the products. O(test points · d).</summary>
    public NeighborProducts(LabelledPoints train, LabelledPoints test)
    {
        _rows = train.Vectors;
        _tests = test.Vectors;
        _dimension = train.Dimension;
        _stride = (_dimension + Step - 1) / Step * Step;
        Squares = new double[_rows.Length];
        TestSquares = Array.ConvertAll(_tests, vector => Square(vector));

        // A chain of fused multiply-adds, the sum of the chains and four additions of lanes:
        // γ = k·u/(1 − k·u) of Σ|x·t| ≤ (|x|² + |t|²)/2, twice; behind it what |x|², |t|² and the distance in double precision are off.
        double roundings = (Chain / Step) + ((_dimension + Chain - 1) / Chain) + 4;
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
    /// <param name="seen">Called with the first and the number of training points whose products are there, while they lie in the cache; on any thread.</param>
    public void Compute(int first, float[][] products, MeasurementRun run, Action<int, int>? seen = null)
    {
        if (_packed.Length < (long)products.Length * _stride)
        {
            _packed = new AlignedFloats((long)products.Length * _stride);
        }

        for (int t = 0; t < products.Length; t++)
        {
            _tests[first + t].CopyTo(new Span<float>(_packed.Pointer + ((nint)t * _stride), _dimension));
        }

        int blocks = (_rows.Length + BlockRows - 1) / BlockRows;
        run.For(blocks, isThreadSafe: true, block =>
        {
            AlignedFloats rows = _free.TryTake(out AlignedFloats? taken) ? taken : new AlignedFloats((long)Points * _stride);
            int start = block * BlockRows;
            int end = Math.Min(_rows.Length, start + BlockRows);
            Block(start, end, first, products, rows.Pointer);
            _free.Add(rows);
            seen?.Invoke(start, end - start);
        });
    }

    // Eight training points, which stay in the first cache, by three test points. Points past the end repeat the last one.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Block(int start, int end, int first, float[][] products, float* packed)
    {
        float* tile = stackalloc float[Points * Tests];
        int tiles = (products.Length + Tests - 1) / Tests;
        int lines = _stride / Step;
        for (int row = start; row < end; row += Points)
        {
            int rows = Math.Min(Points, end - row);
            for (int i = 0; i < Points; i++)
            {
                float[] own = _rows[row + Math.Min(i, rows - 1)];
                own.CopyTo(new Span<float>(packed + (i * _stride), _dimension));
                if (first == 0 && i < rows)
                {
                    Squares[row + i] = Square(own);
                }
            }

            for (int step = 0; step < tiles; step++)
            {
                // The next eight are fetched meanwhile.
                Fetch(row + Points, lines * step / tiles, lines * (step + 1) / tiles);
                int t = step * Tests;
                int tests = Math.Min(Tests, products.Length - t);
                Tile(packed, t, tests - 1, tile);
                Tile(packed + (Points / 2 * _stride), t, tests - 1, tile + (Points / 2));
                for (int j = 0; j < tests; j++)
                {
                    Span<float> own = products[t + j].AsSpan(row, rows);
                    if (rows == Points)
                    {
                        Vector256.Load(tile + (j * Points)).CopyTo(own);
                    }
                    else
                    {
                        new ReadOnlySpan<float>(tile + (j * Points), rows).CopyTo(own);
                    }
                }
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Fetch(int row, int from, int to)
    {
        // The addresses need not stay valid: a fetch of anything else is harmless.
        if (!Sse.IsSupported)
        {
            return;
        }

        for (int i = row; i < Math.Min(row + Points, _rows.Length); i++)
        {
            ref float start = ref MemoryMarshal.GetArrayDataReference(_rows[i]);
            for (int line = from; line < to; line++)
            {
                Sse.Prefetch1(Unsafe.AsPointer(ref Unsafe.Add(ref start, line * Step)));
            }
        }
    }

    // Four training points by three test points: their chains and the sums of these fit the registers.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Tile(float* x, int test, int lastTest, float* sums)
    {
        float* y = x + _stride;
        float* z = y + _stride;
        float* w = z + _stride;
        float* a = _packed.Pointer + ((nint)test * _stride);
        float* b = a + ((nint)Math.Min(1, lastTest) * _stride);
        float* c = a + ((nint)Math.Min(2, lastTest) * _stride);
        Vector512<float> axSum = default, aySum = default, azSum = default, awSum = default;
        Vector512<float> bxSum = default, bySum = default, bzSum = default, bwSum = default;
        Vector512<float> cxSum = default, cySum = default, czSum = default, cwSum = default;
        for (int start = 0; start < _stride; start += Chain)
        {
            Vector512<float> ax = default, ay = default, az = default, aw = default;
            Vector512<float> bx = default, by = default, bz = default, bw = default;
            Vector512<float> cx = default, cy = default, cz = default, cw = default;
            int end = Math.Min(_stride, start + Chain);
            for (int k = start; k < end; k += Step)
            {
                Vector512<float> aa = Vector512.LoadAligned(a + k);
                Vector512<float> bb = Vector512.LoadAligned(b + k);
                Vector512<float> cc = Vector512.LoadAligned(c + k);
                Vector512<float> point = Vector512.LoadAligned(x + k);
                ax = Vector512.FusedMultiplyAdd(aa, point, ax);
                bx = Vector512.FusedMultiplyAdd(bb, point, bx);
                cx = Vector512.FusedMultiplyAdd(cc, point, cx);
                point = Vector512.LoadAligned(y + k);
                ay = Vector512.FusedMultiplyAdd(aa, point, ay);
                by = Vector512.FusedMultiplyAdd(bb, point, by);
                cy = Vector512.FusedMultiplyAdd(cc, point, cy);
                point = Vector512.LoadAligned(z + k);
                az = Vector512.FusedMultiplyAdd(aa, point, az);
                bz = Vector512.FusedMultiplyAdd(bb, point, bz);
                cz = Vector512.FusedMultiplyAdd(cc, point, cz);
                point = Vector512.LoadAligned(w + k);
                aw = Vector512.FusedMultiplyAdd(aa, point, aw);
                bw = Vector512.FusedMultiplyAdd(bb, point, bw);
                cw = Vector512.FusedMultiplyAdd(cc, point, cw);
            }

            axSum += ax;
            aySum += ay;
            azSum += az;
            awSum += aw;
            bxSum += bx;
            bySum += by;
            bzSum += bz;
            bwSum += bw;
            cxSum += cx;
            cySum += cy;
            czSum += cz;
            cwSum += cw;
        }

        Fold(axSum, aySum, azSum, awSum).Store(sums);
        Fold(bxSum, bySum, bzSum, bwSum).Store(sums + Points);
        Fold(cxSum, cySum, czSum, cwSum).Store(sums + (2 * Points));
    }

    // The sums of the lanes of four vectors.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> Fold(Vector512<float> x, Vector512<float> y, Vector512<float> z, Vector512<float> w)
    {
        if (Avx512F.IsSupported)
        {
            Vector512<float> first = Avx512F.UnpackLow(x, z) + Avx512F.UnpackHigh(x, z);
            Vector512<float> second = Avx512F.UnpackLow(y, w) + Avx512F.UnpackHigh(y, w);
            return Quarter(Avx512F.UnpackLow(first, second) + Avx512F.UnpackHigh(first, second));
        }

        Vector128<float> a = Quarter(x);
        Vector128<float> b = Quarter(y);
        Vector128<float> c = Quarter(z);
        Vector128<float> d = Quarter(w);
        if (Sse.IsSupported)
        {
            Vector128<float> low = Sse.UnpackLow(a, c) + Sse.UnpackHigh(a, c);
            Vector128<float> high = Sse.UnpackLow(b, d) + Sse.UnpackHigh(b, d);
            return Sse.UnpackLow(low, high) + Sse.UnpackHigh(low, high);
        }

        return Vector128.Create(Vector128.Sum(a), Vector128.Sum(b), Vector128.Sum(c), Vector128.Sum(d));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> Quarter(Vector512<float> x)
    {
        Vector256<float> half = x.GetLower() + x.GetUpper();
        return half.GetLower() + half.GetUpper();
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static double Square(ReadOnlySpan<float> vector)
    {
        Vector512<double> a = default, b = default, c = default, d = default;
        ref float first = ref MemoryMarshal.GetReference(vector);
        int k = 0;
        for (; k <= vector.Length - 32; k += 32)
        {
            a = AddSquares(a, ref first, k);
            b = AddSquares(b, ref first, k + 8);
            c = AddSquares(c, ref first, k + 16);
            d = AddSquares(d, ref first, k + 24);
        }

        double sum = Vector512.Sum(a + b + (c + d));
        for (; k < vector.Length; k++)
        {
            sum += (double)vector[k] * vector[k];
        }

        return sum;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<double> AddSquares(Vector512<double> sums, ref float vector, int k)
    {
        Vector512<double> wide = Vector512.WidenLower(Vector256.LoadUnsafe(ref vector, (nuint)k).ToVector512Unsafe());
        return Vector512.FusedMultiplyAdd(wide, wide, sums);
    }
}
