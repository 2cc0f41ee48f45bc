using System.Runtime.CompilerServices;

namespace QosValuation.Embeddings.Clustering;

/// <summary>A list that only grows, in segments that never move: nothing is copied, and no more than one segment is unused.</summary>
/// <typeparam name="T">The type of the items.</typeparam>
internal sealed class SegmentedList<T>
    where T : unmanaged
{
    // At most 64 KiB, below what the large object heap takes: that one is collected last.
    private static readonly int Bits = 16 - System.Numerics.BitOperations.Log2((uint)((2 * Unsafe.SizeOf<T>()) - 1));
    private readonly List<T[]> _segments = [];

    /// <summary>The number of items.</summary>
    public int Count { get; private set; }

    /// <summary>An item, in place.</summary>
    /// <param name="index">Its index, from 0.</param>
    public ref T this[int index]
    {
        get
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)index, (uint)Count, nameof(index));
            return ref _segments[index >> Bits][index & ((1 << Bits) - 1)];
        }
    }

    /// <summary>Adds an item at the end. O(1).</summary>
    /// <param name="item">The item.</param>
    public void Add(T item)
    {
        int within = Count & ((1 << Bits) - 1);
        if (Count >> Bits == _segments.Count)
        {
            _segments.Add(new T[1 << Bits]);
        }

        _segments[Count >> Bits][within] = item;
        Count++;
    }

    /// <summary>Adds items that are all zero, to the end of a segment at least. O(items).</summary>
    /// <param name="count">The least number of items there are to be in all.</param>
    public void GrowTo(int count)
    {
        while ((_segments.Count << Bits) < count)
        {
            _segments.Add(new T[1 << Bits]);
        }

        Count = Math.Max(Count, _segments.Count << Bits);
    }

    /// <summary>Sets all items to zero. O(items).</summary>
    public void Zero()
    {
        foreach (T[] segment in _segments)
        {
            Array.Clear(segment);
        }
    }
}
