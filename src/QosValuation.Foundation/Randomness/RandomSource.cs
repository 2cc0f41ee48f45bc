using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace QosValuation.Foundation.Randomness;

/// <summary>
/// The one source of randomness: every draw in the engine comes from an injected instance.
/// Seeded sources give the same sequence on every platform; without a seed draws come from the operating system's
/// cryptographic generator. Instances are not thread-safe: give each worker its own stream.
/// </summary>
public abstract class RandomSource
{
    private double _spareNormal = double.NaN;

    /// <summary>Creates a source: seeded and reproducible, or cryptographic where <paramref name="seed"/> is null.</summary>
    /// <param name="seed">Any integer, or null for the cryptographic generator.</param>
    /// <param name="stream">Distinguishes independent sequences of one seed, such as one a worker or a round.</param>
    /// <returns>A new source.</returns>
    public static RandomSource Create(int? seed, ulong stream = 0) =>
        seed is int value ? new SeededRandomSource(value, stream) : new CryptographicRandomSource();

    /// <summary>Whether the source is cryptographically secure.</summary>
    public abstract bool IsCryptographic { get; }

    /// <summary>Draws 64 uniform bits.</summary>
    /// <returns>A value over the whole range.</returns>
    public abstract ulong NextUInt64();

    /// <summary>Fills a buffer with uniform bytes (little-endian words on every platform).</summary>
    /// <param name="destination">The buffer to fill.</param>
    public virtual void NextBytes(Span<byte> destination)
    {
        Span<byte> word = stackalloc byte[8];
        while (destination.Length > 0)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(word, NextUInt64());
            int take = Math.Min(8, destination.Length);
            word[..take].CopyTo(destination);
            destination = destination[take..];
        }
    }

    /// <summary>Draws uniformly from [0, 1) with 53 random bits.</summary>
    /// <returns>A multiple of 2⁻⁵³.</returns>
    public double NextDouble() => (NextUInt64() >> 11) * (1.0 / (1UL << 53));

    /// <summary>Draws uniformly from (0, 1]: safe to take the logarithm of.</summary>
    /// <returns>A multiple of 2⁻⁵³, never 0.</returns>
    public double NextPositiveDouble() => ((NextUInt64() >> 11) + 1) * (1.0 / (1UL << 53));

    /// <summary>Draws uniformly from 0 to <paramref name="exclusiveMaximum"/> − 1 without modulo bias (Lemire 2019).</summary>
    /// <param name="exclusiveMaximum">At least 1.</param>
    /// <returns>The drawn integer.</returns>
    public long NextInt64(long exclusiveMaximum)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(exclusiveMaximum);
        ulong range = (ulong)exclusiveMaximum;
        ulong high = Math.BigMul(NextUInt64(), range, out ulong low);
        if (low < range)
        {
            ulong threshold = unchecked(0UL - range) % range;
            while (low < threshold)
            {
                high = Math.BigMul(NextUInt64(), range, out low);
            }
        }

        return (long)high;
    }

    /// <summary>Draws uniformly from 0 to <paramref name="exclusiveMaximum"/> − 1 without modulo bias.</summary>
    /// <param name="exclusiveMaximum">At least 1.</param>
    /// <returns>The drawn integer.</returns>
    public int NextInt32(int exclusiveMaximum) => (int)NextInt64(exclusiveMaximum);

    /// <summary>Draws from N(0, 1) by Box and Muller's method (pairs; the second is kept for the next call).</summary>
    /// <returns>A standard normal variate; |z| is at most about 8.6.</returns>
    /// <remarks>A floating-point Gaussian leaks low-order bits (Mironov 2012); see the discrete mechanism.</remarks>
    public double NextNormal()
    {
        if (!double.IsNaN(_spareNormal))
        {
            double spare = _spareNormal;
            _spareNormal = double.NaN;
            return spare;
        }

        double radius = Math.Sqrt(-2 * Math.Log(NextPositiveDouble()));
        (double sin, double cos) = Math.SinCos(2 * Math.PI * NextDouble());
        _spareNormal = radius * sin;
        return radius * cos;
    }

    /// <summary>Shuffles in place, uniformly over all orders (Fisher and Yates).</summary>
    /// <typeparam name="T">The element type.</typeparam>
    /// <param name="items">The items to shuffle.</param>
    public void Shuffle<T>(Span<T> items)
    {
        for (int i = items.Length - 1; i > 0; i--)
        {
            int j = NextInt32(i + 1);
            (items[i], items[j]) = (items[j], items[i]);
        }
    }

    /// <summary>xoshiro256** (Blackman &amp; Vigna 2018), seeded through SplitMix64 from (seed, stream).</summary>
    private sealed class SeededRandomSource : RandomSource
    {
        private ulong _a;
        private ulong _b;
        private ulong _c;
        private ulong _d;

        public SeededRandomSource(int seed, ulong stream)
        {
            // Two rounds of SplitMix64 separate neighbouring seeds and streams.
            ulong state = unchecked((ulong)(uint)seed * 0x9E3779B97F4A7C15UL);
            state = SplitMix(ref state) ^ unchecked(stream * 0xD1342543DE82EF95UL);
            _a = SplitMix(ref state);
            _b = SplitMix(ref state);
            _c = SplitMix(ref state);
            _d = SplitMix(ref state);
        }

        public override bool IsCryptographic => false;

        public override ulong NextUInt64()
        {
            unchecked
            {
                ulong result = BitOperations.RotateLeft(_b * 5, 7) * 9;
                ulong t = _b << 17;
                _c ^= _a;
                _d ^= _b;
                _b ^= _c;
                _a ^= _d;
                _c ^= t;
                _d = BitOperations.RotateLeft(_d, 45);
                return result;
            }
        }

        private static ulong SplitMix(ref ulong state)
        {
            unchecked
            {
                ulong z = state += 0x9E3779B97F4A7C15UL;
                z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9UL;
                z = (z ^ (z >> 27)) * 0x94D049BB133111EBUL;
                return z ^ (z >> 31);
            }
        }
    }

    /// <summary>The operating system's generator, read in blocks.</summary>
    private sealed class CryptographicRandomSource : RandomSource
    {
        private readonly ulong[] _block = new ulong[512];
        private int _next = 512;

        public override bool IsCryptographic => true;

        public override ulong NextUInt64()
        {
            if (_next == _block.Length)
            {
                RandomNumberGenerator.Fill(MemoryMarshal.AsBytes(_block.AsSpan()));
                _next = 0;
            }

            ulong value = _block[_next];
            _block[_next++] = 0;
            return value;
        }

        public override void NextBytes(Span<byte> destination) => RandomNumberGenerator.Fill(destination);
    }
}
