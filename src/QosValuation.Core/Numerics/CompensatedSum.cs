using System.Runtime.Intrinsics;

namespace QosValuation.Numerics;

/// <summary>
/// A running sum with a correction term (Neumaier 1974): the error is about one rounding of the result plus
/// n·2⁻¹⁰⁶ of Σ|x|, so that a million tiny terms keep all their digits.
/// </summary>
internal struct CompensatedSum
{
    private double _sum;
    private double _correction;

    /// <summary>Adds one finite term. O(1).</summary>
    /// <param name="term">The term.</param>
    public void Add(double term)
    {
        double next = _sum + term;
        _correction += Math.Abs(_sum) >= Math.Abs(term) ? (_sum - next) + term : (term - next) + _sum;
        _sum = next;
    }

    /// <summary>The sum so far.</summary>
    public readonly double Value => _sum + _correction;

    /// <summary>Sums a span, eight numbers at a time. O(n), SIMD; the same on every machine.</summary>
    /// <param name="terms">Finite terms.</param>
    /// <returns>Σ terms; 0 for an empty span.</returns>
    public static double Of(ReadOnlySpan<double> terms)
    {
        CompensatedVector first = default;
        CompensatedVector second = default;
        int i = 0;
        for (; i <= terms.Length - 8; i += 8)
        {
            first.Add(Vector256.Create(terms.Slice(i, 4)));
            second.Add(Vector256.Create(terms.Slice(i + 4, 4)));
        }

        CompensatedSum sum = default;
        first.AddTo(ref sum);
        second.AddTo(ref sum);
        foreach (double term in terms[i..])
        {
            sum.Add(term);
        }

        return sum.Value;
    }
}

/// <summary>
/// Four running sums with correction terms, exact steps by Knuth's TwoSum without branches. The width is four on every machine,
/// so that results do not depend on it.
/// </summary>
internal struct CompensatedVector
{
    private Vector256<double> _sum;
    private Vector256<double> _correction;

    /// <summary>Adds four finite terms. O(1).</summary>
    /// <param name="terms">The terms.</param>
    public void Add(Vector256<double> terms)
    {
        Vector256<double> next = _sum + terms;
        Vector256<double> part = next - _sum;
        _correction += (_sum - (next - part)) + (terms - part);
        _sum = next;
    }

    /// <summary>Adds the four sums to a scalar one. O(1).</summary>
    /// <param name="sum">The sum.</param>
    public readonly void AddTo(ref CompensatedSum sum)
    {
        for (int lane = 0; lane < 4; lane++)
        {
            sum.Add(_sum[lane]);
        }

        for (int lane = 0; lane < 4; lane++)
        {
            sum.Add(_correction[lane]);
        }
    }
}
