using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using QosValuation.Foundation.Numerics;

namespace QosValuation.Allocation.Fairness;

/// <summary>
/// Jain's index and the Gini coefficient of several columns of rates, four at a time: bit for bit those of <see cref="FairnessMeasures"/>.
/// It keeps its buffers, so that measuring allocates nothing. Not thread-safe.
/// </summary>
/// <remarks>
/// A compensated sum waits for its own last addition. Four columns are four such sums, one in each lane of a vector. Their errors are
/// Knuth's TwoSum, which has no branch and is as exact as Neumaier's.
/// </remarks>
internal sealed class FairnessColumns
{
    private const int Lanes = 4;

    private readonly int _count;
    private readonly double[][] _rates;
    private readonly double[] _buffer;
    private readonly double[][] _sorted;
    private readonly double[] _largest;

    /// <summary>Makes room.</summary>
    /// <param name="count">N ≥ 1: the rates of a column.</param>
    /// <param name="columns">The number of columns, at least 1.</param>
    public FairnessColumns(int count, int columns)
    {
        _count = count;
        _rates = new double[columns][];
        _largest = new double[columns];
        for (int column = 0; column < columns; column++)
        {
            _rates[column] = new double[count];
        }

        _sorted = new double[Lanes][];
        for (int lane = 0; lane < Lanes; lane++)
        {
            _sorted[lane] = new double[count];
        }

        _buffer = new double[VectorSort.BufferLength(count)];
    }

    /// <summary>Fills a column with reward rates (<see cref="FairnessMeasures.RewardRate"/>). O(N).</summary>
    /// <param name="column">The column, from 0.</param>
    /// <param name="tokens">u, N numbers.</param>
    /// <param name="values">v, N numbers.</param>
    public void SetRates(int column, ReadOnlySpan<double> tokens, ReadOnlySpan<double> values)
    {
        Span<double> rates = _rates[column];
        ref double token = ref MemoryMarshal.GetReference(tokens[..rates.Length]);
        ref double value = ref MemoryMarshal.GetReference(values[..rates.Length]);
        ref double rate = ref MemoryMarshal.GetReference(rates);
        Vector256<double> most = Vector256.Create(double.MaxValue);
        Vector256<double> maxima = Vector256<double>.Zero;
        Vector256<double> areRates = Vector256<double>.AllBitsSet;
        int i = 0;
        for (; i <= rates.Length - Lanes; i += Lanes)
        {
            Vector256<double> v = Vector256.LoadUnsafe(ref value, (nuint)i);
            Vector256<double> quotient = Vector256.Min(Vector256.LoadUnsafe(ref token, (nuint)i) / v, most);
            quotient &= Vector256.GreaterThan(v, Vector256<double>.Zero);
            quotient.StoreUnsafe(ref rate, (nuint)i);
            areRates &= Vector256.GreaterThanOrEqual(quotient, Vector256<double>.Zero);
            maxima = Vector256.MaxNative(maxima, quotient);
        }

        double largest = Math.Max(
            Math.Max(maxima.GetElement(0), maxima.GetElement(1)), Math.Max(maxima.GetElement(2), maxima.GetElement(3)));
        bool isValid = areRates.ExtractMostSignificantBits() == (1 << Lanes) - 1;
        for (; i < rates.Length; i++)
        {
            rates[i] = FairnessMeasures.RewardRate(tokens[i], values[i]);
            isValid &= rates[i] >= 0;
            largest = Math.Max(largest, rates[i]);
        }

        _largest[column] = isValid ? largest : double.NaN;
    }

    /// <summary>Measures all columns. O(N log N) each.</summary>
    /// <param name="jain">Receives Jain's index of each column.</param>
    /// <param name="gini">Receives the Gini coefficient of each column.</param>
    /// <exception cref="QosValuationException"><c>RateNotValid</c> for a negative, infinite or NaN rate.</exception>
    public void Measure(Span<double> jain, Span<double> gini)
    {
        for (int first = 0; first < _rates.Length; first += Lanes)
        {
            int columns = Math.Min(Lanes, _rates.Length - first);
            Measure(first, columns, jain.Slice(first, columns), gini.Slice(first, columns));
        }
    }

    private void Measure(int first, int columns, Span<double> jain, Span<double> gini)
    {
        // A group of fewer than four measures its last column again.
        double[] a = _rates[first];
        double[] b = _rates[first + Math.Min(1, columns - 1)];
        double[] c = _rates[first + Math.Min(2, columns - 1)];
        double[] d = _rates[first + Math.Min(3, columns - 1)];
        Vector256<double> largest = Vector256.Create(
            Largest(first),
            Largest(first + Math.Min(1, columns - 1)),
            Largest(first + Math.Min(2, columns - 1)),
            Largest(first + Math.Min(3, columns - 1)));
        (Vector256<double> sum, Vector256<double> squares) = Squares(a, b, c, d, largest);
        for (int column = 0; column < columns; column++)
        {
            double total = sum.GetElement(column);
            jain[column] = largest.GetElement(column) == 0 ? 1 : Math.Min(1, total / _count * (total / squares.GetElement(column)));
            VectorSort.Sort(_rates[first + column], _buffer, _sorted[column]);
        }

        (sum, Vector256<double> gaps) = Gaps(
            _sorted[0], _sorted[Math.Min(1, columns - 1)], _sorted[Math.Min(2, columns - 1)], _sorted[Math.Min(3, columns - 1)], largest);
        for (int column = 0; column < columns; column++)
        {
            gini[column] = largest.GetElement(column) == 0 ? 0 : gaps.GetElement(column) / _count / sum.GetElement(column);
        }
    }

    // Found while the rates were set, where each was a rate.
    private double Largest(int column)
    {
        double largest = _largest[column];
        if (!double.IsFinite(largest))
        {
            FairnessMeasures.Range(_rates[column]);
        }

        return largest;
    }

    // Σ x and Σ x² with x = r/max r.
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static (Vector256<double> Sum, Vector256<double> Squares) Squares(double[] a, double[] b, double[] c, double[] d, Vector256<double> largest)
    {
        LaneSums sum = default;
        LaneSums squares = default;
        int i = 0;
        for (; i <= a.Length - Lanes; i += Lanes)
        {
            Transpose(a, b, c, d, i, out Vector256<double> w, out Vector256<double> x, out Vector256<double> y, out Vector256<double> z);
            w /= largest;
            x /= largest;
            y /= largest;
            z /= largest;
            sum.Add(w);
            squares.Add(w * w);
            sum.Add(x);
            squares.Add(x * x);
            sum.Add(y);
            squares.Add(y * y);
            sum.Add(z);
            squares.Add(z * z);
        }

        for (; i < a.Length; i++)
        {
            Vector256<double> x = Vector256.Create(a[i], b[i], c[i], d[i]) / largest;
            sum.Add(x);
            squares.Add(x * x);
        }

        return (sum.Value, squares.Value);
    }

    // Σ x and Σ k(N − k)·gap over ascending rates.
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static (Vector256<double> Sum, Vector256<double> Gaps) Gaps(double[] a, double[] b, double[] c, double[] d, Vector256<double> largest)
    {
        LaneSums sum = default;
        LaneSums gaps = default;
        double count = a.Length;
        Vector256<double> before = Vector256.Create(a[0], b[0], c[0], d[0]);
        sum.Add(before / largest);
        int i = 1;
        for (; i <= a.Length - Lanes; i += Lanes)
        {
            Transpose(a, b, c, d, i, out Vector256<double> w, out Vector256<double> x, out Vector256<double> y, out Vector256<double> z);
            sum.Add(w / largest);
            gaps.Add(Vector256.Create(i * (count - i)) * ((w - before) / largest));
            sum.Add(x / largest);
            gaps.Add(Vector256.Create((i + 1) * (count - (i + 1))) * ((x - w) / largest));
            sum.Add(y / largest);
            gaps.Add(Vector256.Create((i + 2) * (count - (i + 2))) * ((y - x) / largest));
            sum.Add(z / largest);
            gaps.Add(Vector256.Create((i + 3) * (count - (i + 3))) * ((z - y) / largest));
            before = z;
        }

        for (; i < a.Length; i++)
        {
            Vector256<double> x = Vector256.Create(a[i], b[i], c[i], d[i]);
            sum.Add(x / largest);
            gaps.Add(Vector256.Create(i * (count - i)) * ((x - before) / largest));
            before = x;
        }

        return (sum.Value, gaps.Value);
    }

    // Four rows of four columns: w holds row i.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Transpose(
        double[] a,
        double[] b,
        double[] c,
        double[] d,
        int i,
        out Vector256<double> w,
        out Vector256<double> x,
        out Vector256<double> y,
        out Vector256<double> z)
    {
        Vector256<double> first = Vector256.LoadUnsafe(ref MemoryMarshal.GetArrayDataReference(a), (nuint)i);
        Vector256<double> second = Vector256.LoadUnsafe(ref MemoryMarshal.GetArrayDataReference(b), (nuint)i);
        Vector256<double> third = Vector256.LoadUnsafe(ref MemoryMarshal.GetArrayDataReference(c), (nuint)i);
        Vector256<double> fourth = Vector256.LoadUnsafe(ref MemoryMarshal.GetArrayDataReference(d), (nuint)i);
        (Vector128<double> low, Vector128<double> high) = (first.GetLower(), first.GetUpper());
        (Vector128<double> secondLow, Vector128<double> secondHigh) = (second.GetLower(), second.GetUpper());
        (Vector128<double> thirdLow, Vector128<double> thirdHigh) = (third.GetLower(), third.GetUpper());
        (Vector128<double> fourthLow, Vector128<double> fourthHigh) = (fourth.GetLower(), fourth.GetUpper());
        w = Vector256.Create(Firsts(low, secondLow), Firsts(thirdLow, fourthLow));
        x = Vector256.Create(Seconds(low, secondLow), Seconds(thirdLow, fourthLow));
        y = Vector256.Create(Firsts(high, secondHigh), Firsts(thirdHigh, fourthHigh));
        z = Vector256.Create(Seconds(high, secondHigh), Seconds(thirdHigh, fourthHigh));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<double> Firsts(Vector128<double> a, Vector128<double> b) => Vector128.Create(a.ToScalar(), b.ToScalar());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<double> Seconds(Vector128<double> a, Vector128<double> b) => Vector128.Create(a.GetElement(1), b.GetElement(1));

    /// <summary>A <see cref="CompensatedSum"/> in each lane.</summary>
    private struct LaneSums
    {
        private Vector256<double> _sum;
        private Vector256<double> _correction;

        public readonly Vector256<double> Value => _sum + _correction;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Add(Vector256<double> term)
        {
            Vector256<double> next = _sum + term;
            Vector256<double> part = next - _sum;
            _correction += (_sum - (next - part)) + (term - part);
            _sum = next;
        }
    }
}
