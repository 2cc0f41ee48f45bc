using System.Numerics;
using QosValuation.Numerics;

namespace QosValuation.Privacy;

/// <summary>
/// Draws integers from the discrete Gaussian N_ℤ(0, σ²), P(x) ∝ exp(−x²/2σ²), exactly: integer arithmetic and uniform random
/// bits only, so that no rounding shows in the noise (Canonne, Kamath and Steinke 2020, Algorithms 1 to 3; the leak of
/// floating-point noise is Mironov 2012). Expected O(1) a draw, a few microseconds. Not thread-safe.
/// </summary>
internal sealed class DiscreteGaussianSampler
{
    /// <summary>The largest σ.</summary>
    public const long MaximumSigma = 1L << 52;

    private readonly RandomSource _random;
    private readonly long _laplaceScale;
    private readonly BigInteger _variance;
    private readonly BigInteger _denominator;

    /// <summary>Creates a sampler.</summary>
    /// <param name="sigma">σ, an integer from 1 to 2⁵². The variance of the noise is σ², for σ ≥ 1 to within 10⁻⁶ of it.</param>
    /// <param name="random">The source of uniform bits.</param>
    public DiscreteGaussianSampler(long sigma, RandomSource random)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(sigma);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(sigma, MaximumSigma);
        ArgumentNullException.ThrowIfNull(random);
        _random = random;
        _laplaceScale = sigma + 1;
        _variance = (BigInteger)sigma * sigma;
        _denominator = 2 * _variance * _laplaceScale * _laplaceScale;
    }

    /// <summary>Draws one integer.</summary>
    /// <returns>A draw from N_ℤ(0, σ²).</returns>
    /// <exception cref="OverflowException">The draw lies beyond 2⁶³: for the largest σ, less likely than exp(−1000).</exception>
    public long Sample()
    {
        while (true)
        {
            // Rejection from the discrete Laplace distribution of scale t = σ + 1: accept with exp(−(|y| − σ²/t)²/2σ²).
            long candidate = SampleLaplace();
            BigInteger distance = (BigInteger)Math.Abs(candidate) * _laplaceScale - _variance;
            if (BernoulliExp(distance * distance, _denominator))
            {
                return candidate;
            }
        }
    }

    /// <summary>Draws from the discrete Laplace distribution, P(x) ∝ exp(−|x|/t).</summary>
    /// <returns>An integer.</returns>
    internal long SampleLaplace()
    {
        while (true)
        {
            long offset = _random.NextInt64(_laplaceScale);
            if (!BernoulliExpFraction(offset, _laplaceScale))
            {
                continue;
            }

            long whole = 0;
            while (BernoulliExpFraction(1, 1))
            {
                whole++;
            }

            long magnitude = checked(offset + whole * _laplaceScale);
            bool negative = (_random.NextUInt64() >> 63) != 0;
            if (negative && magnitude == 0)
            {
                continue;
            }

            return negative ? -magnitude : magnitude;
        }
    }

    /// <summary>True with probability exp(−γ) for a rational γ ≥ 0.</summary>
    /// <param name="numerator">γ's numerator, at least 0.</param>
    /// <param name="denominator">γ's denominator, above 0.</param>
    /// <returns>The outcome.</returns>
    internal bool BernoulliExp(BigInteger numerator, BigInteger denominator)
    {
        BigInteger whole = BigInteger.DivRem(numerator, denominator, out BigInteger rest);
        for (BigInteger i = BigInteger.Zero; i < whole; i++)
        {
            if (!BernoulliExpFraction(1, 1))
            {
                return false;
            }
        }

        // exp(−γ) = P(the first k with a failed Bernoulli(γ/k) is odd), for γ ≤ 1.
        BigInteger scaled = denominator;
        bool odd = true;
        while (Bernoulli(rest, scaled))
        {
            scaled += denominator;
            odd = !odd;
        }

        return odd;
    }

    // The same for γ = numerator/denominator ≤ 1 in 64 bits.
    private bool BernoulliExpFraction(long numerator, long denominator)
    {
        long scaled = denominator;
        bool odd = true;
        while (_random.NextInt64(scaled) < numerator)
        {
            scaled = checked(scaled + denominator);
            odd = !odd;
        }

        return odd;
    }

    // True with probability numerator/denominator: a uniform integer below the denominator, by rejection.
    private bool Bernoulli(BigInteger numerator, BigInteger denominator)
    {
        int bits = (int)(denominator - 1).GetBitLength();
        int bytes = (bits + 7) / 8;
        Span<byte> buffer = stackalloc byte[bytes];
        while (true)
        {
            _random.NextBytes(buffer);
            if ((bits & 7) != 0)
            {
                buffer[^1] &= (byte)((1 << (bits & 7)) - 1);
            }

            var uniform = new BigInteger(buffer, isUnsigned: true);
            if (uniform < denominator)
            {
                return uniform < numerator;
            }
        }
    }
}
