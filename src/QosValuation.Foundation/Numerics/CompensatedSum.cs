using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace QosValuation.Foundation.Numerics;

/// <summary>
/// A running sum with a correction term (Neumaier 1974): the error is about one rounding of the result plus
/// n·2⁻¹⁰⁶ of Σ|x|, so that a million tiny terms keep all their digits.
/// </summary>
public struct CompensatedSum
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
    public static double Of(ReadOnlySpan<double> terms) => Of(terms, out _);

    /// <summary>Sums a span, and finds its largest term. O(n), SIMD; the same on every machine, because the width is eight on all.</summary>
    /// <param name="terms">Finite terms.</param>
    /// <param name="largest">The largest term; −∞ for an empty span.</param>
    /// <returns>Σ terms; 0 for an empty span.</returns>
    /// <remarks>Eight running sums with corrections, exact steps by Knuth's TwoSum without branches, are added up at the end.</remarks>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static double Of(ReadOnlySpan<double> terms, out double largest)
    {
        Vector256<double> firstSum = Vector256<double>.Zero;
        Vector256<double> secondSum = Vector256<double>.Zero;
        Vector256<double> firstCorrection = Vector256<double>.Zero;
        Vector256<double> secondCorrection = Vector256<double>.Zero;
        Vector256<double> maxima = Vector256.Create(double.NegativeInfinity);
        ref double term = ref MemoryMarshal.GetReference(terms);
        int i = 0;
        for (; i <= terms.Length - 8; i += 8)
        {
            Vector256<double> first = Vector256.LoadUnsafe(ref term, (nuint)i);
            Vector256<double> second = Vector256.LoadUnsafe(ref term, (nuint)i + 4);
            maxima = Vector256.MaxNative(Vector256.MaxNative(first, second), maxima);
            Vector256<double> next = firstSum + first;
            Vector256<double> part = next - firstSum;
            firstCorrection += (firstSum - (next - part)) + (first - part);
            firstSum = next;
            next = secondSum + second;
            part = next - secondSum;
            secondCorrection += (secondSum - (next - part)) + (second - part);
            secondSum = next;
        }

        CompensatedSum sum = default;
        largest = double.NegativeInfinity;
        for (int lane = 0; lane < 4; lane++)
        {
            sum.Add(firstSum.GetElement(lane));
            sum.Add(secondSum.GetElement(lane));
            largest = Math.Max(largest, maxima.GetElement(lane));
        }

        for (int lane = 0; lane < 4; lane++)
        {
            sum.Add(firstCorrection.GetElement(lane));
            sum.Add(secondCorrection.GetElement(lane));
        }

        for (; i < terms.Length; i++)
        {
            sum.Add(terms[i]);
            largest = Math.Max(largest, terms[i]);
        }

        return sum.Value;
    }
}
