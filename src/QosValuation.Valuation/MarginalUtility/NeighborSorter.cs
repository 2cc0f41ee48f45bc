using System.Runtime.CompilerServices;

namespace QosValuation.Valuation.MarginalUtility;

/// <summary>
/// Orders points by distance, ties by index: a radix sort over the distances as 32-bit floats (three passes of eleven, eleven and ten
/// bits), then runs that share a float are put in order by their doubles. O(n). Not thread-safe: it keeps its buffers.
/// </summary>
internal sealed class NeighborSorter(int count)
{
    private const int Bits = 11;
    private const int Buckets = 1 << Bits;
    private readonly int[] _counts = new int[3 * Buckets];
    private ulong[] _from = new ulong[count];
    private ulong[] _to = new ulong[count];

    /// <summary>Orders points.</summary>
    /// <param name="squares">A distance of at least 0 a point.</param>
    /// <param name="order">Receives the points, the nearest first.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Sort(ReadOnlySpan<double> squares, Span<int> order)
    {
        Array.Clear(_counts);
        for (int i = 0; i < squares.Length; i++)
        {
            // Floats of at least 0 are ordered as their bits are, and rounding to floats keeps the order.
            uint key = BitConverter.SingleToUInt32Bits((float)squares[i]);
            _from[i] = ((ulong)key << 32) | (uint)i;
            _counts[key & (Buckets - 1)]++;
            _counts[Buckets + ((key >> Bits) & (Buckets - 1))]++;
            _counts[(2 * Buckets) + (key >> (2 * Bits))]++;
        }

        for (int pass = 0; pass < 3; pass++)
        {
            Span<int> starts = _counts.AsSpan(pass * Buckets, Buckets);
            int sum = 0;
            foreach (ref int start in starts)
            {
                (start, sum) = (sum, sum + start);
            }

            int shift = 32 + (pass * Bits);
            foreach (ulong entry in _from.AsSpan(0, squares.Length))
            {
                _to[starts[(int)(entry >> shift) & (Buckets - 1)]++] = entry;
            }

            (_from, _to) = (_to, _from);
        }

        for (int i = 0; i < order.Length; i++)
        {
            order[i] = (int)(uint)_from[i];
        }

        for (int start = 0; start < order.Length;)
        {
            int end = start + 1;
            while (end < order.Length && _from[end] >> 32 == _from[start] >> 32)
            {
                end++;
            }

            if (end - start > 1)
            {
                Settle(squares, order[start..end]);
            }

            start = end;
        }
    }

    // Points in order of their index, at distances that are one float.
    private static void Settle(ReadOnlySpan<double> squares, Span<int> run)
    {
        const int Short = 32;
        bool isOrdered = true;
        for (int i = 1; i < run.Length && isOrdered; i++)
        {
            isOrdered = squares[run[i - 1]] <= squares[run[i]];
        }

        if (isOrdered)
        {
            return;
        }

        if (run.Length > Short)
        {
            var keys = new (double Square, int Point)[run.Length];
            for (int i = 0; i < run.Length; i++)
            {
                keys[i] = (squares[run[i]], run[i]);
            }

            Array.Sort(keys);
            for (int i = 0; i < run.Length; i++)
            {
                run[i] = keys[i].Point;
            }

            return;
        }

        for (int i = 1; i < run.Length; i++)
        {
            int point = run[i];
            int j = i;
            for (; j > 0 && squares[run[j - 1]] > squares[point]; j--)
            {
                run[j] = run[j - 1];
            }

            run[j] = point;
        }
    }
}
