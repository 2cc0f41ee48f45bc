using System.Buffers.Binary;
using System.Security.Cryptography;
using QosValuation.Foundation.Names;

namespace QosValuation.Embeddings.Clustering;

/// <summary>
/// Decides which embeddings belong to one record: those with the same contributor and Item. An embedding with an empty Item is a
/// record of its own. Records are numbered from 0 in order of arrival.
/// </summary>
/// <remarks>
/// <para>Only a digest of a record's contributor and Item is kept, with the record's number and 32 bits of its image's source: 29 to
/// 32 bytes (see <see cref="DigestTable"/>), and none for an empty Item. The digest is the first 128 bits of SHA-256, so that nobody
/// can choose two names that collide.</para>
/// <para>Items that the module makes hold their source (<see cref="ClipEmbedding.Item"/>), so that unlike things never share one. Items that
/// the user gives are trusted, and <see cref="Warning"/> tells of records whose images come from different sources.</para>
/// </remarks>
public sealed class RecordIndex
{
    private readonly DigestTable _records = new();
    private readonly HashSet<int> _mixed = [];
    private string _example = string.Empty;

    /// <summary>The number of records.</summary>
    public int Count { get; private set; }

    /// <summary>
    /// The warning about records that join images of different sources: two photographs under one name, perhaps. Null where there is none.
    /// Sources seen before a state was saved are not among them.
    /// </summary>
    public string? Warning => _mixed.Count == 0
        ? null
        : $"{_mixed.Count} {(_mixed.Count == 1 ? "record joins" : "records join")} images of different sources under one Item, such as {_example}. "
            + "Where they are different photographs, give them different Items.";

    /// <summary>Who contributed an embedding.</summary>
    /// <param name="embedding">The embedding.</param>
    /// <returns>The contributor's name, as <see cref="ContributorName.Fold"/> compares names; empty where the embedding names nobody.</returns>
    public static string ContributorOf(ClipEmbedding embedding)
    {
        ArgumentNullException.ThrowIfNull(embedding);
        return ContributorName.Fold(embedding.Contributor);
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

        (ulong high, ulong low) = KeyOf(contributor, embedding.Item);
        ref DigestEntry entry = ref _records.FindOrAdd(high, low, out bool known);
        if (!known)
        {
            entry.Index = Count++;
        }

        Compare(ref entry, embedding);
        record = entry.Index;
        return !known;
    }

    /// <summary>Looks at the source of an embedding whose record is known. O(names).</summary>
    /// <param name="embedding">The embedding.</param>
    internal void Join(ClipEmbedding embedding)
    {
        if (embedding.Modality == Modality.Image && !string.IsNullOrEmpty(embedding.Item))
        {
            Begins(embedding, out _);
        }
    }

    private void Compare(ref DigestEntry entry, ClipEmbedding embedding)
    {
        if (embedding.Modality != Modality.Image || string.IsNullOrEmpty(embedding.Source))
        {
            return;
        }

        int source = embedding.Source.GetHashCode(StringComparison.Ordinal) | 1;
        if (entry.Source == 0)
        {
            entry.Source = source;
        }
        else if (entry.Source != source && _mixed.Add(entry.Index) && _mixed.Count == 1)
        {
            _example = $"'{embedding.Item}' with '{embedding.Source}'";
        }
    }

    /// <summary>Writes the records.</summary>
    internal void Save(BinaryWriter writer)
    {
        writer.Write(Count);
        writer.Write(_records.Count);
        for (int i = 0; i < _records.Count; i++)
        {
            (ulong high, ulong low, int index, _) = _records[i];
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
            ref DigestEntry entry = ref _records.FindOrAdd(reader.ReadUInt64(), reader.ReadUInt64(), out bool known);
            entry.Index = known ? throw new InvalidDataException("A record is there twice.") : reader.ReadCount();
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
