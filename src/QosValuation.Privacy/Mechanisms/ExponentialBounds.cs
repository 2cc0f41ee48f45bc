using System.Numerics;

namespace QosValuation.Privacy.Mechanisms;

/// <summary>Rigorous bounds of exp(−γ) for a rational γ in integer arithmetic alone, to any number of bits.</summary>
internal static class ExponentialBounds
{
    private const int GuardBits = 96;

    /// <summary>Encloses exp(−γ). O(bits) terms and squarings of BigIntegers.</summary>
    /// <param name="numerator">γ's numerator, at least 0.</param>
    /// <param name="denominator">γ's denominator, above 0.</param>
    /// <param name="bits">The binary places of the bounds, at least 1.</param>
    /// <returns>Integers with Lower ≤ 2^bits·exp(−γ) ≤ Upper that lie a few apart.</returns>
    public static (BigInteger Lower, BigInteger Upper) Of(BigInteger numerator, BigInteger denominator, int bits)
    {
        // exp(−γ) = exp(−γ/2^h)^(2^h) with γ/2^h below 2⁻⁸, so that the series is short.
        int halvings = (int)Math.Max(0, numerator.GetBitLength() - denominator.GetBitLength() + 9);
        int places = bits + GuardBits + halvings;
        BigInteger one = BigInteger.One << places;
        BigInteger argument = (numerator << places) / (denominator << halvings);
        BigInteger sum = one;
        BigInteger term = one;
        int terms = 0;
        while (!term.IsZero)
        {
            terms++;
            term = (term * argument >> places) / terms;
            sum += (terms & 1) == 0 ? term : -term;
        }

        // Each term lost less than 3 units by rounding down, the argument less than 1, and the rest of the series less than 1.
        BigInteger slack = 3 * terms + 2;
        BigInteger lower = BigInteger.Max(sum - slack, BigInteger.Zero);
        BigInteger upper = sum + slack;
        for (int i = 0; i < halvings; i++)
        {
            lower = lower * lower >> places;
            upper = (upper * upper >> places) + 1;
        }

        return (lower >> (places - bits), (upper >> (places - bits)) + 1);
    }
}
