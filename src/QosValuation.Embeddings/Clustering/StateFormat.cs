using System.Buffers.Binary;

namespace QosValuation.Embeddings.Clustering;

/// <summary>How the parts of a clustering's state are written: little-endian, counts as int32, strings with their length.</summary>
internal static class StateFormat
{
    // Set beside the modality where an embedding carries a class or says which shard it is from, so that the format of others is as it was.
    private const byte Labelled = 0x40;
    private const byte Sharded = 0x80;

    /// <summary>Writes an embedding, without the cluster and the novelty that clustering gives.</summary>
    public static void WriteEmbedding(this BinaryWriter writer, ClipEmbedding embedding)
    {
        writer.Write(embedding.Source ?? string.Empty);
        writer.Write(embedding.Item ?? string.Empty);
        bool isSharded = embedding.Shard is not null && embedding.ShardPosition is not null;
        writer.Write((byte)((byte)embedding.Modality | (embedding.Label is null ? 0 : Labelled) | (isSharded ? Sharded : 0)));
        if (embedding.Label is not null)
        {
            writer.Write(embedding.Label);
        }

        if (isSharded)
        {
            writer.Write(embedding.Shard!);
            writer.Write(embedding.ShardPosition!.Value);
        }

        writer.Write(embedding.Model ?? string.Empty);
        writer.Write(embedding.Contributor ?? string.Empty);
        writer.Write(embedding.Ordinal);
        writer.Write(embedding.Vector.Length);
        writer.WriteNumbers(embedding.Vector);
    }

    /// <summary>Reads an embedding.</summary>
    public static ClipEmbedding ReadEmbedding(this BinaryReader reader, StringPool pool)
    {
        string source = reader.ReadString();
        string item = reader.ReadString();
        byte kind = reader.ReadByte();
        string? label = (kind & Labelled) == 0 ? null : pool.Share(reader.ReadString());
        string? shard = (kind & Sharded) == 0 ? null : pool.Share(reader.ReadString());
        long? position = (kind & Sharded) == 0 ? null : reader.ReadInt64();
        var modality = (Modality)(kind & ~(Labelled | Sharded));
        string model = pool.Share(reader.ReadString());
        string contributor = pool.Share(reader.ReadString());
        long ordinal = reader.ReadInt64();
        float[] vector = new float[Check(reader, reader.ReadCount(), sizeof(float))];
        reader.ReadNumbers(vector);
        return new ClipEmbedding
        {
            Source = source,
            Item = item,
            Modality = modality,
            Vector = vector,
            Model = model,
            Contributor = contributor,
            Ordinal = ordinal,
            Label = label,
            Shard = shard,
            ShardPosition = position,
        };
    }

    /// <summary>Reads a count.</summary>
    public static int ReadCount(this BinaryReader reader)
    {
        int count = reader.ReadInt32();
        return count >= 0 ? count : throw new InvalidDataException("A count is negative.");
    }

    /// <summary>Writes single-precision numbers.</summary>
    public static void WriteNumbers(this BinaryWriter writer, ReadOnlySpan<float> numbers)
    {
        foreach (float number in numbers)
        {
            writer.Write(number);
        }
    }

    /// <summary>Writes double-precision numbers.</summary>
    public static void WriteNumbers(this BinaryWriter writer, ReadOnlySpan<double> numbers)
    {
        foreach (double number in numbers)
        {
            writer.Write(number);
        }
    }

    /// <summary>Reads single-precision numbers.</summary>
    public static void ReadNumbers(this BinaryReader reader, Span<float> numbers)
    {
        byte[] bytes = Bytes(reader, numbers.Length * sizeof(float));
        for (int i = 0; i < numbers.Length; i++)
        {
            numbers[i] = BinaryPrimitives.ReadSingleLittleEndian(bytes.AsSpan(i * sizeof(float)));
        }
    }

    /// <summary>Reads double-precision numbers.</summary>
    public static void ReadNumbers(this BinaryReader reader, Span<double> numbers)
    {
        byte[] bytes = Bytes(reader, numbers.Length * sizeof(double));
        for (int i = 0; i < numbers.Length; i++)
        {
            numbers[i] = BinaryPrimitives.ReadDoubleLittleEndian(bytes.AsSpan(i * sizeof(double)));
        }
    }

    private static byte[] Bytes(BinaryReader reader, int count)
    {
        byte[] bytes = reader.ReadBytes(count);
        return bytes.Length == count ? bytes : throw new EndOfStreamException();
    }

    private static int Check(BinaryReader reader, int count, int size) =>
        reader.BaseStream.Length - reader.BaseStream.Position >= (long)count * size ? count : throw new EndOfStreamException();
}

/// <summary>Shares one string among embeddings that carry the same name, to save memory.</summary>
internal sealed class StringPool
{
    private readonly Dictionary<string, string> _strings = new(StringComparer.Ordinal);

    /// <summary>The first string given that equals this one.</summary>
    public string Share(string text)
    {
        if (!_strings.TryGetValue(text, out string? known))
        {
            _strings.Add(text, known = text);
        }

        return known;
    }
}
