using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using QosValuation.Foundation.Randomness;

namespace QosValuation.Foundation.Numerics;

/// <summary>
/// Draws from one symmetric Dirichlet distribution again and again: bit for bit, and word for word, what <see cref="Distributions.LogGamma"/> gives
/// draw by draw, in a third of the time. It keeps its buffers, so that drawing allocates nothing. Not thread-safe.
/// </summary>
/// <remarks>
/// Where a word belongs depends on which draws before it were rejected (Marsaglia and Tsang 2000). That is decided first, by tables: a normal variate is
/// known to about 0.02 from the leading bits of its two words, and for nearly every uniform number that is enough to accept or to reject.
/// Only where it is not, the draw is computed on its own. Logarithms, sines and exponentials then come eight at a time.
/// </remarks>
public sealed class DirichletSampler
{
    /// <summary>The fewest shares for which the tables are worth their making in one draw.</summary>
    internal const int Worthwhile = 1024;

    private const int Chunk = 256;
    private const int Pairs = Chunk + VectorMath.Lanes;

    // Cells of the two words of a pair, by their leading bits. Radii of the first cells are too uncertain.
    private const int CellBits = 11;
    private const int Cells = 1 << CellBits;
    private const int RoughCells = 16;

    // Stands where no word was drawn: neither as a radius nor as an angle does it need the C library.
    private const ulong IdleWord = 0x2222222222222222;

    // Cells of the normal variate.
    private const double Limit = 3.25;
    private const int PerUnit = 32;

    // The radius 0 of rough cells keeps what is read of them within the tables; it is not used.
    private static readonly float[] Radii =
        [.. Enumerable.Range(0, Cells).Select(cell => cell < RoughCells ? 0 : (float)((Radius(cell) + Radius(cell + 1)) / 2))];
    private static readonly float[] Cosines = [.. Enumerable.Range(0, Cells).Select(cell => (float)Math.Cos(2 * Math.PI * (cell + 0.5) / Cells))];

    // How far a product of both may be from the normal variate.
    private static readonly double Uncertainty = ((Radius(RoughCells) - Radius(RoughCells + 1)) / 2) + (Radius(RoughCells) * Math.PI / Cells) + 1e-5;

    private readonly GammaShape _shape;

    // Of each cell of the normal variate: uniform numbers below the first are accepted, those above the second rejected; −1 where 1 + cx may be 0.
    private readonly double[] _bounds = new double[2 * (int)(2 * Limit * PerUnit)];

    // Words, which become numbers eight at a time.
    private readonly ulong[] _boostWords = new ulong[Chunk];
    private readonly ulong[] _radials = new ulong[Pairs];
    private readonly ulong[] _angulars = new ulong[Pairs];

    private readonly double[] _boosts = new double[Chunk];
    private readonly double[] _radii = new double[Pairs];
    private readonly double[] _angles = new double[Pairs];
    private readonly double[] _normals = new double[2 * Pairs];
    private readonly int[] _slots = new int[Chunk];
    private readonly double[] _draws = new double[Chunk];

    /// <summary>Makes the tables of a distribution. O(1), about 10 µs.</summary>
    /// <param name="concentration">α &gt; 0; small values make shares uneven.</param>
    public DirichletSampler(double concentration)
    {
        _shape = new GammaShape(concentration);
        for (int cell = 0; cell < _bounds.Length / 2; cell++)
        {
            // The bound of u, exp(x²/2 + d(1 − v + ln v)), has its maximum 1 at x = 0 and falls to both sides.
            double least = ((double)cell / PerUnit) - Limit - Uncertainty;
            double most = ((double)(cell + 1) / PerUnit) - Limit + Uncertainty;
            bool isPositive = 1 + (_shape.C * least) > 1e-3;
            _bounds[2 * cell] = isPositive ? Math.Min(Bound(least), Bound(most)) - 1e-6 : -1;
            _bounds[(2 * cell) + 1] = (least < 0 && most > 0 ? 1 : isPositive ? Math.Max(Bound(least), Bound(most)) : 1) + 1e-6;
        }
    }

    /// <summary>Draws once. O(N).</summary>
    /// <param name="shares">Receives N ≥ 1 shares that sum to 1.</param>
    /// <param name="smallest">Shares below this are raised to it; 0 lets them underflow.</param>
    /// <param name="random">The source.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public void Draw(Span<double> shares, double smallest, RandomSource random)
    {
        ArgumentNullException.ThrowIfNull(random);
        var words = new WordReader(random, canReadAhead: true);
        for (int start = 0; start < shares.Length; start += Chunk)
        {
            Logs(shares.Slice(start, Math.Min(Chunk, shares.Length - start)), ref words);
        }

        words.Close();
        double largest = TensorPrimitives.Max(shares);

        // As CompensatedSum, with the same error of each step but without its branch.
        double sum = 0;
        double correction = 0;
        for (int start = 0; start < shares.Length; start += Chunk)
        {
            Span<double> part = shares.Slice(start, Math.Min(Chunk, shares.Length - start));
            Span<double> powers = _draws.AsSpan(0, Padded(part.Length));
            powers[part.Length..].Clear();
            TensorPrimitives.Subtract(part, largest, powers);
            VectorMath.Exp(powers);
            for (int i = 0; i < part.Length; i++)
            {
                double term = powers[i];
                double next = sum + term;
                double given = next - sum;
                correction += (sum - (next - given)) + (term - given);
                sum = next;
            }

            powers[..part.Length].CopyTo(part);
        }

        TensorPrimitives.Divide(shares, sum + correction, shares);
        TensorPrimitives.Max(shares, smallest, shares);
    }

    // −2 ln u at the lower end of a cell of u; the first cell begins at the least number of a word.
    private static double Radius(int cell) => Math.Sqrt(-2 * Math.Log(Math.Max(cell / (double)Cells, 1.0 / (1UL << 53))));

    private static int Padded(int count) => (count + VectorMath.Lanes - 1) & -VectorMath.Lanes;

    private double Bound(double x)
    {
        double v = 1 + (_shape.C * x);
        v = v * v * v;
        return v > 0 ? Math.Exp((0.5 * x * x) + (_shape.D * (1 - v + Math.Log(v)))) : 0;
    }

    // The logarithms of the gammas of a chunk.
    private void Logs(Span<double> logs, ref WordReader words)
    {
        int pairs = Walk(logs.Length, ref words, out bool hasSpare);
        int padded = Padded(pairs);
        Span<double> radii = _radii.AsSpan(0, padded);
        Span<double> sines = _angles.AsSpan(0, padded);
        Span<double> cosines = _normals.AsSpan(0, padded);
        double before = words.SpareNormal;
        _radials.AsSpan(pairs, padded - pairs).Fill(IdleWord);
        _angulars.AsSpan(pairs, padded - pairs).Fill(IdleWord);
        Units(_radials, 1, 1, radii);
        Units(_angulars, 0, 2 * Math.PI, sines);
        VectorMath.Log(radii);
        VectorMath.SinCos(sines, cosines);
        Normals(radii, sines, cosines, _normals.AsSpan(Pairs, padded));

        // The first pair stands for the normal that was left before.
        _normals[Pairs] = before;
        words.SpareNormal = hasSpare ? _normals[Pairs + pairs - 1] : double.NaN;

        Span<double> draws = _draws.AsSpan(0, Padded(logs.Length));
        Gammas(logs.Length, draws);
        VectorMath.Log(draws);
        if (!_shape.IsBoosted)
        {
            draws[..logs.Length].CopyTo(logs);
            return;
        }

        Span<double> boosts = _boosts.AsSpan(0, draws.Length);
        _boostWords.AsSpan(logs.Length, draws.Length - logs.Length).Fill(IdleWord);
        Units(_boostWords, 1, 1, boosts);
        VectorMath.Log(boosts);
        Boost(draws, boosts, logs);
    }

    // What PositiveDouble and UnitDouble make of words, times a factor.
    private static void Units(ReadOnlySpan<ulong> words, ulong added, double factor, Span<double> units)
    {
        ref ulong word = ref MemoryMarshal.GetReference(words[..units.Length]);
        ref double unit = ref MemoryMarshal.GetReference(units);
        Vector512<double> scale = Vector512.Create(factor);
        for (nuint i = 0; i < (nuint)units.Length; i += VectorMath.Lanes)
        {
            Vector512<long> whole = (Vector512.ShiftRightLogical(Vector512.LoadUnsafe(ref word, i), 11) + Vector512.Create(added)).AsInt64();
            (scale * (Vector512.ConvertToDouble(whole) * Vector512.Create(1.0 / (1UL << 53)))).StoreUnsafe(ref unit, i);
        }
    }

    // d(1 + cx)³ of the normals that were accepted.
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private void Gammas(int count, Span<double> draws)
    {
        ref double normal = ref MemoryMarshal.GetArrayDataReference(_normals);
        ref double draw = ref MemoryMarshal.GetReference(draws);
        Span<int> slots = _slots.AsSpan(0, count);
        for (int i = 0; i < slots.Length; i++)
        {
            Unsafe.Add(ref draw, i) = Unsafe.Add(ref normal, slots[i]);
        }

        draws[count..].Clear();
        Vector512<double> c = Vector512.Create(_shape.C);
        Vector512<double> d = Vector512.Create(_shape.D);
        for (nuint i = 0; i < (nuint)draws.Length; i += VectorMath.Lanes)
        {
            Vector512<double> v = Vector512<double>.One + (c * Vector512.LoadUnsafe(ref draw, i));
            (d * (v * v * v)).StoreUnsafe(ref draw, i);
        }
    }

    // ln Gamma(α + 1) + (ln U)/α.
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private void Boost(ReadOnlySpan<double> draws, ReadOnlySpan<double> boosts, Span<double> logs)
    {
        ref double draw = ref MemoryMarshal.GetReference(draws);
        ref double boost = ref MemoryMarshal.GetReference(boosts);
        ref double log = ref MemoryMarshal.GetReference(logs);
        Vector512<double> shape = Vector512.Create(_shape.Shape);
        int i = 0;
        for (; i <= logs.Length - VectorMath.Lanes; i += VectorMath.Lanes)
        {
            (Vector512.LoadUnsafe(ref draw, (nuint)i) + (Vector512.LoadUnsafe(ref boost, (nuint)i) / shape)).StoreUnsafe(ref log, (nuint)i);
        }

        for (; i < logs.Length; i++)
        {
            logs[i] = draws[i] + (boosts[i] / _shape.Shape);
        }
    }

    // Box and Muller's pairs out of ln u, sin and cos, the latter replaced.
    private static void Normals(ReadOnlySpan<double> logs, ReadOnlySpan<double> sines, Span<double> cosines, Span<double> seconds)
    {
        ref double log = ref MemoryMarshal.GetReference(logs);
        ref double sine = ref MemoryMarshal.GetReference(sines);
        ref double cosine = ref MemoryMarshal.GetReference(cosines);
        ref double second = ref MemoryMarshal.GetReference(seconds);
        for (nuint i = 0; i < (nuint)logs.Length; i += VectorMath.Lanes)
        {
            Vector512<double> radius = Vector512.Sqrt(Vector512.Create(-2.0) * Vector512.LoadUnsafe(ref log, i));
            (radius * Vector512.LoadUnsafe(ref sine, i)).StoreUnsafe(ref second, i);
            (radius * Vector512.LoadUnsafe(ref cosine, i)).StoreUnsafe(ref cosine, i);
        }
    }

    // Finds which words make which draw. Pair 0 stands for the normal that was left before; each other pair serves one draw or two.
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private int Walk(int count, ref WordReader words, out bool hasSpare)
    {
        ref float radii = ref MemoryMarshal.GetArrayDataReference(Radii);
        ref float cosines = ref MemoryMarshal.GetArrayDataReference(Cosines);
        ref double bounds = ref MemoryMarshal.GetArrayDataReference(_bounds);
        Span<ulong> radials = _radials;
        Span<ulong> angulars = _angulars;
        Span<ulong> boosts = _boostWords;
        Span<int> slots = _slots;
        bool isBoosted = _shape.IsBoosted;
        double c = _shape.C;
        double leftBefore = words.SpareNormal;
        hasSpare = !double.IsNaN(leftBefore);
        bool isSecond = hasSpare;
        int last = 0;
        bool isUsed = true;
        bool isRough = true;
        float spare = 0;
        ulong radial = 0;
        ulong angular = 0;
        radials[0] = IdleWord;
        angulars[0] = IdleWord;

        // The words are held here and not in the reader, so that their number stays in a register.
        ReadOnlySpan<ulong> block = words.Block();
        int next = 0;
        int extra = isBoosted ? 1 : 0;
        int wordsOfTwo = 4 + (2 * extra);
        for (int i = 0; i < count; i++)
        {
            // As a rule both normals of a pair are accepted, and the tables know: then nothing needs to be decided one by one.
            while (!isSecond && i < count - 1 && next <= block.Length - wordsOfTwo)
            {
                ref ulong word = ref Unsafe.Add(ref MemoryMarshal.GetReference(block), next);
                ulong pairRadial = Unsafe.Add(ref word, extra);
                ulong pairAngular = Unsafe.Add(ref word, extra + 1);
                int cell = (int)(pairRadial >> (64 - CellBits));
                int turn = (int)(pairAngular >> (64 - CellBits));
                float radius = Unsafe.Add(ref radii, cell);
                float first = radius * Unsafe.Add(ref cosines, turn);
                float second = radius * Unsafe.Add(ref cosines, (turn + (3 * Cells / 4)) & (Cells - 1));
                double firstBound = Unsafe.Add(ref bounds, 2 * (int)((first + (float)Limit) * PerUnit));
                double secondBound = Unsafe.Add(ref bounds, 2 * (int)((second + (float)Limit) * PerUnit));
                bool areAccepted = (cell >= RoughCells)
                    & (RandomSource.PositiveDouble(Unsafe.Add(ref word, extra + 2)) < firstBound)
                    & (RandomSource.PositiveDouble(Unsafe.Add(ref word, wordsOfTwo - 1)) < secondBound);
                if (!areAccepted)
                {
                    break;
                }

                last += isUsed ? 1 : 0;
                isUsed = true;
                radials[last] = pairRadial;
                angulars[last] = pairAngular;
                boosts[i] = word;
                boosts[i + 1] = Unsafe.Add(ref word, 4 * extra);
                slots[i] = last;
                slots[i + 1] = Pairs + last;
                next += wordsOfTwo;
                i += 2;
            }

            if (i == count)
            {
                break;
            }

            if (isBoosted)
            {
                if ((uint)next >= (uint)block.Length)
                {
                    block = words.Block(next);
                    next = 0;
                }

                boosts[i] = block[next++];
            }

            while (true)
            {
                float normal;
                int slot;
                if (isSecond)
                {
                    isSecond = false;
                    normal = spare;
                    slot = Pairs + last;
                }
                else
                {
                    isSecond = true;
                    if ((uint)next >= (uint)block.Length)
                    {
                        block = words.Block(next);
                        next = 0;
                    }

                    radial = block[next++];
                    if ((uint)next >= (uint)block.Length)
                    {
                        block = words.Block(next);
                        next = 0;
                    }

                    angular = block[next++];
                    last += isUsed ? 1 : 0;
                    isUsed = false;
                    slot = last;
                    radials[last] = radial;
                    angulars[last] = angular;
                    int cell = (int)(radial >> (64 - CellBits));
                    int turn = (int)(angular >> (64 - CellBits));
                    float radius = Unsafe.Add(ref radii, cell);
                    isRough = cell < RoughCells;
                    normal = radius * Unsafe.Add(ref cosines, turn);
                    spare = radius * Unsafe.Add(ref cosines, (turn + (3 * Cells / 4)) & (Cells - 1));
                }

                // A rough normal is near no cell; its bounds are not used.
                ref double bound = ref Unsafe.Add(ref bounds, isRough ? 0 : 2 * (int)((normal + (float)Limit) * PerUnit));
                bool isOpen = isRough || bound < 0;
                double x = 0;
                if (isOpen)
                {
                    x = Exact(slot, radial, angular, leftBefore);
                    if (1 + (c * x) <= 0)
                    {
                        continue;
                    }
                }

                if ((uint)next >= (uint)block.Length)
                {
                    block = words.Block(next);
                    next = 0;
                }

                double u = RandomSource.PositiveDouble(block[next++]);
                bool isAccepted = isOpen
                    ? IsAccepted(x, u)
                    : u < bound || (u <= Unsafe.Add(ref bound, 1) && IsAccepted(Exact(slot, radial, angular, leftBefore), u));
                if (isAccepted)
                {
                    isUsed = true;
                    slots[i] = slot;
                    break;
                }
            }
        }

        words.Used(next);
        hasSpare = isSecond;
        return last + 1;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static double Exact(int slot, ulong radial, ulong angular, double leftBefore)
    {
        if (slot == Pairs)
        {
            return leftBefore;
        }

        (double first, double second) = RandomSource.NormalPair(radial, angular);
        return slot > Pairs ? second : first;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool IsAccepted(double x, double u)
    {
        double v = 1 + (_shape.C * x);
        return _shape.Accepts(x, v * v * v, u);
    }
}
