using System.Buffers;

namespace QosValuation.Embeddings.Text;

/// <summary>A merge rule: two neighbouring symbols become one.</summary>
/// <param name="Rank">The rule's precedence; the smallest goes first.</param>
/// <param name="Id">The id of the joint symbol.</param>
internal readonly record struct BytePairMerge(int Rank, int Id);

/// <summary>
/// Applies merge rules to a word: the pair of lowest rank is merged at all its places from left to right, then the next,
/// until no rule applies (Sennrich, Haddow, Birch 2016).
/// </summary>
internal static class BytePairMerger
{
    // Below this, rescanning a few symbols beats a priority queue.
    private const int ShortWord = 48;

    /// <summary>Packs a pair of symbols into a key of the rules.</summary>
    /// <param name="left">The left symbol's id.</param>
    /// <param name="right">The right symbol's id.</param>
    /// <returns>The key.</returns>
    public static ulong Key(int left, int right) => ((ulong)(uint)left << 32) | (uint)right;

    /// <summary>Merges the symbols of one word in place. O(n log n); O(n²) only for words shorter than 48 bytes.</summary>
    /// <param name="symbols">The symbols; the result stands at the front.</param>
    /// <param name="merges">The rules, by <see cref="Key"/>.</param>
    /// <returns>The number of symbols left.</returns>
    public static int Merge(Span<int> symbols, Dictionary<ulong, BytePairMerge> merges) =>
        symbols.Length < ShortWord ? MergeShort(symbols, merges) : MergeLong(symbols, merges);

    internal static int MergeShort(Span<int> symbols, Dictionary<ulong, BytePairMerge> merges)
    {
        int count = symbols.Length;
        Span<BytePairMerge> rules = count <= 128 ? stackalloc BytePairMerge[count] : new BytePairMerge[count];
        for (int i = 0; i + 1 < count; i++)
        {
            rules[i] = Find(merges, symbols[i], symbols[i + 1]);
        }

        while (count > 1)
        {
            BytePairMerge best = rules[0];
            for (int i = 1; i < count - 1; i++)
            {
                if (rules[i].Rank < best.Rank)
                {
                    best = rules[i];
                }
            }

            if (best.Rank == int.MaxValue)
            {
                break;
            }

            int written = 0;
            for (int read = 0; read < count; read++)
            {
                bool isPair = read + 1 < count && rules[read].Rank == best.Rank;
                symbols[written++] = isPair ? best.Id : symbols[read];
                read += isPair ? 1 : 0;
            }

            count = written;
            for (int i = 0; i + 1 < count; i++)
            {
                rules[i] = Find(merges, symbols[i], symbols[i + 1]);
            }
        }

        return count;
    }

    /// <summary>A linked list of symbols and a queue of pairs by rank and place; stale queue entries are recognised and dropped.</summary>
    internal static int MergeLong(Span<int> symbols, Dictionary<ulong, BytePairMerge> merges)
    {
        int count = symbols.Length;
        int[] next = ArrayPool<int>.Shared.Rent(count);
        int[] previous = ArrayPool<int>.Shared.Rent(count);
        var queue = new PriorityQueue<int, (int Rank, int Place)>(count);
        var changed = new List<int>();
        for (int i = 0; i < count; i++)
        {
            next[i] = i + 1;
            previous[i] = i - 1;
            Enqueue(symbols, merges, queue, i, i + 1 < count ? i + 1 : count);
        }

        while (queue.TryPeek(out _, out var top))
        {
            // All places of the lowest rank, left to right, before any pair that these merges create.
            changed.Clear();
            while (queue.TryPeek(out int left, out var entry) && entry.Rank == top.Rank)
            {
                queue.Dequeue();
                if (symbols[left] < 0 || next[left] >= count)
                {
                    continue;
                }

                int right = next[left];
                BytePairMerge rule = Find(merges, symbols[left], symbols[right]);
                if (rule.Rank != top.Rank)
                {
                    continue;
                }

                symbols[left] = rule.Id;
                symbols[right] = -1;
                next[left] = next[right];
                if (next[left] < count)
                {
                    previous[next[left]] = left;
                }

                changed.Add(left);
            }

            foreach (int place in changed)
            {
                if (previous[place] >= 0)
                {
                    Enqueue(symbols, merges, queue, previous[place], place);
                }

                Enqueue(symbols, merges, queue, place, next[place]);
            }
        }

        int written = 0;
        for (int i = 0; i < count; i = next[i])
        {
            symbols[written++] = symbols[i];
        }

        ArrayPool<int>.Shared.Return(next);
        ArrayPool<int>.Shared.Return(previous);
        return written;
    }

    private static void Enqueue(
        ReadOnlySpan<int> symbols, Dictionary<ulong, BytePairMerge> merges, PriorityQueue<int, (int Rank, int Place)> queue, int left, int right)
    {
        if (right < symbols.Length)
        {
            BytePairMerge rule = Find(merges, symbols[left], symbols[right]);
            if (rule.Rank != int.MaxValue)
            {
                queue.Enqueue(left, (rule.Rank, left));
            }
        }
    }

    private static BytePairMerge Find(Dictionary<ulong, BytePairMerge> merges, int left, int right) =>
        merges.TryGetValue(Key(left, right), out BytePairMerge rule) ? rule : new BytePairMerge(int.MaxValue, -1);
}
