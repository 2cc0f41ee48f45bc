using System.Buffers.Binary;
using System.Text;

namespace QosValuation.Tests;

/// <summary>
/// Small Parquet files made byte by byte after the format's specification, without the library that reads them: with pages of version 2, texts of any
/// bytes, and footers that claim anything.
/// </summary>
internal static class ParquetBytes
{
    private const int Float = 4;
    private const int Int32 = 1;
    private const int ByteArray = 6;

    /// <summary>A structure in Thrift's compact protocol.</summary>
    internal sealed class Thrift
    {
        private readonly List<byte> _bytes = [];
        private int _last;

        public Thrift I32(int id, long value) => Field(id, 5).Number(value);

        public Thrift I64(int id, long value) => Field(id, 6).Number(value);

        public Thrift Flag(int id, bool value) => Field(id, value ? 1 : 2);

        public Thrift Text(int id, string value) => Field(id, 8).Bytes(Encoding.UTF8.GetBytes(value));

        public Thrift Struct(int id, Thrift value) => Field(id, 12).Raw(value.End());

        public Thrift Structs(int id, params Thrift[] items) => Field(id, 9).List(12, items.Length, [.. items.SelectMany(item => item.End())]);

        public Thrift Numbers(int id, params long[] items) =>
            Field(id, 9).List(5, items.Length, [.. items.SelectMany(item => new Thrift().Number(item)._bytes)]);

        public Thrift Texts(int id, params string[] items) =>
            Field(id, 9).List(8, items.Length, [.. items.SelectMany(item => new Thrift().Bytes(Encoding.UTF8.GetBytes(item))._bytes)]);

        /// <summary>A list that says it is as long as it likes.</summary>
        public Thrift Claim(int id, int type, ulong count)
        {
            Field(id, 9)._bytes.Add((byte)(0xF0 | type));
            return Varint(count);
        }

        public byte[] End() => [.. _bytes, 0];

        private Thrift Field(int id, int type)
        {
            _bytes.Add((byte)(((id - _last) << 4) | type));
            _last = id;
            return this;
        }

        private Thrift List(int type, int count, byte[] items)
        {
            _bytes.Add((byte)((Math.Min(count, 15) << 4) | type));
            return (count < 15 ? this : Varint((ulong)count)).Raw(items);
        }

        private Thrift Number(long value) => Varint((ulong)((value << 1) ^ (value >> 63)));

        private Thrift Bytes(byte[] value) => Varint((ulong)value.Length).Raw(value);

        private Thrift Varint(ulong value)
        {
            for (; value > 127; value >>= 7)
            {
                _bytes.Add((byte)(value | 128));
            }

            _bytes.Add((byte)value);
            return this;
        }

        private Thrift Raw(byte[] value)
        {
            _bytes.AddRange(value);
            return this;
        }
    }

    /// <summary>A file whose footer is given.</summary>
    public static byte[] File(byte[] content, byte[] footer, int? length = null)
    {
        byte[] size = new byte[sizeof(int)];
        BinaryPrimitives.WriteInt32LittleEndian(size, length ?? footer.Length);
        return [.. "PAR1"u8, .. content, .. footer, .. size, .. "PAR1"u8];
    }

    /// <summary>Lists of floats of one length, in a column named Vector, in one page of version 1 or 2.</summary>
    public static byte[] Vectors(int version, params float[][] rows)
    {
        int count = rows.Sum(row => row.Length);
        byte[] repetitions = [.. rows.SelectMany(row => (byte[])[2, 0, .. row.Length > 1 ? (byte[])[(byte)((row.Length - 1) << 1), 1] : []])];
        byte[] definitions = [(byte)(count << 1), 1];
        byte[] values = [.. rows.SelectMany(row => row).SelectMany(BitConverter.GetBytes)];
        return WithPage(
            version,
            [
                new Thrift().I32(3, 0).Text(4, "Vector").I32(5, 1).I32(6, 3),
                new Thrift().I32(3, 2).Text(4, "list").I32(5, 1),
                new Thrift().I32(1, Float).I32(3, 0).Text(4, "element"),
            ],
            Float, ["Vector", "list", "element"], rows.Length, count, repetitions, definitions, values);
    }

    /// <summary>One list of two floats, under a footer that claims other numbers, or has no such column in its row group.</summary>
    public static byte[] Claiming(long groupRows, long values, bool hasColumn = true)
    {
        byte[] file = Vectors(1, [3, 4]);
        int length = BinaryPrimitives.ReadInt32LittleEndian(file.AsSpan(file.Length - 8));
        byte[] page = file[4..^(8 + length)];
        Thrift chunk = new Thrift().I32(1, Float).Numbers(2, 0, 3).Texts(3, "Vector", "list", "element").I32(4, 0).I64(5, values)
            .I64(6, page.Length).I64(7, page.Length).I64(9, 4);
        Thrift[] chunks = hasColumn ? [new Thrift().I64(2, 4).Struct(3, chunk)] : [];
        byte[] footer = new Thrift()
            .I32(1, 1)
            .Structs(
                2,
                new Thrift().Text(4, "schema").I32(5, 1),
                new Thrift().I32(3, 0).Text(4, "Vector").I32(5, 1).I32(6, 3),
                new Thrift().I32(3, 2).Text(4, "list").I32(5, 1),
                new Thrift().I32(1, Float).I32(3, 0).Text(4, "element"))
            .I64(3, 1)
            .Structs(4, new Thrift().Structs(1, chunks).I64(2, page.Length).I64(3, groupRows))
            .End();
        return File(page, footer);
    }

    /// <summary>A column of texts, each the bytes given; null for a null.</summary>
    public static byte[] Texts(string name, params byte[]?[] rows)
    {
        byte[] definitions = [.. rows.SelectMany(row => (byte[])[2, row is null ? (byte)0 : (byte)1])];
        return WithPage(
            1, [new Thrift().I32(1, ByteArray).I32(3, 1).Text(4, name).I32(6, 0)],
            ByteArray, [name], rows.Length, rows.Length, null, definitions,
            [.. rows.Where(row => row is not null).SelectMany(row => (byte[])[.. BitConverter.GetBytes(row!.Length), .. row])]);
    }

    /// <summary>A column of 32-bit whole numbers, one a row.</summary>
    public static byte[] Numbers(string name, params int[] rows) => WithPage(
        1, [new Thrift().I32(1, Int32).I32(3, 0).Text(4, name)], Int32, [name], rows.Length, rows.Length, null, null,
        [.. rows.SelectMany(BitConverter.GetBytes)]);

    /// <summary>Lists of texts, one text each.</summary>
    public static byte[] TextLists(string name, params string[] rows) => WithPage(
        1,
        [
            new Thrift().I32(3, 0).Text(4, name).I32(5, 1).I32(6, 3),
            new Thrift().I32(3, 2).Text(4, "list").I32(5, 1),
            new Thrift().I32(1, ByteArray).I32(3, 0).Text(4, "element").I32(6, 0),
        ],
        ByteArray, [name, "list", "element"], rows.Length, rows.Length,
        [(byte)(rows.Length << 1), 0], [(byte)(rows.Length << 1), 1],
        [.. rows.SelectMany(row => (byte[])[.. BitConverter.GetBytes(Encoding.UTF8.GetByteCount(row)), .. Encoding.UTF8.GetBytes(row)])]);

    private static byte[] WithPage(
        int version, Thrift[] column, int type, string[] path, int rows, int count, byte[]? repetitions, byte[]? definitions, byte[] values)
    {
        byte[] Sized(byte[]? levels) => levels is null ? [] : version == 2 ? levels : [.. BitConverter.GetBytes(levels.Length), .. levels];
        byte[] data = [.. Sized(repetitions), .. Sized(definitions), .. values];
        Thrift header = new Thrift().I32(1, version == 2 ? 3 : 0).I32(2, data.Length).I32(3, data.Length);
        header = version == 2
            ? header.Struct(
                8,
                new Thrift().I32(1, count).I32(2, 0).I32(3, rows).I32(4, 0).I32(5, definitions?.Length ?? 0).I32(6, repetitions?.Length ?? 0).Flag(7, false))
            : header.Struct(5, new Thrift().I32(1, count).I32(2, 0).I32(3, 3).I32(4, 3));
        byte[] page = [.. header.End(), .. data];
        Thrift chunk = new Thrift().I32(1, type).Numbers(2, 0, 3).Texts(3, path).I32(4, 0).I64(5, count).I64(6, page.Length).I64(7, page.Length).I64(9, 4);
        byte[] footer = new Thrift()
            .I32(1, version)
            .Structs(2, [new Thrift().Text(4, "schema").I32(5, 1), .. column])
            .I64(3, rows)
            .Structs(4, new Thrift().Structs(1, new Thrift().I64(2, 4).Struct(3, chunk)).I64(2, page.Length).I64(3, rows))
            .End();
        return File(page, footer);
    }
}
