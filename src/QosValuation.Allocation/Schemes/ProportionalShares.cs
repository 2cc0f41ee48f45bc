using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace QosValuation.Allocation.Schemes;

/// <summary>Shares in proportion to value, cut to the room in the bucket: what Proposed and WaterFilling are made of.</summary>
internal static class ProportionalShares
{
    // Writes min(V·v/Σv, room) and returns the plain sum. The quotient is that of a division: the remainder of p·(1/Σv), which a
    // fused multiplication and addition gives exactly, corrects its last digit (Markstein 1990).
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static double CappedShares(ReadOnlySpan<double> values, ReadOnlySpan<double> room, double supply, double total, Span<double> tokens)
    {
        Vector256<double> factor = Vector256.Create(supply);
        Vector256<double> divisor = Vector256.Create(-total);
        Vector256<double> reciprocal = Vector256.Create(1 / total);
        Vector256<double> firstSpent = Vector256<double>.Zero;
        Vector256<double> secondSpent = Vector256<double>.Zero;
        ref double value = ref MemoryMarshal.GetReference(values);
        ref double space = ref MemoryMarshal.GetReference(room);
        ref double token = ref MemoryMarshal.GetReference(tokens);
        int count = Math.Min(Math.Min(values.Length, room.Length), tokens.Length);
        int i = 0;
        for (; i <= count - 8; i += 8)
        {
            Vector256<double> first = Vector256.LoadUnsafe(ref value, (nuint)i) * factor;
            Vector256<double> second = Vector256.LoadUnsafe(ref value, (nuint)i + 4) * factor;
            Vector256<double> firstQuotient = first * reciprocal;
            Vector256<double> secondQuotient = second * reciprocal;
            firstQuotient = Vector256.FusedMultiplyAdd(Vector256.FusedMultiplyAdd(firstQuotient, divisor, first), reciprocal, firstQuotient);
            secondQuotient = Vector256.FusedMultiplyAdd(Vector256.FusedMultiplyAdd(secondQuotient, divisor, second), reciprocal, secondQuotient);
            first = Vector256.MinNative(firstQuotient, Vector256.LoadUnsafe(ref space, (nuint)i));
            second = Vector256.MinNative(secondQuotient, Vector256.LoadUnsafe(ref space, (nuint)i + 4));
            first.StoreUnsafe(ref token, (nuint)i);
            second.StoreUnsafe(ref token, (nuint)i + 4);
            firstSpent += first;
            secondSpent += second;
        }

        double spent = Vector256.Sum(firstSpent + secondSpent);
        for (; i < count; i++)
        {
            tokens[i] = Math.Min(values[i] * supply / total, room[i]);
            spent += tokens[i];
        }

        return spent;
    }

    // V·v/Σv without overflow: v/Σv is at most 1.
    internal static double Share(double weight, double total, double supply)
    {
        double product = weight * supply;
        return double.IsFinite(product) ? product / total : weight / total * supply;
    }

    // The power of two that brings the largest value near 1, so that sums neither overflow nor vanish; scaling by it is exact.
    internal static int Scale(ReadOnlySpan<double> values)
    {
        double largest = 0;
        foreach (double value in values)
        {
            largest = Math.Max(largest, value);
        }

        return largest > 0 ? -Math.ILogB(largest) : 0;
    }

    /// <summary>Tells whether sums of products of the numbers stay in the range of a double, so that they need no scaling.</summary>
    /// <param name="largest">The largest value.</param>
    /// <param name="supply">V.</param>
    /// <returns>True where both lie between 1e-100 and 1e100.</returns>
    internal static bool AreOrdinary(double largest, double supply) => largest is >= 1e-100 and <= 1e100 && supply is >= 1e-100 and <= 1e100;
}
