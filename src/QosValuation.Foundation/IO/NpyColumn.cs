using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace QosValuation.Foundation.IO;

/// <summary>A column of numbers as a NumPy array of one dimension, read and written whole.</summary>
public static class NpyColumn
{
    private const int BlockLength = 1 << 16;

    /// <summary>Reads a column: 16-, 32- or 64-bit floats or 32- or 64-bit integers, in either byte order. O(n).</summary>
    /// <param name="path">A .npy file of one dimension, or of two of which one is 1.</param>
    /// <returns>The numbers; integers beyond 2⁵³ are rounded.</returns>
    /// <exception cref="QosValuationException"><c>ColumnNotReadable</c>.</exception>
    public static double[] Read(string path)
    {
        QosValuationException Fault(string reason) => new(Faults.ColumnNotReadable, $"'{path}' {reason}", path);
        try
        {
            using var stream = RegularFile.OpenRead(path, bufferSize: 0);
            NpyHeader header = NpyHeader.Read(stream, Fault);
            if (header.Type is not ({ } kind, { } size, { } isSwapped) || (kind, size) is not (('f', 2 or 4 or 8) or ('i', 4 or 8)))
            {
                throw Fault(
                    $"holds numbers of type {header.Description}. Columns are floats or integers of 32 or 64 bits; "
                    + "convert them in NumPy with array.astype('float64').");
            }

            long length = header.Shape switch
            {
                [long n] => n,
                [long rows, 1] => rows,
                [1, long columns] => columns,
                _ => throw Fault(
                    $"holds an array of the shape ({string.Join(", ", header.Shape)}). A column has one dimension; give each column a file of its own."),
            };
            if (length > Array.MaxLength)
            {
                throw Fault($"announces {length:N0} numbers; {Array.MaxLength:N0} is the most.");
            }

            if (stream.Length - header.DataStart < length * size)
            {
                throw Fault(
                    $"is cut off: {length * size:N0} bytes of numbers are announced, {stream.Length - header.DataStart:N0} are there. "
                    + "Copy or export it again.");
            }

            stream.Position = header.DataStart;
            double[] column = new double[length];
            byte[] block = kind == 'f' && size == 8 ? [] : new byte[BlockLength * size];
            for (int start = 0; start < column.Length; start += BlockLength)
            {
                Span<double> part = column.AsSpan(start, Math.Min(BlockLength, column.Length - start));
                if (block.Length > 0)
                {
                    Span<byte> bytes = block.AsSpan(0, part.Length * size);
                    stream.ReadExactly(bytes);
                    Convert(bytes, kind, size, isSwapped, part);
                    continue;
                }

                stream.ReadExactly(MemoryMarshal.AsBytes(part));
                if (isSwapped)
                {
                    Span<ulong> words = MemoryMarshal.Cast<double, ulong>(part);
                    BinaryPrimitives.ReverseEndianness(words, words);
                }
            }

            return column;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new QosValuationException(
                Faults.ColumnNotReadable, FaultKind.ReadFailed, $"'{path}' could not be read: {exception.Message}", path, exception);
        }
    }

    /// <summary>Writes a column as 64-bit little-endian floats (format version 1.0). O(n).</summary>
    /// <param name="stream">The file.</param>
    /// <param name="column">The numbers.</param>
    public static void Write(Stream stream, ReadOnlySpan<double> column)
    {
        stream.Write(NpyHeader.Of("<f8", column.Length));
        ulong[] swapped = BitConverter.IsLittleEndian ? [] : new ulong[BlockLength];
        for (int start = 0; start < column.Length; start += BlockLength)
        {
            ReadOnlySpan<double> part = column.Slice(start, Math.Min(BlockLength, column.Length - start));
            if (BitConverter.IsLittleEndian)
            {
                stream.Write(MemoryMarshal.AsBytes(part));
            }
            else
            {
                BinaryPrimitives.ReverseEndianness(MemoryMarshal.Cast<double, ulong>(part), swapped);
                stream.Write(MemoryMarshal.AsBytes(swapped.AsSpan(0, part.Length)));
            }
        }
    }

    private static void Convert(ReadOnlySpan<byte> bytes, char kind, int size, bool isSwapped, Span<double> numbers)
    {
        bool isLittle = BitConverter.IsLittleEndian != isSwapped;
        for (int i = 0; i < numbers.Length; i++)
        {
            ReadOnlySpan<byte> item = bytes.Slice(i * size, size);
            numbers[i] = (kind, size) switch
            {
                ('f', 2) => (double)(isLittle ? BinaryPrimitives.ReadHalfLittleEndian(item) : BinaryPrimitives.ReadHalfBigEndian(item)),
                ('f', _) => isLittle ? BinaryPrimitives.ReadSingleLittleEndian(item) : BinaryPrimitives.ReadSingleBigEndian(item),
                (_, 4) => isLittle ? BinaryPrimitives.ReadInt32LittleEndian(item) : BinaryPrimitives.ReadInt32BigEndian(item),
                _ => isLittle ? BinaryPrimitives.ReadInt64LittleEndian(item) : BinaryPrimitives.ReadInt64BigEndian(item),
            };
        }
    }
}
