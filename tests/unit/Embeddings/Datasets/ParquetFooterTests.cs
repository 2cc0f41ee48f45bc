using QosValuation.Embeddings.Datasets;

namespace QosValuation.Tests;

public sealed class ParquetFooterTests
{
    private static readonly byte[] Whole = ParquetBytes.Vectors(1, [3, 4], [0, 2]);

    [Fact]
    public void Takes_what_is_whole()
    {
        Require(Whole);
        Require(ParquetBytes.Vectors(2, [1]));
        Require(ParquetBytes.Texts("a", [0xFF], null));
        Require(ParquetBytes.File([], new ParquetBytes.Thrift().End()));
    }

    [Fact]
    public void Refuses_every_beginning_of_a_file()
    {
        for (int length = 0; length < Whole.Length; length++)
        {
            Refuse(Whole[..length]);
        }
    }

    [Fact]
    public void Refuses_every_footer_that_lacks_its_end()
    {
        byte[] footer = new ParquetBytes.Thrift().I32(1, 1).Text(4, "name").Structs(5, new ParquetBytes.Thrift().I64(2, long.MinValue)).End();
        for (int length = 1; length < footer.Length; length++)
        {
            Refuse(ParquetBytes.File([1, 2, 3, 4], footer[..length]));
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(int.MinValue)]
    [InlineData(int.MaxValue)]
    [InlineData(9)]
    public void Refuses_a_length_that_the_file_does_not_have(int length) => Refuse(ParquetBytes.File([], [0x15, 2, 0, 0], length));

    [Theory]
    [InlineData(16)]
    [InlineData(int.MaxValue)]
    [InlineData(ulong.MaxValue)]
    public void Refuses_lists_longer_than_the_footer(ulong count)
    {
        for (int type = 1; type <= 12; type++)
        {
            Refuse(ParquetBytes.File([], new ParquetBytes.Thrift().Claim(2, type, count).End()));
        }
    }

    [Fact]
    public void Refuses_what_is_deeper_than_any_schema()
    {
        Require(ParquetBytes.File([], Nested(60)));
        Refuse(ParquetBytes.File([], Nested(70)));

        // As deep as the stack would not bear.
        Refuse(ParquetBytes.File([], [.. Enumerable.Repeat((byte)0x1C, 1_000_000), .. new byte[1_000_001]]));
        Refuse(ParquetBytes.File([], [.. Enumerable.Repeat((byte)0x19, 1_000_000), 0]));
    }

    /// <summary>
    /// The library reads a field as what it should be, whatever the footer says that it is: with a list of truth values in the place of a column's path it
    /// reads on behind the end, for ever.
    /// </summary>
    [Fact]
    public void Refuses_fields_of_other_types()
    {
        Require(Footer(new ParquetBytes.Thrift().Claim(3, 8, 1), 1, (byte)'a'));
        for (int type = 1; type <= 12; type++)
        {
            if (type != 8)
            {
                Refuse(Footer(new ParquetBytes.Thrift().Claim(3, type, 1), 1, (byte)'a'));
            }
        }

        Refuse(ParquetBytes.File([], new ParquetBytes.Thrift().I64(1, 1).End()));
        Refuse(ParquetBytes.File([], new ParquetBytes.Thrift().Text(3, "rows").End()));
        Require(ParquetBytes.File([], new ParquetBytes.Thrift().I32(1, 1).I64(3, 1).Text(6, "anyone").I32(20, 1).End()));

        static byte[] Footer(ParquetBytes.Thrift column, params byte[] path)
        {
            // Of a column in a chunk in a group: what stands behind its path ends it and all around it.
            byte[] metadata = [.. column.End()[..^1], .. path, 0];
            return ParquetBytes.File([], [0x49, 0x1C, 0x19, 0x1C, 0x3C, .. metadata, 0, 0, 0]);
        }
    }

    [Fact]
    public void Random_bytes_are_taken_or_refused_and_nothing_else()
    {
        var random = new Random(7);
        for (int round = 0; round < 20_000; round++)
        {
            byte[] footer = new byte[random.Next(1, 64)];
            random.NextBytes(footer);
            TryRequire(ParquetBytes.File([], footer));
        }

        for (int at = 0; at < Whole.Length * 8; at++)
        {
            byte[] turned = [.. Whole];
            turned[at / 8] ^= (byte)(1 << (at % 8));
            TryRequire(turned);
        }
    }

    private static byte[] Nested(int depth)
    {
        var inner = new ParquetBytes.Thrift();
        for (int i = 0; i < depth; i++)
        {
            inner = new ParquetBytes.Thrift().Struct(12, inner); // A field that the format does not know.
        }

        return inner.End();
    }

    private static void Require(byte[] file)
    {
        using var stream = new MemoryStream(file);
        ParquetFooter.Require(stream);
    }

    private static void Refuse(byte[] file) => Assert.Throws<InvalidDataException>(() => Require(file));

    private static void TryRequire(byte[] file)
    {
        try
        {
            Require(file);
        }
        catch (InvalidDataException)
        {
            // Refused.
        }
    }
}
