using System.Runtime.InteropServices;

namespace QosValuation.Embeddings.Clustering;

/// <summary>How far two partitions of the same records agree, beyond chance (Hubert &amp; Arabie 1985, Eq. 5).</summary>
public static class AdjustedRandIndex
{
    /// <summary>
    /// (Σ C(nᵢⱼ, 2) − E) / (½(Σ C(aᵢ, 2) + Σ C(bⱼ, 2)) − E) with E = Σ C(aᵢ, 2)·Σ C(bⱼ, 2) / C(n, 2): 1 for the same
    /// partition, 0 on average for independent ones of the same sizes. O(n).
    /// </summary>
    /// <param name="first">The group of each record. A record of noise is a group of its own, so give it a number of its own.</param>
    /// <param name="second">The group of each record in the other partition.</param>
    /// <returns>At most 1; 1 too where both are trivial (all together, or all apart).</returns>
    public static double Compute(ReadOnlySpan<int> first, ReadOnlySpan<int> second)
    {
        if (first.Length != second.Length)
        {
            throw new ArgumentException($"The partitions have {first.Length} and {second.Length} records.", nameof(second));
        }

        Dictionary<int, long> rows = [];
        Dictionary<int, long> columns = [];
        Dictionary<(int, int), long> cells = [];
        for (int i = 0; i < first.Length; i++)
        {
            CollectionsMarshal.GetValueRefOrAddDefault(rows, first[i], out _)++;
            CollectionsMarshal.GetValueRefOrAddDefault(columns, second[i], out _)++;
            CollectionsMarshal.GetValueRefOrAddDefault(cells, (first[i], second[i]), out _)++;
        }

        double together = cells.Values.Sum(Pairs);
        double ofFirst = rows.Values.Sum(Pairs);
        double ofSecond = columns.Values.Sum(Pairs);
        double expected = first.Length < 2 ? 0 : ofFirst * ofSecond / Pairs(first.Length);
        double most = (ofFirst + ofSecond) / 2;
        return most == expected ? 1 : (together - expected) / (most - expected);
    }

    private static double Pairs(long count) => count * (count - 1.0) / 2;
}
