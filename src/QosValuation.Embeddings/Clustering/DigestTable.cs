namespace QosValuation.Embeddings.Clustering;

/// <summary>What is known of a record.</summary>
/// <param name="High">The first 64 bits of the digest of its names.</param>
/// <param name="Low">The next 64 bits.</param>
/// <param name="Index">The record's number.</param>
/// <param name="Source">32 bits of its image's source; 0 before the first image.</param>
internal record struct DigestEntry(ulong High, ulong Low, int Index, int Source);

/// <summary>
/// Records by the digest of their names, in the order in which they were added. 24 bytes a record for what is known of it, and 5 to 8
/// for finding it. Nothing is ever copied into a larger table: the entries stay where they are, and the slots are filled anew in place.
/// </summary>
internal sealed class DigestTable
{
    // An entry's position plus 1 lies in the first free slot from where its hash points to; 0 is free. The hash is another in every
    // process, so that nobody can choose digests (those of a state file, say) that pile up. Any number of slots will do.
    private readonly SegmentedList<DigestEntry> _entries = new();
    private readonly SegmentedList<int> _slots = new();

    /// <summary>The number of entries.</summary>
    public int Count => _entries.Count;

    /// <summary>An entry, in place. Its digest must stay as it is.</summary>
    /// <param name="position">Its position, in order of addition.</param>
    public ref DigestEntry this[int position] => ref _entries[position];

    /// <summary>Finds an entry, or adds one. O(1) on average.</summary>
    /// <param name="high">The first 64 bits of the digest.</param>
    /// <param name="low">The next 64 bits.</param>
    /// <param name="known">Whether it was there.</param>
    /// <returns>The entry, in place.</returns>
    public ref DigestEntry FindOrAdd(ulong high, ulong low, out bool known)
    {
        if (_slots.Count > 0)
        {
            int found = _slots[Find(high, low)];
            if (found != 0)
            {
                known = true;
                return ref _entries[found - 1];
            }
        }

        known = false;
        _entries.Add(new DigestEntry(high, low, 0, 0));

        // At most four slots of five are taken.
        if (5L * Count > 4L * _slots.Count)
        {
            Grow();
        }
        else
        {
            _slots[Find(high, low)] = Count;
        }

        return ref _entries[Count - 1];
    }

    private void Grow()
    {
        _slots.Zero();
        _slots.GrowTo((int)Math.Min(Array.MaxLength, _slots.Count + (_slots.Count / 2L) + 1));
        for (int i = 0; i < Count; i++)
        {
            ref DigestEntry entry = ref _entries[i];
            _slots[Find(entry.High, entry.Low)] = i + 1;
        }
    }

    // The slot that holds the entry, or the free one that it belongs into.
    private int Find(ulong high, ulong low)
    {
        uint hash = (uint)HashCode.Combine((int)high, (int)(high >> 32), (int)low, (int)(low >> 32));
        int slot = (int)((hash * (ulong)_slots.Count) >> 32);
        while (_slots[slot] is var position and not 0)
        {
            ref DigestEntry entry = ref _entries[position - 1];
            if (entry.High == high && entry.Low == low)
            {
                break;
            }

            slot = slot + 1 == _slots.Count ? 0 : slot + 1;
        }

        return slot;
    }
}
