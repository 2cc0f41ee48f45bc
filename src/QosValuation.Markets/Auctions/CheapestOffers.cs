using System.Buffers;
using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.CompilerServices;

namespace QosValuation.Markets.Auctions;

/// <summary>
/// The eligible offers by ascending cost per value ψ = c/v, the earlier offer first where equal, as far as a budget can matter: those behind
/// are never looked at, so they are not sorted. O(n) by radix, on all cores; the same at any number of them. For many offers; give it back.
/// </summary>
internal sealed unsafe class CheapestOffers : IDisposable
{
    // Buckets of ψ by its exponent and four bits more, for the costs below each.
    private const int CoarseShift = 48;
    private const int CoarseBuckets = 1 << (64 - CoarseShift - 1);
    private const int Digits = 3;
    private const int DigitBits = 11;
    private const int DigitBuckets = 1 << DigitBits;
    private const int ShortRun = 24;
    private readonly int _parts = Math.Clamp(Environment.ProcessorCount, 1, 8);
    private readonly double* _allCosts;
    private readonly double* _allValues;
    private readonly int _all;
    private readonly double[] _ratios;
    private ulong[] _from = [];
    private ulong[] _to = [];

    private CheapestOffers(double* costs, double* values, int count, double budget)
    {
        _allCosts = costs;
        _allValues = values;
        _all = count;
        _ratios = ArrayPool<double>.Shared.Rent(count);
        Select(budget);
        Sort();
        SettleRuns();
        ArrayPool<ulong>.Shared.Return(_to);
        Offers = ArrayPool<int>.Shared.Rent(Count);
        Costs = ArrayPool<double>.Shared.Rent(Count);
        Sums = ArrayPool<double>.Shared.Rent(Count + 1);
        Parallel.For(0, _parts, part => Gather(Start(part, Count), Start(part + 1, Count)));
        ArrayPool<ulong>.Shared.Return(_from);
        Sum(Costs.AsSpan(0, Count), Sums);
    }

    /// <summary>
    /// The number of offers in order: all eligible ones, or so many that without the last the costs exceed the budget and the largest cost
    /// within it.
    /// </summary>
    public int Count { get; private set; }

    /// <summary>The offers' indices; longer than <see cref="Count"/>, like all arrays here.</summary>
    public int[] Offers { get; }

    /// <summary>c in this order.</summary>
    public double[] Costs { get; }

    /// <summary>ψ of each offer, in the order of the input.</summary>
    public double[] Ratios => _ratios;

    /// <summary>Element k is the sum of the first k costs.</summary>
    public double[] Sums { get; }

    /// <summary>Puts offers in order.</summary>
    /// <param name="costs">c, finite and at least 0.</param>
    /// <param name="values">v; 0 leaves an offer out.</param>
    /// <param name="budget">B.</param>
    public static CheapestOffers Sort(ReadOnlySpan<double> costs, ReadOnlySpan<double> values, double budget)
    {
        fixed (double* cost = costs)
        fixed (double* value = values)
        {
            return new CheapestOffers(cost, value, costs.Length, budget);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        ArrayPool<int>.Shared.Return(Offers);
        foreach (double[] column in (ReadOnlySpan<double[]>)[Costs, _ratios, Sums])
        {
            ArrayPool<double>.Shared.Return(column);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Sum(ReadOnlySpan<double> costs, Span<double> sums)
    {
        double sum = 0;
        sums[0] = 0;
        for (int k = 0; k < costs.Length; k++)
        {
            sum += costs[k];
            sums[k + 1] = sum;
        }
    }

    private int Start(int part, int count) => (int)((long)count * part / _parts);

    // Which buckets matter, and the keys of their offers: the leading 32 bits of ψ over the smallest, with the index below.
    private void Select(double budget)
    {
        var sums = new double[_parts][];
        var counts = new int[_parts][];
        var largest = new double[_parts];
        Parallel.For(0, _parts, part =>
        {
            sums[part] = new double[CoarseBuckets];
            counts[part] = new int[CoarseBuckets];
            largest[part] = Survey(Start(part, _all), Start(part + 1, _all), sums[part], counts[part]);
        });

        // A winner asks at most the budget. The factor covers the roundings of sums in another order.
        double enough = (budget + Math.Min(budget, largest.Max())) * (1 + 1e-6);
        double below = 0;
        int first = -1;
        int last = -1;
        for (int bucket = 0; bucket < CoarseBuckets; bucket++)
        {
            int held = 0;
            double cost = 0;
            for (int part = 0; part < _parts; part++)
            {
                held += counts[part][bucket];
                cost += sums[part][bucket];
            }

            if (held > 0)
            {
                // One bucket more than is enough, so that a next density is there.
                first = first < 0 ? bucket : first;
                last = bucket;
                Count += held;
                if (below > enough)
                {
                    break;
                }

                below += cost;
            }
        }

        _from = ArrayPool<ulong>.Shared.Rent(Count);
        _to = ArrayPool<ulong>.Shared.Rent(Count);
        if (Count == 0)
        {
            return;
        }

        ulong origin = (ulong)first << CoarseShift;
        ulong range = ((ulong)(last + 1) << CoarseShift) - origin - 1;
        int shift = Math.Max(0, 64 - BitOperations.LeadingZeroCount(range) - 32);
        int[] starts = new int[_parts + 1];
        for (int part = 0; part < _parts; part++)
        {
            starts[part + 1] = starts[part] + TensorPrimitives.Sum<int>(counts[part].AsSpan(0, last + 1));
        }

        Parallel.For(0, _parts, part => Pack(Start(part, _all), starts[part], starts[part + 1], origin, range, shift));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private double Survey(int start, int end, double[] sums, int[] counts)
    {
        var costs = new ReadOnlySpan<double>(_allCosts + start, end - start);
        TensorPrimitives.Divide(costs, new ReadOnlySpan<double>(_allValues + start, end - start), _ratios.AsSpan(start, end - start));
        double largest = 0;
        fixed (double* ratios = _ratios)
        {
            for (int i = start; i < end; i++)
            {
                if (_allValues[i] > 0)
                {
                    int bucket = (int)(Bits(ratios[i]) >> CoarseShift);
                    sums[bucket] += _allCosts[i];
                    counts[bucket]++;
                    largest = _allCosts[i] > largest ? _allCosts[i] : largest;
                }
            }
        }

        return largest;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Pack(int start, int next, int end, ulong origin, ulong range, int shift)
    {
        double* values = _allValues;
        fixed (double* ratios = _ratios)
        fixed (ulong* from = _from)
        {
            for (int i = start; next < end; i++)
            {
                // What does not belong is overwritten by the next that does.
                ulong place = Bits(ratios[i]) - origin;
                from[next] = (place >> shift << 32) | (uint)i;
                next += place <= range && values[i] > 0 ? 1 : 0;
            }
        }
    }

    // Doubles from 0 on are ordered as their bits are; adding 0 turns −0 into 0.
    private static ulong Bits(double ratio) => BitConverter.DoubleToUInt64Bits(ratio + 0.0);

    // Least significant digit first. Each part counts and moves its own stretch; within a digit's bucket the parts follow each other.
    private void Sort()
    {
        int[][] places = [.. Enumerable.Range(0, _parts).Select(_ => new int[DigitBuckets])];
        for (int digit = 0; digit < Digits; digit++)
        {
            int shift = 32 + (digit * DigitBits);
            Parallel.For(0, _parts, part => CountDigits(_from.AsSpan(Start(part, Count)..Start(part + 1, Count)), shift, places[part]));
            int sum = 0;
            for (int bucket = 0; bucket < DigitBuckets; bucket++)
            {
                foreach (int[] counts in places)
                {
                    (counts[bucket], sum) = (sum, sum + counts[bucket]);
                }
            }

            Parallel.For(0, _parts, part => Move(_from.AsSpan(Start(part, Count)..Start(part + 1, Count)), shift, places[part], _to));
            (_from, _to) = (_to, _from);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void CountDigits(ReadOnlySpan<ulong> keys, int shift, int[] counts)
    {
        Array.Clear(counts);
        foreach (ulong key in keys)
        {
            counts[(int)(key >> shift) & (DigitBuckets - 1)]++;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Move(ReadOnlySpan<ulong> keys, int shift, int[] places, ulong[] to)
    {
        foreach (ulong key in keys)
        {
            to[places[(int)(key >> shift) & (DigitBuckets - 1)]++] = key;
        }
    }

    // Offers whose leading bits agree, in order of their index so far, by ψ itself.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void SettleRuns()
    {
        for (int start = 0; start < Count;)
        {
            int end = start + 1;
            bool isSorted = true;
            for (; end < Count && _from[end] >> 32 == _from[start] >> 32; end++)
            {
                isSorted &= Ratio(end - 1) <= Ratio(end);
            }

            if (!isSorted && end - start <= ShortRun)
            {
                for (int i = start + 1; i < end; i++)
                {
                    ulong key = _from[i];
                    double ratio = Ratio(i);
                    int k = i - 1;
                    for (; k >= start && Ratio(k) > ratio; k--)
                    {
                        _from[k + 1] = _from[k];
                    }

                    _from[k + 1] = key;
                }
            }
            else if (!isSorted)
            {
                (double Ratio, ulong Key)[] run = [.. Enumerable.Range(start, end - start).Select(i => (Ratio(i), _from[i]))];
                Array.Sort(run);
                for (int i = start; i < end; i++)
                {
                    _from[i] = run[i - start].Key;
                }
            }

            start = end;
        }
    }

    private double Ratio(int position) => _ratios[(int)(uint)_from[position]];

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Gather(int start, int end)
    {
        double* all = _allCosts;
        fixed (ulong* from = _from)
        fixed (int* offers = Offers)
        fixed (double* costs = Costs)
        {
            for (int k = start; k < end; k++)
            {
                int offer = (int)(uint)from[k];
                offers[k] = offer;
                costs[k] = all[offer];
            }
        }
    }
}
