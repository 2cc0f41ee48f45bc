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
    private const int Passes = 6;

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

    // Least significant digit first, which keeps ties in order. Digits that are the same in all keys cost no pass.
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
                counts[(pass * Buckets) + (int)((bits >> (pass * DigitBits)) & (Buckets - 1))]++;
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

            Scatter(from, fromIndices, to, toIndices, count, pass * DigitBits);
            (from, to) = (to, from);
            (fromIndices, toIndices) = (toIndices, fromIndices);
        }

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

    // The order of doubles as the order of unsigned integers; adding 0 turns −0 into 0.
    private static ulong Encode(double key)
    {
        long bits = BitConverter.DoubleToInt64Bits(key + 0.0);
        return (ulong)bits ^ ((ulong)(bits >> 63) | 0x8000000000000000UL);
    }

    private static double Decode(ulong bits) =>
        BitConverter.UInt64BitsToDouble(bits ^ (((bits >> 63) - 1) | 0x8000000000000000UL));
}
