using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace QosValuation.Foundation.Sharding;

/// <summary>One of n parts of a set of items: the i-th of n, written <c>i/n</c>.</summary>
/// <remarks>
/// <para>An item is in exactly one of the n shards, and which one depends on its identity and on n alone: not on the other items, their
/// order, the machine or the culture. So items that come later move none that were there before.</para>
/// <para>The first 64 bits of SHA-256 of the identity are the key of a jump consistent hash (Lamping and Veach 2014, "A Fast, Minimal
/// Memory, Consistent Hash Algorithm"): with n + 1 shards in place of n, one item in n + 1 moves, always to the new shard, and the others
/// stay. O(length + ln n).</para>
/// </remarks>
public sealed record Shard
{
    /// <summary>The most shards of a set.</summary>
    public const int MaximumCount = 1_000_000;

    /// <summary>Names a shard.</summary>
    /// <param name="index">Which shard, from 1 to <paramref name="count"/>.</param>
    /// <param name="count">The number of shards, from 1 to <see cref="MaximumCount"/>.</param>
    /// <exception cref="QosValuationException"><c>ShardNotValid</c>.</exception>
    public Shard(int index, int count)
    {
        if (count is < 1 or > MaximumCount || index < 1 || index > count)
        {
            throw NotValid(
                string.Create(CultureInfo.InvariantCulture, $"{index}/{count}"),
                count is < 1 or > MaximumCount ? $"the number of shards is from 1 to {MaximumCount}" : $"shards are numbered from 1 to {count}");
        }

        Index = index;
        Count = count;
    }

    /// <summary>Which shard, from 1.</summary>
    public int Index { get; }

    /// <summary>The number of shards.</summary>
    public int Count { get; }

    /// <summary>Reads a shard.</summary>
    /// <param name="text"><c>i/n</c>, with or without blanks around the numbers.</param>
    /// <returns>The shard.</returns>
    /// <exception cref="QosValuationException"><c>ShardNotValid</c>: the text is something else, or i is not from 1 to n.</exception>
    public static Shard Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        int slash = text.IndexOf('/', StringComparison.Ordinal);
        return slash >= 0 && TryRead(text.AsSpan(0, slash), out int index) && TryRead(text.AsSpan(slash + 1), out int count)
            ? new Shard(index, count)
            : throw NotValid(text, "a shard is two whole numbers with a slash between them");
    }

    /// <summary>Reads a shard where a text is one.</summary>
    /// <param name="text">The text.</param>
    /// <returns>The shard; null where the text is something else, or i is not from 1 to n.</returns>
    public static Shard? TryParse(string? text)
    {
        int slash = text?.IndexOf('/', StringComparison.Ordinal) ?? -1;
        return slash >= 0 && TryRead(text.AsSpan(0, slash), out int index) && TryRead(text.AsSpan(slash + 1), out int count)
            && count is >= 1 and <= MaximumCount && index >= 1 && index <= count
            ? new Shard(index, count)
            : null;
    }

    /// <summary>The shard of an item. O(length + ln n).</summary>
    /// <param name="identity">The item's identity, see <see cref="ShardIdentity"/>.</param>
    /// <param name="count">The number of shards, at least 1.</param>
    /// <returns>Its index, from 1.</returns>
    public static int IndexOf(string identity, int count)
    {
        ArgumentNullException.ThrowIfNull(identity);
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes(identity), digest);
        ulong key = BinaryPrimitives.ReadUInt64BigEndian(digest);
        long last = -1;
        for (long next = 0; next < count;)
        {
            last = next;
            key = unchecked((key * 2862933555777941757UL) + 1);
            next = (long)((last + 1) * ((double)(1L << 31) / ((key >> 33) + 1)));
        }

        return (int)last + 1;
    }

    /// <summary>Whether an item is in this shard. O(length + ln n).</summary>
    /// <param name="identity">The item's identity, see <see cref="ShardIdentity"/>.</param>
    /// <returns>True for one of the n shards.</returns>
    public bool Contains(string identity) => IndexOf(identity, Count) == Index;

    /// <summary>This shard's part of things that stand in an order, such as the rounds of a simulation: contiguous, and as even as can be. O(1).</summary>
    /// <param name="total">How many there are, at least 0.</param>
    /// <returns>The place of the first, from 0, and how many; none where there are more shards than things.</returns>
    public (int First, int Count) PartOf(int total)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(total);
        int first = (int)((long)total * (Index - 1) / Count);
        return (first, (int)((long)total * Index / Count) - first);
    }

    /// <summary>The shard as <c>i/n</c>.</summary>
    /// <returns>The text that <see cref="Parse"/> reads.</returns>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Index}/{Count}");

    private static bool TryRead(ReadOnlySpan<char> text, out int number) =>
        int.TryParse(text.Trim(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out number);

    private static QosValuationException NotValid(string text, string reason) =>
        new(Faults.ShardNotValid, $"'{text}' is no shard: {reason}, such as 3/8 for the third of eight.", text);
}
