using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace QosValuation.Embeddings.Clustering;

/// <summary>
/// Decides which embeddings belong to one record: those with the same contributor and Item. An embedding with an empty Item is a
/// record of its own. Records are numbered from 0 in order of arrival.
/// </summary>
/// <remarks>
/// Only a digest of a record's contributor and Item is kept, with the record's number: 36 bytes, up to twice that while the table has
/// room to grow, and none for an empty Item. The digest is the first 128 bits of SHA-256, so that nobody can choose two names that
/// collide.
/// </remarks>
public sealed class RecordIndex
{
    private readonly Dictionary<(ulong High, ulong Low), int> _records = [];

    /// <summary>The number of records.</summary>
    public int Count { get; private set; }

    /// <summary>Who contributed an embedding.</summary>
    /// <param name="embedding">The embedding.</param>
    /// <returns>The contributor's name; empty where the embedding names nobody.</returns>
    public static string ContributorOf(ClipEmbedding embedding)
    {
        ArgumentNullException.ThrowIfNull(embedding);
        return embedding.Contributor ?? string.Empty;
    }

    /// <summary>Whether two embeddings belong to one record. O(names).</summary>
    /// <param name="first">An embedding.</param>
    /// <param name="second">Another embedding.</param>
    /// <returns>True where they share a contributor and an Item that is not empty.</returns>
    public static bool AreOne(ClipEmbedding first, ClipEmbedding second)
    {
        ArgumentNullException.ThrowIfNull(first);
        ArgumentNullException.ThrowIfNull(second);
        return !string.IsNullOrEmpty(first.Item) && first.Item == second.Item && ContributorOf(first) == ContributorOf(second);
    }

    /// <summary>Finds the record of an embedding, or begins one. O(names).</summary>
    /// <param name="embedding">The embedding.</param>
    /// <param name="record">The record's number.</param>
    /// <returns>True where the embedding begins a record, false where its record is known.</returns>
    public bool Begins(ClipEmbedding embedding, out int record)
    {
        string contributor = ContributorOf(embedding);
        if (string.IsNullOrEmpty(embedding.Item))
        {
            record = Count++;
            return true;
        }

        ref int index = ref CollectionsMarshal.GetValueRefOrAddDefault(_records, KeyOf(contributor, embedding.Item), out bool known);
        if (!known)
        {
            index = Count++;
        }

        record = index;
        return !known;
    }

    /// <summary>Writes the records.</summary>
    internal void Save(BinaryWriter writer)
    {
        writer.Write(Count);
        writer.Write(_records.Count);
        foreach (((ulong high, ulong low), int index) in _records.OrderBy(record => record.Value))
        {
            writer.Write(high);
            writer.Write(low);
            writer.Write(index);
        }
    }

    /// <summary>Reads what <see cref="Save"/> wrote into an index without records.</summary>
    internal void Load(BinaryReader reader)
    {
        Count = reader.ReadCount();
        for (int left = reader.ReadCount(); left > 0; left--)
        {
            (ulong High, ulong Low) key = (reader.ReadUInt64(), reader.ReadUInt64());
            _records.Add(key, reader.ReadCount());
        }
    }

    private static (ulong High, ulong Low) KeyOf(string contributor, string item)
    {
        // Both lengths go in, so that no two pairs read alike.
        int length = System.Text.Encoding.UTF8.GetByteCount(contributor);
        byte[] bytes = new byte[sizeof(int) + length + System.Text.Encoding.UTF8.GetByteCount(item)];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, length);
        System.Text.Encoding.UTF8.GetBytes(contributor, bytes.AsSpan(sizeof(int)));
        System.Text.Encoding.UTF8.GetBytes(item, bytes.AsSpan(sizeof(int) + length));
        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(bytes, digest);
        return (BinaryPrimitives.ReadUInt64BigEndian(digest), BinaryPrimitives.ReadUInt64BigEndian(digest[sizeof(ulong)..]));
    }
}
