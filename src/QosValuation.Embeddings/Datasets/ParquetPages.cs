using System.Globalization;
using Parquet.Meta;

namespace QosValuation.Embeddings.Datasets;

/// <summary>
/// Looks through the headers of a column's pages before the library unpacks them: a page of some kilobytes may announce gigabytes, which the library
/// would make room for.
/// </summary>
public static class ParquetPages
{
    // A text of equal rows unpacks to a few hundred times its size; zeros to some tens of thousands.
    private const long FreeBytes = 1 << 26;
    private const long MostUnpacked = 256;
    private const int BytesOfNumber = 16;

    // Where a header keeps the sizes of its page, and the number of values of a page of either version.
    private const int UnpackedSize = 2;
    private const int PackedSize = 3;
    private const int DataPage = 5;
    private const int DataPageV2 = 8;
    private const int Fields = 16;

    private const int FirstHeader = 256;
    private const int MostHeader = 1 << 24;

    /// <summary>Refuses pages that unpack to more than a file of this kind holds. O(pages).</summary>
    /// <param name="stream">The file; its position is left anywhere.</param>
    /// <param name="column">What the footer says of the column in a row group.</param>
    /// <exception cref="InvalidDataException">They do, or a header is damaged.</exception>
    public static void Require(Stream stream, ColumnMetaData column)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentNullException.ThrowIfNull(column);
        long at = column.DictionaryPageOffset is long dictionary && dictionary > 0 && dictionary < column.DataPageOffset ? dictionary : column.DataPageOffset;
        long values = 0;
        long packed = 0;
        long unpacked = 0;
        byte[] buffer = new byte[FirstHeader];
        while (values < column.NumValues)
        {
            (int length, long[] header) = ReadHeader(stream, at, ref buffer);
            packed += header[PackedSize];
            unpacked += header[UnpackedSize];
            values += header[Fields + DataPage] + header[Fields + DataPageV2];
            at += length + header[PackedSize];
            if (header[PackedSize] < 0 || header[UnpackedSize] < 0 || header[Fields + DataPage] < 0 || header[Fields + DataPageV2] < 0 || at > stream.Length)
            {
                throw new InvalidDataException("a page is longer than the file.");
            }

            if (unpacked > Math.Max(FreeBytes + (MostUnpacked * packed), BytesOfNumber * column.NumValues))
            {
                throw new InvalidDataException(string.Create(
                    CultureInfo.InvariantCulture, $"{packed:N0} bytes of a column unpack to {unpacked:N0} and more, which no such file needs."));
            }
        }
    }

    private static (int Length, long[] Header) ReadHeader(Stream stream, long at, ref byte[] buffer)
    {
        while (at >= 0 && at < stream.Length)
        {
            stream.Position = at;
            int read = stream.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false);
            long[] header = new long[2 * Fields];
            ReadOnlySpan<byte> rest = buffer.AsSpan(0, read);
            if (TryFields(ref rest, header, 0))
            {
                return (read - rest.Length, header);
            }

            // The least and greatest values of a column of long texts stand in its headers.
            if (read < buffer.Length || buffer.Length == MostHeader)
            {
                break;
            }

            Array.Resize(ref buffer, Math.Min(16 * buffer.Length, MostHeader));
        }

        throw new InvalidDataException("the header of a page is damaged.");
    }

    // Numbers of the header itself go to its first half, the first number of a struct in it to the second.
    private static bool TryFields(ref ReadOnlySpan<byte> rest, long[] header, int inner)
    {
        long id = 0;
        while (ParquetFooter.TryByte(ref rest, out byte field))
        {
            if (field == 0)
            {
                return true;
            }

            ulong absolute = 0;
            if (field >> 4 == 0 && !ParquetFooter.TryNumber(ref rest, out absolute))
            {
                return false;
            }

            id = field >> 4 == 0 ? ParquetFooter.Signed(absolute) : id + (field >> 4);
            int type = field & 15;
            int place = inner == 0 ? (int)Math.Clamp(id, 0, Fields - 1) : id == 1 ? Fields + inner : 0;
            bool isRead = type switch
            {
                <= 2 => true,
                5 => TryKeep(ref rest, header, place),
                12 when inner == 0 => TryFields(ref rest, header, place),
                _ => ParquetFooter.Skip(ref rest, type, 0, null),
            };
            if (!isRead)
            {
                return false;
            }
        }

        return false;
    }

    private static bool TryKeep(ref ReadOnlySpan<byte> rest, long[] header, int place)
    {
        bool isNumber = ParquetFooter.TryNumber(ref rest, out ulong number);
        header[place] = ParquetFooter.Signed(number);
        return isNumber;
    }
}
