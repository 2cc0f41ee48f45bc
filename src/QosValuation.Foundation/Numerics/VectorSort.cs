using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace QosValuation.Foundation.Numerics;

/// <summary>
/// Sorts some hundred to some thousand doubles by a network of minima and maxima (Batcher 1968): no branch depends on the numbers, and eight
/// numbers are compared at a time.
/// </summary>
/// <remarks>
/// Number i of the order stands in lane i / n of vector i mod n, where n is the number of vectors. Pairs closer than n are then whole vectors,
/// and only the few steps that join lanes permute within vectors. The result is that of any other sort: the same numbers in ascending order.
/// </remarks>
public static class VectorSort
{
    /// <summary>The fewest numbers for which a network is used.</summary>
    internal const int Fewest = 64;

    /// <summary>The most numbers for which a network is used: its work grows as N log² N, and beyond the nearest cache it waits for memory.</summary>
    internal const int Most = 4096;

    private const int Lanes = 8;
    private const int Piece = 4;

    /// <summary>The length of the buffers that <see cref="Sort"/> needs. O(1).</summary>
    /// <param name="count">N ≥ 0.</param>
    /// <returns>The next power of two and one vector more where a network is used, else 0.</returns>
    public static int BufferLength(int count) => IsByNetwork(count) ? PaddedLength(count) + Lanes : 0;

    /// <summary>Sorts numbers ascending. O(N log² N) comparisons by a network, O(N log N) outside its range; no allocation.</summary>
    /// <param name="values">N numbers, none of them NaN or −0.</param>
    /// <param name="buffer">At least <see cref="BufferLength"/> numbers; overwritten.</param>
    /// <param name="sorted">Receives the N numbers ascending; may be where <paramref name="values"/> stand.</param>
    public static void Sort(ReadOnlySpan<double> values, Span<double> buffer, Span<double> sorted)
    {
        int count = values.Length;
        if (!IsByNetwork(count))
        {
            values.CopyTo(sorted);
            sorted[..count].Sort();
            return;
        }

        // Vectors that cross the border of two cache lines cost twice. The buffer may move meanwhile: then it is only slower.
        nint address = Unsafe.ByteOffset(ref Unsafe.NullRef<double>(), ref MemoryMarshal.GetReference(buffer));
        buffer = buffer.Slice((int)(-address & ((Lanes * sizeof(double)) - 1)) / sizeof(double), PaddedLength(count));
        values.CopyTo(buffer);
        buffer[count..].Fill(double.PositiveInfinity);
        ref double first = ref MemoryMarshal.GetReference(buffer);
        int vectors = buffer.Length / Lanes;
        SortLanes(ref first, vectors);
        for (int lanes = 2; lanes <= Lanes; lanes *= 2)
        {
            JoinLanes(ref first, vectors, lanes);
            Merge(ref first, vectors, vectors / 2);
        }

        FromLanes(ref first, vectors, sorted[..count]);
    }

    // From lanes to a row, four vectors at a time: what four lanes hold of them are four pieces of the row.
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void FromLanes(ref double first, int vectors, Span<double> sorted)
    {
        for (int start = 0; start < sorted.Length; start += Piece * vectors)
        {
            int lane = start / vectors;
            for (int i = 0; i < vectors && start + i < sorted.Length; i += Piece)
            {
                ref double from = ref Unsafe.Add(ref first, (i * Lanes) + lane);
                Vector256<double> a = Vector256.LoadUnsafe(ref from);
                Vector256<double> b = Vector256.LoadUnsafe(ref from, Lanes);
                Vector256<double> c = Vector256.LoadUnsafe(ref from, 2 * Lanes);
                Vector256<double> d = Vector256.LoadUnsafe(ref from, 3 * Lanes);
                Vector256<double> even = Avx.UnpackLow(a, b);
                Vector256<double> odd = Avx.UnpackHigh(a, b);
                Vector256<double> evenAfter = Avx.UnpackLow(c, d);
                Vector256<double> oddAfter = Avx.UnpackHigh(c, d);
                int place = start + i;
                Put(Avx.Permute2x128(even, evenAfter, 0x20), place, sorted);
                Put(Avx.Permute2x128(odd, oddAfter, 0x20), place + vectors, sorted);
                Put(Avx.Permute2x128(even, evenAfter, 0x31), place + (2 * vectors), sorted);
                Put(Avx.Permute2x128(odd, oddAfter, 0x31), place + (3 * vectors), sorted);
            }
        }
    }

    // Stores as much of a piece as has a place.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put(Vector256<double> piece, int place, Span<double> sorted)
    {
        if (place <= sorted.Length - Piece)
        {
            piece.StoreUnsafe(ref MemoryMarshal.GetReference(sorted), (nuint)place);
            return;
        }

        for (int i = 0; place + i < sorted.Length; i++)
        {
            sorted[place + i] = piece.GetElement(i);
        }
    }

    private static int PaddedLength(int count) => (int)BitOperations.RoundUpToPowerOf2((uint)count);

    private static bool IsByNetwork(int count) => count is >= Fewest and <= Most && Avx2.IsSupported;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<double> Load(ref double first, int vector) => Vector512.LoadUnsafe(ref first, (nuint)(vector * Lanes));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(Vector512<double> value, ref double first, int vector) => value.StoreUnsafe(ref first, (nuint)(vector * Lanes));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Order(ref Vector512<double> low, ref Vector512<double> high)
    {
        Vector512<double> least = Vector512.MinNative(low, high);
        high = Vector512.MaxNative(low, high);
        low = least;
    }

    // Sorts each lane: columns of eight in registers, and then runs of twice the length, the second of each pair read backwards.
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void SortLanes(ref double first, int vectors)
    {
        for (int start = 0; start < vectors; start += 8)
        {
            Vector512<double> a = Load(ref first, start);
            Vector512<double> b = Load(ref first, start + 1);
            Vector512<double> c = Load(ref first, start + 2);
            Vector512<double> d = Load(ref first, start + 3);
            Vector512<double> e = Load(ref first, start + 4);
            Vector512<double> f = Load(ref first, start + 5);
            Vector512<double> g = Load(ref first, start + 6);
            Vector512<double> h = Load(ref first, start + 7);

            // The 19 comparisons that sort eight (Knuth, The Art of Computer Programming 5.3.4).
            Order(ref a, ref b);
            Order(ref c, ref d);
            Order(ref e, ref f);
            Order(ref g, ref h);
            Order(ref a, ref c);
            Order(ref b, ref d);
            Order(ref e, ref g);
            Order(ref f, ref h);
            Order(ref b, ref c);
            Order(ref f, ref g);
            Order(ref a, ref e);
            Order(ref b, ref f);
            Order(ref c, ref g);
            Order(ref d, ref h);
            Order(ref c, ref e);
            Order(ref d, ref f);
            Order(ref b, ref c);
            Order(ref d, ref e);
            Order(ref f, ref g);
            Store(a, ref first, start);
            Store(b, ref first, start + 1);
            Store(c, ref first, start + 2);
            Store(d, ref first, start + 3);
            Store(e, ref first, start + 4);
            Store(f, ref first, start + 5);
            Store(g, ref first, start + 6);
            Store(h, ref first, start + 7);
        }

        for (int run = 16; run <= vectors; run *= 2)
        {
            for (int start = 0; start < vectors; start += run)
            {
                for (int i = 0; i < run / 2; i++)
                {
                    Vector512<double> low = Load(ref first, start + i);
                    Vector512<double> high = Load(ref first, start + run - 1 - i);
                    Order(ref low, ref high);
                    Store(low, ref first, start + i);
                    Store(high, ref first, start + run - 1 - i);
                }
            }

            Merge(ref first, vectors, run / 4);
        }
    }

    // The steps from a distance down to 1 in each lane, which order what falls and rises. Two or three steps at a time stay in registers.
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void Merge(ref double first, int vectors, int distance)
    {
        for (; distance >= 16; distance /= 4)
        {
            int half = distance / 2;
            for (int start = 0; start < vectors; start += 2 * distance)
            {
                for (int i = start; i < start + half; i++)
                {
                    Vector512<double> a = Load(ref first, i);
                    Vector512<double> b = Load(ref first, i + half);
                    Vector512<double> c = Load(ref first, i + distance);
                    Vector512<double> d = Load(ref first, i + distance + half);
                    Order(ref a, ref c);
                    Order(ref b, ref d);
                    Order(ref a, ref b);
                    Order(ref c, ref d);
                    Store(a, ref first, i);
                    Store(b, ref first, i + half);
                    Store(c, ref first, i + distance);
                    Store(d, ref first, i + distance + half);
                }
            }
        }

        if (distance == 8)
        {
            for (int start = 0; start < vectors; start += 16)
            {
                for (int i = start; i < start + 8; i++)
                {
                    Vector512<double> low = Load(ref first, i);
                    Vector512<double> high = Load(ref first, i + 8);
                    Order(ref low, ref high);
                    Store(low, ref first, i);
                    Store(high, ref first, i + 8);
                }
            }
        }

        for (int start = 0; start < vectors; start += 8)
        {
            Vector512<double> a = Load(ref first, start);
            Vector512<double> b = Load(ref first, start + 1);
            Vector512<double> c = Load(ref first, start + 2);
            Vector512<double> d = Load(ref first, start + 3);
            Vector512<double> e = Load(ref first, start + 4);
            Vector512<double> f = Load(ref first, start + 5);
            Vector512<double> g = Load(ref first, start + 6);
            Vector512<double> h = Load(ref first, start + 7);
            Order(ref a, ref e);
            Order(ref b, ref f);
            Order(ref c, ref g);
            Order(ref d, ref h);
            Order(ref a, ref c);
            Order(ref b, ref d);
            Order(ref e, ref g);
            Order(ref f, ref h);
            Order(ref a, ref b);
            Order(ref c, ref d);
            Order(ref e, ref f);
            Order(ref g, ref h);
            Store(a, ref first, start);
            Store(b, ref first, start + 1);
            Store(c, ref first, start + 2);
            Store(d, ref first, start + 3);
            Store(e, ref first, start + 4);
            Store(f, ref first, start + 5);
            Store(g, ref first, start + 6);
            Store(h, ref first, start + 7);
        }
    }

    // The steps that join groups of lanes: each number with its mirror image in the group, and then lanes at distances within half a group.
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void JoinLanes(ref double first, int vectors, int lanes)
    {
        Vector512<double> isUpper = Upper(lanes / 2);
        for (int i = 0; i < vectors / 2; i++)
        {
            Vector512<double> low = Load(ref first, i);
            Vector512<double> high = Mirror(Load(ref first, vectors - 1 - i), lanes);
            Vector512<double> least = Vector512.MinNative(low, high);
            Vector512<double> most = Vector512.MaxNative(low, high);
            low = Vector512.ConditionalSelect(isUpper, most, least);
            high = Mirror(Vector512.ConditionalSelect(isUpper, least, most), lanes);
            for (int distance = lanes / 4; distance > 0; distance /= 2)
            {
                low = Step(low, distance);
                high = Step(high, distance);
            }

            Store(low, ref first, i);
            Store(high, ref first, vectors - 1 - i);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<double> Step(Vector512<double> value, int distance)
    {
        Vector512<double> other = distance == 1 ? Permute(value, Vector256.Create(1L, 0, 3, 2)) : Permute(value, Vector256.Create(2L, 3, 0, 1));
        return Vector512.ConditionalSelect(Upper(distance), Vector512.MaxNative(value, other), Vector512.MinNative(value, other));
    }

    // All bits in the lanes whose number has the given bit.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<double> Upper(int bit) => bit switch
    {
        1 => Vector512.Create(0L, -1, 0, -1, 0, -1, 0, -1).AsDouble(),
        2 => Vector512.Create(0L, 0, -1, -1, 0, 0, -1, -1).AsDouble(),
        _ => Vector512.Create(0L, 0, 0, 0, -1, -1, -1, -1).AsDouble(),
    };

    // Lanes backwards within groups of 2, 4 or 8.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<double> Mirror(Vector512<double> value, int lanes) => lanes switch
    {
        2 => Permute(value, Vector256.Create(1L, 0, 3, 2)),
        4 => Permute(value, Vector256.Create(3L, 2, 1, 0)),
        _ => Vector512.Create(
            Vector256.Shuffle(value.GetUpper(), Vector256.Create(3L, 2, 1, 0)), Vector256.Shuffle(value.GetLower(), Vector256.Create(3L, 2, 1, 0))),
    };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<double> Permute(Vector512<double> value, Vector256<long> order) =>
        Vector512.Create(Vector256.Shuffle(value.GetLower(), order), Vector256.Shuffle(value.GetUpper(), order));
}
