using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;
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
    /// <summary>The second of a pair of normal variates, for the next call of <see cref="NextNormal"/>; NaN where there is none.</summary>
    internal double SpareNormal { get; set; } = double.NaN;

    /// <summary>Creates a source: seeded and reproducible, or cryptographic where <paramref name="seed"/> is null.</summary>
    /// <param name="seed">Any integer, or null for the cryptographic generator.</param>
    /// <param name="stream">Distinguishes independent sequences of one seed, such as one a worker or a round.</param>
    /// <returns>A new source.</returns>
    public static RandomSource Create(int? seed, ulong stream = 0) =>
        seed is int value ? new SeededRandomSource(value, stream) : new CryptographicRandomSource();

    /// <summary>
    /// Begins another sequence of the same seed, as <see cref="Create"/> with that stream would; a cryptographic source goes on. It saves a worker
    /// the object for each of its rounds.
    /// </summary>
    /// <param name="stream">The number of the sequence.</param>
    public void Restart(ulong stream)
    {
        SpareNormal = double.NaN;
        Begin(stream);
    }

    /// <summary>Whether the source is cryptographically secure.</summary>
    public abstract bool IsCryptographic { get; }

    /// <summary>Draws 64 uniform bits.</summary>
    /// <returns>A value over the whole range.</returns>
    public abstract ulong NextUInt64();

    /// <summary>
    /// Shows words that <see cref="NextUInt64"/> would give next, without drawing them: who needs an unknown number of words reads ahead, and then
    /// draws those it used by <see cref="Skip"/>.
    /// </summary>
    /// <returns>At least one word; empty where the source cannot look ahead.</returns>
    internal virtual ReadOnlySpan<ulong> Ahead() => default;

    /// <summary>Draws words that <see cref="Ahead"/> has shown.</summary>
    /// <param name="count">How many, at most as many as were shown.</param>
    internal virtual void Skip(int count) => throw new NotSupportedException();

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
    public double NextDouble() => UnitDouble(NextUInt64());

    /// <summary>Draws uniformly from (0, 1]: safe to take the logarithm of.</summary>
    /// <returns>A multiple of 2⁻⁵³, never 0.</returns>
    public double NextPositiveDouble() => PositiveDouble(NextUInt64());

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
        if (!double.IsNaN(SpareNormal))
        {
            double spare = SpareNormal;
            SpareNormal = double.NaN;
            return spare;
        }

        (double first, SpareNormal) = NormalPair(NextUInt64(), NextUInt64());
        return first;
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

    /// <summary>The number that <see cref="NextPositiveDouble"/> makes of a word.</summary>
    /// <param name="word">64 uniform bits.</param>
    /// <returns>A number in (0, 1].</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static double PositiveDouble(ulong word) => ((word >> 11) + 1) * (1.0 / (1UL << 53));

    /// <summary>The two numbers that <see cref="NextNormal"/> makes of two words (Box and Muller 1958).</summary>
    /// <param name="radial">64 uniform bits.</param>
    /// <param name="angular">64 more.</param>
    /// <returns>Independent draws from N(0, 1), in the order in which they are given out.</returns>
    internal static (double First, double Second) NormalPair(ulong radial, ulong angular)
    {
        double radius = Math.Sqrt(-2 * Math.Log(PositiveDouble(radial)));
        (double sin, double cos) = Math.SinCos(2 * Math.PI * UnitDouble(angular));
        return (radius * cos, radius * sin);
    }

    private protected virtual void Begin(ulong stream)
    {
    }

    /// <summary>The number that <see cref="NextDouble"/> makes of a word.</summary>
    /// <param name="word">64 uniform bits.</param>
    /// <returns>A number in [0, 1).</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static double UnitDouble(ulong word) => (word >> 11) * (1.0 / (1UL << 53));

    /// <summary>xoshiro256** (Blackman &amp; Vigna 2018), seeded through SplitMix64 from (seed, stream).</summary>
    private sealed class SeededRandomSource : RandomSource
    {
        // Most sources are made for a few draws: the first block is short.
        private const int ShortBlock = 8;
        private const int LongBlock = 512;

        private readonly int _seed;
        private ulong[] _block = [];
        private int _next;
        private ulong _a;
        private ulong _b;
        private ulong _c;
        private ulong _d;

        public SeededRandomSource(int seed, ulong stream)
        {
            _seed = seed;
            Begin(stream);
        }

        public override bool IsCryptographic => false;

        public override ulong NextUInt64()
        {
            ulong[] block = _block;
            int next = _next;
            if ((uint)next < (uint)block.Length)
            {
                _next = next + 1;
                return block[next];
            }

            _block = block.Length == 0 ? new ulong[ShortBlock] : block.Length == ShortBlock ? new ulong[LongBlock] : block;
            Fill(_block);
            _next = 1;
            return _block[0];
        }

        internal override ReadOnlySpan<ulong> Ahead()
        {
            if (_next == _block.Length)
            {
                _block = _block.Length == LongBlock ? _block : new ulong[LongBlock];
                Fill(_block);
                _next = 0;
            }

            return _block.AsSpan(_next);
        }

        internal override void Skip(int count) => _next += count;

        private protected override void Begin(ulong stream)
        {
            // Two rounds of SplitMix64 separate neighbouring seeds and streams.
            ulong state = unchecked((ulong)(uint)_seed * 0x9E3779B97F4A7C15UL);
            state = SplitMix(ref state) ^ unchecked(stream * 0xD1342543DE82EF95UL);
            _a = SplitMix(ref state);
            _b = SplitMix(ref state);
            _c = SplitMix(ref state);
            _d = SplitMix(ref state);
            _next = _block.Length;
        }

        private void Fill(Span<ulong> block)
        {
            (ulong a, ulong b, ulong c, ulong d) = (_a, _b, _c, _d);
            for (int i = 0; i < block.Length; i++)
            {
                unchecked
                {
                    block[i] = BitOperations.RotateLeft(b * 5, 7) * 9;
                    ulong t = b << 17;
                    c ^= a;
                    d ^= b;
                    b ^= c;
                    a ^= d;
                    c ^= t;
                    d = BitOperations.RotateLeft(d, 45);
                }
            }

            (_a, _b, _c, _d) = (a, b, c, d);
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
