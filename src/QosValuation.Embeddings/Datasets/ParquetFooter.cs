using System.Buffers.Binary;

namespace QosValuation.Embeddings.Datasets;

/// <summary>
/// Looks through the footer of a Parquet file before the library does: damage there could make it count to two thousand million, go deeper than its
/// stack, or read on behind the end for ever, for it takes a field for what it should be, whatever the file says that it is. What is looked at is the
/// form (Thrift's compact protocol) and the types of Parquet's fields, not their values.
/// </summary>
public static class ParquetFooter
{
    private const int Tail = 8;
    private const int MostDepth = 64;

    /// <summary>Refuses a footer that is not whole. O(its length).</summary>
    /// <param name="stream">The file; its position is left anywhere.</param>
    /// <exception cref="InvalidDataException">It is not whole.</exception>
    public static void Require(Stream stream)
    {
        Span<byte> tail = stackalloc byte[Tail];
        if (stream.Length < Tail + sizeof(int))
        {
            throw new InvalidDataException("it is too short.");
        }

        stream.Position = stream.Length - Tail;
        stream.ReadExactly(tail);
        int length = BinaryPrimitives.ReadInt32LittleEndian(tail);
        if (!tail[sizeof(int)..].SequenceEqual("PAR1"u8) || length <= 0 || length > stream.Length - Tail - sizeof(int))
        {
            throw new InvalidDataException("its end is not that of a Parquet file.");
        }

        byte[] footer = new byte[length];
        stream.Position = stream.Length - Tail - length;
        stream.ReadExactly(footer);
        ReadOnlySpan<byte> rest = footer;
        if (!SkipStruct(ref rest, 0, ParquetShape.FileMetaData))
        {
            throw new InvalidDataException("its footer is damaged.");
        }
    }

    private static bool SkipStruct(ref ReadOnlySpan<byte> rest, int depth, ParquetShape? shape)
    {
        long id = 0;
        while (TryByte(ref rest, out byte header))
        {
            if (header == 0)
            {
                return true;
            }

            ulong absolute = 0;
            if (header >> 4 == 0 && !TryNumber(ref rest, out absolute))
            {
                return false;
            }

            id = header >> 4 == 0 ? Signed(absolute) : id + (header >> 4);
            int type = header & 15;
            ParquetShape.Field? field = shape?.FieldOf(id);
            if ((field is not null && !field.Takes(type)) || (type > 2 && !Skip(ref rest, type, depth, field)))
            {
                return false;
            }
        }

        return false;
    }

    internal static bool Skip(ref ReadOnlySpan<byte> rest, int type, int depth, ParquetShape.Field? field)
    {
        const int Double = 8;
        switch (type)
        {
            case 1 or 2 or 3:
                return TryByte(ref rest, out _);
            case 4 or 5 or 6:
                return TryNumber(ref rest, out _);
            case 7:
                return TrySlice(ref rest, Double);
            case 8:
                return TryNumber(ref rest, out ulong length) && TrySlice(ref rest, length);
            case 9 or 10:
                return depth < MostDepth && SkipList(ref rest, depth + 1, field);
            case 12:
                return depth < MostDepth && SkipStruct(ref rest, depth + 1, field?.Inner);
            default:
                // Parquet has no maps.
                return false;
        }
    }

    private static bool SkipList(ref ReadOnlySpan<byte> rest, int depth, ParquetShape.Field? field)
    {
        const int Long = 15;
        if (!TryByte(ref rest, out byte header))
        {
            return false;
        }

        ulong count = (ulong)(header >> 4);
        if (count == Long && !TryNumber(ref rest, out count))
        {
            return false;
        }

        // An empty list may say that it is one of anything.
        if (count > (ulong)rest.Length || (count > 0 && field is not null && !field.TakesElement(header & 15)))
        {
            return false;
        }

        ParquetShape.Field? element = field?.Element;
        for (; count > 0; count--)
        {
            if (!Skip(ref rest, header & 15, depth, element))
            {
                return false;
            }
        }

        return true;
    }

    internal static long Signed(ulong number) => (long)(number >> 1) ^ -(long)(number & 1);

    internal static bool TryByte(ref ReadOnlySpan<byte> rest, out byte value)
    {
        value = rest.IsEmpty ? (byte)0 : rest[0];
        return TrySlice(ref rest, 1);
    }

    private static bool TrySlice(ref ReadOnlySpan<byte> rest, ulong length)
    {
        if (length > (ulong)rest.Length)
        {
            return false;
        }

        rest = rest[(int)length..];
        return true;
    }

    internal static bool TryNumber(ref ReadOnlySpan<byte> rest, out ulong number)
    {
        const int MostBits = 64;
        number = 0;
        for (int shift = 0; shift < MostBits && TryByte(ref rest, out byte part); shift += 7)
        {
            number |= (ulong)(part & 127) << shift;
            if (part < 128)
            {
                return true;
            }
        }

        return false;
    }
}
