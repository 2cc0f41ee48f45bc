using System.Numerics;
using System.Runtime.CompilerServices;
using QosValuation.Foundation.Randomness;

namespace QosValuation.Privacy.Mechanisms;

/// <summary>
/// Draws integers from the discrete Gaussian N_ℤ(0, σ²), P(x) ∝ exp(−x²/2σ²) (Canonne, Kamath and Steinke 2020), exactly:
/// integer arithmetic and uniform random bits only, so that no rounding shows in the noise (the leak of floating-point noise
/// is Mironov 2012). Constant work an attempt and about two attempts a draw, for every σ. Not thread-safe.
/// </summary>
/// <remarks>
/// <para>By rejection: a sign, a whole number k of σ with probability 2^−(k+1) and an offset j uniform below σ (the split of
/// Karney 2016) propose |x| = kσ + j, which is taken with probability c·2^k·exp(−x²/2σ²), c = 13/16 (at most 0.986; 0.51 on
/// average). That is P(x) up to a constant.</para>
/// <para>The proposal is taken where a real number uniform on [0, 1) lies below that probability. Its first 64 bits decide,
/// against the probability in 64-bit fixed point with a bound on its error, in all but one of 2⁵⁵ attempts; in that one the
/// number's next bits are drawn and the probability is computed to as many places with <see cref="ExponentialBounds"/>,
/// until the comparison is certain. So the outcome has exactly the probability it should have.</para>
/// <para>The number of attempts does not depend on the value drawn, nor does the work of an attempt but for that rare one:
/// the time taken tells nothing of the noise.</para>
/// </remarks>
public sealed class DiscreteGaussianSampler
{
    /// <summary>The largest σ.</summary>
    public const long MaximumSigma = 1L << 52;

    /// <summary>The error of <see cref="Threshold"/>, in its units, is at most this; what rounding can add up to is below 64.</summary>
    internal const ulong ThresholdError = 256;

    private const int EnvelopeNumerator = 13;
    private const int EnvelopeShift = 4;

    // From k = 11 on the probability of taking a proposal is below 2⁻⁷⁶.
    private const int StepCount = 11;
    private const int FractionBits = 6;

    private static readonly ulong[] Steps = [.. Enumerable.Range(0, StepCount).Select(k =>
        FixedPoint(EnvelopeNumerator * (BigInteger.One << k), 1 << EnvelopeShift, k * k, 2))];
    private static readonly ulong[] Wholes = [.. Enumerable.Range(0, StepCount + 1).Select(i => FixedPoint(1, 1, i, 1))];
    private static readonly ulong[] Fractions = [.. Enumerable.Range(0, 1 << FractionBits).Select(i => FixedPoint(1, 1, i, 1 << FractionBits))];

    private readonly RandomSource _random;
    private readonly long _sigma;
    private readonly ulong _reciprocal;
    private readonly int _shift;

    /// <summary>Creates a sampler.</summary>
    /// <param name="sigma">σ, an integer from 1 to 2⁵². The variance of the noise is σ², for σ ≥ 1 to within 10⁻⁶ of it.</param>
    /// <param name="random">The source of uniform bits.</param>
    public DiscreteGaussianSampler(long sigma, RandomSource random)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(sigma);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(sigma, MaximumSigma);
        ArgumentNullException.ThrowIfNull(random);
        _random = random;
        _sigma = sigma;
        _shift = BitOperations.Log2((ulong)sigma);
        _reciprocal = (ulong)UInt128.Min(((UInt128)1 << (64 + _shift)) / (ulong)sigma, ulong.MaxValue);
    }

    // Compiled in full at once: most releases are over before the runtime would come to it, and draw half as fast until then.
    /// <summary>Draws one integer. O(1).</summary>
    /// <returns>A draw from N_ℤ(0, σ²).</returns>
    /// <exception cref="OverflowException">The draw lies beyond 2⁶³: less likely than exp(−1000).</exception>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public long Sample()
    {
        while (true)
        {
            ulong coins = _random.NextUInt64();
            bool negative = (long)coins < 0;
            long step = BitOperations.TrailingZeroCount(coins | (1UL << 63));
            if (step == 63)
            {
                step += CountTails();
            }

            long offset = _random.NextInt64(_sigma);
            ulong uniform = _random.NextUInt64();
            if (IsBelow(uniform, step, offset) && !(negative && step == 0 && offset == 0))
            {
                long magnitude = checked(step * _sigma + offset);
                return negative ? -magnitude : magnitude;
            }
        }
    }

    /// <summary>2⁶⁴ times the probability of taking the proposal kσ + j, to within <see cref="ThresholdError"/>.</summary>
    /// <param name="step">k ≥ 0.</param>
    /// <param name="offset">j from 0 to σ − 1.</param>
    /// <returns>2⁶⁴·c·2^k·exp(−(kσ + j)²/2σ²), rounded.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal ulong Threshold(long step, long offset)
    {
        if (step >= StepCount)
        {
            return 0;
        }

        // With x = j/σ the exponent is k²/2 + g, g = kx + x²/2: its whole part, six bits and the rest are looked up or summed.
        ulong x = (ulong)((UInt128)_reciprocal * (ulong)offset >> _shift);
        UInt128 g = (UInt128)x * (ulong)step + (MultiplyHigh(x, x) >> 1);
        ulong fraction = (ulong)g;
        ulong product = MultiplyHigh(MultiplyHigh(Steps[step], Wholes[(int)(g >> 64)]), Fractions[fraction >> (64 - FractionBits)]);

        // 1 − exp(−b) = b(1 − b/2(1 − b/3(1 − …))) for b < 2⁻⁶; the first term left out is below 2⁻⁷².
        ulong b = fraction & (ulong.MaxValue >> FractionBits);
        ulong rest = b / 8;
        rest = MultiplyHigh(b, ~rest) / 7;
        rest = MultiplyHigh(b, ~rest) / 6;
        rest = MultiplyHigh(b, ~rest) / 5;
        rest = MultiplyHigh(b, ~rest) / 4;
        rest = MultiplyHigh(b, ~rest) / 3;
        rest = MultiplyHigh(b, ~rest) / 2;
        rest = MultiplyHigh(b, ~rest);
        return product - MultiplyHigh(product, rest);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong MultiplyHigh(ulong a, ulong b) => Math.BigMul(a, b, out _);

    // 2⁶⁴·factor·exp(−numerator/denominator), rounded down and at most 2⁶⁴ − 1.
    private static ulong FixedPoint(BigInteger factorNumerator, BigInteger factorDenominator, BigInteger numerator, BigInteger denominator)
    {
        BigInteger value = factorNumerator * ExponentialBounds.Of(numerator, denominator, 128).Lower / (factorDenominator << 64);
        return (ulong)BigInteger.Min(value, ulong.MaxValue);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool IsBelow(ulong uniform, long step, long offset)
    {
        ulong threshold = Threshold(step, offset);
        if (uniform >= threshold)
        {
            // The sum cannot overflow: the threshold is at most 0.986·2⁶⁴.
            return uniform < threshold + ThresholdError && IsBelowExactly(uniform, step, offset);
        }

        return threshold - uniform > ThresholdError || IsBelowExactly(uniform, step, offset);
    }

    // The number is known to its first places: it lies from known/2^bits to (known + 1)/2^bits.
    private bool IsBelowExactly(ulong uniform, long step, long offset)
    {
        BigInteger magnitude = (BigInteger)step * _sigma + offset;
        BigInteger known = uniform;
        for (int bits = 64; ; bits += 64)
        {
            (BigInteger lower, BigInteger upper) = ExponentialBounds.Of(magnitude * magnitude, 2 * (BigInteger)_sigma * _sigma, bits);
            if (known + 1 <= EnvelopeNumerator * (lower << (int)step) >> EnvelopeShift)
            {
                return true;
            }

            if (known > EnvelopeNumerator * (upper << (int)step) >> EnvelopeShift)
            {
                return false;
            }

            known = known << 64 | _random.NextUInt64();
        }
    }

    // How many fair coins in a row show tails: the tail of the geometric distribution, after 63 of them.
    private long CountTails()
    {
        for (long count = 0; ; count += 64)
        {
            ulong coins = _random.NextUInt64();
            if (coins != 0)
            {
                return count + BitOperations.TrailingZeroCount(coins);
            }
        }
    }
}
