using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace QosValuation.Foundation.Numerics;

/// <summary>Sorts numbers together with their indices so that ties keep the order of the input.</summary>
public static class StableOrder
{
    // Below this a comparison sort is faster than the passes of a radix sort.
    private const int FewKeys = 4096;
    private const int DigitBits = 11;
    private const int Buckets = 1 << DigitBits;
    private const int Passes = 3;

    // The passes order by the leading 31 bits; what they leave equal are short runs.
    private const int LowBits = 33;
    private const int ShortRun = 24;

    /// <summary>
    /// Sorts indices by ascending key; equal keys keep their order. O(n log n) for few keys, O(n) by radix for many; the same at any thread count.
    /// </summary>
    /// <param name="keys">The keys, none of them NaN; sorted afterwards. −0 and 0 are equal.</param>
    /// <param name="indices">As many indices, ascending at the start; in the order of the keys afterwards.</param>
    public static void Sort(double[] keys, int[] indices)
    {
        ArgumentNullException.ThrowIfNull(keys);
        ArgumentNullException.ThrowIfNull(indices);
        if (keys.Length >= FewKeys)
        {
            RadixSort(keys, indices);
            return;
        }

        Array.Sort(keys, indices);
        for (int start = 0; start < keys.Length;)
        {
            int end = start + 1;
            while (end < keys.Length && keys[end] == keys[start])
            {
                end++;
            }

            Array.Sort(indices, start, end - start);
            start = end;
        }
    }

    // Least significant digit first, which keeps ties in order. Digits that are the same in all keys cost no pass. The lower bits follow run by run.
    private static void RadixSort(double[] keys, int[] indices)
    {
        int n = keys.Length;
        ulong[] from = GC.AllocateUninitializedArray<ulong>(n);
        ulong[] to = GC.AllocateUninitializedArray<ulong>(n);
        int[] toIndices = GC.AllocateUninitializedArray<int>(n);
        int[] fromIndices = indices;
        int[] counts = new int[Passes * Buckets];
        for (int i = 0; i < n; i++)
        {
            ulong bits = Encode(keys[i]);
            from[i] = bits;
            for (int pass = 0; pass < Passes; pass++)
            {
                counts[(pass * Buckets) + (int)((bits >> (LowBits + (pass * DigitBits))) & (Buckets - 1))]++;
            }
        }

        for (int pass = 0; pass < Passes; pass++)
        {
            Span<int> count = counts.AsSpan(pass * Buckets, Buckets);
            if (count.Contains(n))
            {
                continue;
            }

            int sum = 0;
            foreach (ref int bucket in count)
            {
                (bucket, sum) = (sum, sum + bucket);
            }

            Scatter(from, fromIndices, to, toIndices, count, LowBits + (pass * DigitBits));
            (from, to) = (to, from);
            (fromIndices, toIndices) = (toIndices, fromIndices);
        }

        SortRuns(from, fromIndices);
        for (int i = 0; i < n; i++)
        {
            keys[i] = Decode(from[i]);
        }

        if (fromIndices != indices)
        {
            fromIndices.CopyTo(indices, 0);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Scatter(ulong[] from, int[] fromIndices, ulong[] to, int[] toIndices, Span<int> places, int shift)
    {
        ref int place = ref MemoryMarshal.GetReference(places);
        for (int i = 0; i < from.Length; i++)
        {
            ulong bits = from[i];
            ref int next = ref Unsafe.Add(ref place, (int)((bits >> shift) & (Buckets - 1)));
            to[next] = bits;
            toIndices[next] = fromIndices[i];
            next++;
        }
    }

    // Sorts what agrees in the leading bits: short runs by insertion, long ones by comparison with ties put back in order.
    private static void SortRuns(ulong[] keys, int[] indices)
    {
        for (int start = 0; start < keys.Length;)
        {
            int end = start + 1;
            ulong leading = keys[start] >> LowBits;
            bool isSorted = true;
            while (end < keys.Length && keys[end] >> LowBits == leading)
            {
                isSorted &= keys[end - 1] <= keys[end];
                end++;
            }

            if (!isSorted && end - start <= ShortRun)
            {
                for (int i = start + 1; i < end; i++)
                {
                    (ulong key, int index) = (keys[i], indices[i]);
                    int k = i - 1;
                    for (; k >= start && keys[k] > key; k--)
                    {
                        keys[k + 1] = keys[k];
                        indices[k + 1] = indices[k];
                    }

                    keys[k + 1] = key;
                    indices[k + 1] = index;
                }
            }
            else if (!isSorted)
            {
                Array.Sort(keys, indices, start, end - start);
                for (int first = start; first < end;)
                {
                    int last = first + 1;
                    while (last < end && keys[last] == keys[first])
                    {
                        last++;
                    }

                    Array.Sort(indices, first, last - first);
                    first = last;
                }
            }

            start = end;
        }
    }

    // The order of doubles as the order of unsigned integers; adding 0 turns −0 into 0.
    private static ulong Encode(double key)
    {
        long bits = BitConverter.DoubleToInt64Bits(key + 0.0);
        return (ulong)bits ^ ((ulong)(bits >> 63) | 0x8000000000000000UL);
    }

    private static double Decode(ulong bits) =>
        BitConverter.UInt64BitsToDouble(bits ^ (((bits >> 63) - 1) | 0x8000000000000000UL));
}
