using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace QosValuation.Markets.Clients;

/// <summary>
/// Which rows are one record, whoever brought them: those that share an Item, and those whose vectors are equal bit for bit, because a copy under
/// another name would let a test row stand in the training rows too. O(rows · features).
/// </summary>
internal static class RecordIdentity
{
    /// <summary>Numbers the records of rows.</summary>
    /// <param name="items">The Item of each row; an empty one says nothing.</param>
    /// <param name="vectors">The vector of each row.</param>
    /// <returns>The record of each row, from 0 in order of arrival.</returns>
    public static int[] Number(IReadOnlyList<string> items, IReadOnlyList<float[]> vectors)
    {
        int[] root = [.. Enumerable.Range(0, items.Count)];
        var byItem = new Dictionary<string, int>(StringComparer.Ordinal);
        var byVector = new Dictionary<(long, long), int>();
        for (int row = 0; row < root.Length; row++)
        {
            if (items[row].Length > 0 && !byItem.TryAdd(items[row], row))
            {
                Join(root, byItem[items[row]], row);
            }

            byte[] digest = SHA256.HashData(MemoryMarshal.AsBytes(vectors[row].AsSpan()));
            (long, long) key = (BitConverter.ToInt64(digest), BitConverter.ToInt64(digest, sizeof(long)));
            if (!byVector.TryAdd(key, row))
            {
                Join(root, byVector[key], row);
            }
        }

        var numbers = new Dictionary<int, int>();
        return [.. root.Select((_, row) =>
        {
            int first = Find(root, row);
            if (!numbers.TryGetValue(first, out int number))
            {
                numbers.Add(first, number = numbers.Count);
            }

            return number;
        })];
    }

    private static void Join(int[] root, int first, int second)
    {
        int a = Find(root, first);
        int b = Find(root, second);
        root[Math.Max(a, b)] = Math.Min(a, b);
    }

    private static int Find(int[] root, int row)
    {
        while (root[row] != row)
        {
            row = root[row] = root[root[row]];
        }

        return row;
    }
}
