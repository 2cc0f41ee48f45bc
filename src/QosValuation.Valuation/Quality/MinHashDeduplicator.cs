using System.Runtime.InteropServices;

namespace QosValuation.Valuation.Quality;

/// <summary>
/// Finds documents that repeat an earlier one, exactly or nearly: MinHash (Broder 1997) over the 5-grams of words, banded (32 bands of 4), each candidate
/// checked by the exact Jaccard similarity of its set of 5-grams. Not thread-safe.
/// </summary>
/// <remarks>
/// <para>A pair of similarity s becomes a candidate with probability 1 − (1 − s⁴)³²: 0.9998 at s = 0.7, 0.87 at 0.5. Because candidates are checked, no
/// pair below the threshold is called a duplicate (but for collisions of 64-bit hashes). A document of fewer than five words is one gram.</para>
/// <para>A duplicate is not remembered itself, so that each document is compared with those that are kept: O(grams) a document and O(kept) memory.</para>
/// </remarks>
public sealed class MinHashDeduplicator
{
    private const int Bands = 32;
    private const int Rows = 4;
    private const int Gram = 5;
    private const int MostCandidates = 64;

    private static readonly ulong[] Multipliers = [.. Enumerable.Range(0, Bands * Rows).Select(i => Mix((ulong)i + 1) | 1)];
    private static readonly ulong[] Offsets = [.. Enumerable.Range(0, Bands * Rows).Select(i => Mix(~(ulong)i))];

    private readonly double _threshold;
    private readonly List<ulong[]> _kept = [];
    private readonly Dictionary<ulong, List<int>> _buckets = [];
    private readonly HashSet<ulong> _exact = [];

    /// <summary>Creates an empty set.</summary>
    /// <param name="threshold">The Jaccard similarity from which a document is a duplicate, in (0, 1].</param>
    public MinHashDeduplicator(double threshold)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(threshold);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(threshold, 1);
        _threshold = threshold;
    }

    /// <summary>Adds a document unless it repeats one that is there.</summary>
    /// <param name="text">The document.</param>
    /// <returns>Whether it is a duplicate. A text without a word is one only of a text without a word.</returns>
    public bool IsDuplicate(string text)
    {
        ulong[] grams = Grams(text);
        ulong whole = Hash(grams);
        if (!_exact.Add(whole))
        {
            return true;
        }

        Span<ulong> signature = stackalloc ulong[Bands * Rows];
        Sign(grams, signature);
        Span<ulong> keys = stackalloc ulong[Bands];
        for (int band = 0; band < Bands; band++)
        {
            keys[band] = Mix(Hash(signature.Slice(band * Rows, Rows)) + (ulong)band);
        }

        var seen = new HashSet<int>();
        foreach (ulong key in keys)
        {
            if (!_buckets.TryGetValue(key, out List<int>? bucket))
            {
                continue;
            }

            // A bucket of very many texts is compared in part: what repeats them is found through other bands too.
            for (int i = Math.Max(0, bucket.Count - MostCandidates); i < bucket.Count; i++)
            {
                if (seen.Add(bucket[i]) && Jaccard(grams, _kept[bucket[i]]) >= _threshold)
                {
                    return true;
                }
            }
        }

        foreach (ulong key in keys)
        {
            ref List<int>? bucket = ref CollectionsMarshal.GetValueRefOrAddDefault(_buckets, key, out _);
            (bucket ??= []).Add(_kept.Count);
        }

        _kept.Add(grams);
        return false;
    }

    /// <summary>The hashes of a text's 5-grams of words, sorted and each once.</summary>
    /// <param name="text">The text.</param>
    /// <returns>One hash for fewer than five words; none for no word.</returns>
    internal static ulong[] Grams(string text)
    {
        var words = new List<ulong>();
        int start = -1;
        for (int i = 0; i <= text.Length; i++)
        {
            bool isWord = i < text.Length && (char.IsLetterOrDigit(text[i]) || char.IsSurrogate(text[i]));
            if (isWord && start < 0)
            {
                start = i;
            }
            else if (!isWord && start >= 0)
            {
                words.Add(WordHash(text.AsSpan(start, i - start)));
                start = -1;
            }
        }

        if (words.Count == 0)
        {
            return [];
        }

        var grams = new SortedSet<ulong>();
        Span<ulong> all = CollectionsMarshal.AsSpan(words);
        for (int i = 0; i == 0 || i + Gram <= all.Length; i++)
        {
            grams.Add(Hash(all.Slice(i, Math.Min(Gram, all.Length))));
        }

        return [.. grams];
    }

    /// <summary>|A ∩ B| / |A ∪ B| of sorted sets. O(|A| + |B|).</summary>
    /// <param name="a">A set.</param>
    /// <param name="b">Another.</param>
    /// <returns>A number in [0, 1]; 1 for two empty sets.</returns>
    internal static double Jaccard(ReadOnlySpan<ulong> a, ReadOnlySpan<ulong> b)
    {
        int common = 0;
        for (int i = 0, j = 0; i < a.Length && j < b.Length;)
        {
            if (a[i] == b[j])
            {
                common++;
                i++;
                j++;
            }
            else if (a[i] < b[j])
            {
                i++;
            }
            else
            {
                j++;
            }
        }

        int union = a.Length + b.Length - common;
        return union == 0 ? 1 : (double)common / union;
    }

    private static void Sign(ReadOnlySpan<ulong> grams, Span<ulong> signature)
    {
        signature.Fill(ulong.MaxValue);
        foreach (ulong gram in grams)
        {
            for (int i = 0; i < signature.Length; i++)
            {
                ulong value = Mix(gram * Multipliers[i] + Offsets[i]);
                signature[i] = Math.Min(signature[i], value);
            }
        }
    }

    private static ulong WordHash(ReadOnlySpan<char> word)
    {
        ulong hash = (ulong)word.Length;
        foreach (char c in word)
        {
            hash = Mix(hash + char.ToLowerInvariant(c) + 0x9E3779B97F4A7C15);
        }

        return hash;
    }

    private static ulong Hash(ReadOnlySpan<ulong> values)
    {
        ulong hash = (ulong)values.Length;
        foreach (ulong value in values)
        {
            hash = Mix((hash ^ value) + 0x9E3779B97F4A7C15);
        }

        return hash;
    }

    // The finaliser of SplitMix64 (Steele, Lea and Flood 2014).
    private static ulong Mix(ulong x)
    {
        x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
        x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
        return x ^ (x >> 31);
    }
}
