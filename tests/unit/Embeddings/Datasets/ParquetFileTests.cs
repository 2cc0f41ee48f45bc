using QosValuation.Embeddings.Datasets;
using QosValuation.Valuation.Quality;

namespace QosValuation.Tests;

/// <summary>Files that other programs might have written, and no library did.</summary>
public sealed class ParquetFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Lists_in_pages_of_version_1_are_read()
    {
        string path = Write("one", ParquetBytes.Vectors(1, [3, 4], [0, 2], [-1, 0]));
        Assert.Equal([[0.6f, 0.8f], [0, 1], [-1, 0]], EmbeddingFile.Read(path).Select(embedding => embedding.Vector));
    }

    [Fact]
    public void Lists_in_pages_of_version_2_are_refused_with_what_to_do()
    {
        string path = Write("two", ParquetBytes.Vectors(2, [3, 4], [0, 2], [-1, 0]));
        QosValuationException fault = Assert.Throws<QosValuationException>(() => EmbeddingFile.Read(path).ToList());
        Assert.Equal("EmbeddingFileNotReadable", fault.ErrorId);
        Assert.Contains(path, fault.Message, StringComparison.Ordinal);
        Assert.Contains("pages of version 2", fault.Message, StringComparison.Ordinal);
        Assert.Contains("data_page_version='1.0'", fault.Message, StringComparison.Ordinal);
    }

    /// <summary>A page that announces more than a file of this kind holds is refused before there is room made for it.</summary>
    [Theory]
    [InlineData(100, 1 << 20, true)]
    [InlineData(100, 1 << 26, true)]
    [InlineData(100, (1 << 26) + 100_000, false)]
    [InlineData(1_000_000, (1 << 26) + 200_000_000, true)]
    [InlineData(100, int.MaxValue, false)]
    [InlineData(100, -1, false)]
    [InlineData(-1, 100, false)]
    [InlineData(int.MaxValue, 100, false)]
    public void Pages_that_unpack_to_gigabytes_are_refused(int packed, int unpacked, bool isTaken)
    {
        byte[] header = new ParquetBytes.Thrift().I32(1, 0).I32(2, unpacked).I32(3, packed).Struct(5, new ParquetBytes.Thrift().I32(1, 10).I32(2, 0)).End();
        using var stream = new MemoryStream([.. "PAR1"u8, .. header, .. new byte[2_000_000]]);
        var column = new Parquet.Meta.ColumnMetaData { DataPageOffset = 4, NumValues = 10 };
        if (isTaken)
        {
            ParquetPages.Require(stream, column);
        }
        else
        {
            Assert.Throws<InvalidDataException>(() => ParquetPages.Require(stream, column));
        }
    }

    [Fact]
    public void A_vector_of_the_wrong_type_is_named_with_its_type()
    {
        Assert.Contains("'vector' holds 32-bit whole numbers", Refused(ParquetBytes.Numbers("vector", 1, 2)), StringComparison.Ordinal);
        Assert.Contains("'Vector' holds lists of texts", Refused(ParquetBytes.TextLists("Vector", "a", "b")), StringComparison.Ordinal);
        Assert.Contains("'embedding' holds texts", Refused(ParquetBytes.Texts("embedding", "a"u8.ToArray())), StringComparison.Ordinal);
        Assert.Contains("no column of lists of floats. Embeddings", Refused(ParquetBytes.Numbers("other", 1)), StringComparison.Ordinal);
    }

    [Fact]
    public void A_footer_that_claims_what_is_not_there_is_refused()
    {
        Assert.Single(EmbeddingFile.Read(Write("claim", ParquetBytes.Claiming(1, 2))));
        foreach (long rows in (long[])[-1, 2, 10_000_001, long.MinValue, long.MaxValue])
        {
            Refused(ParquetBytes.Claiming(rows, 2));
        }

        foreach (long values in (long[])[-1, 1L << 26, int.MaxValue, long.MinValue, long.MaxValue])
        {
            Refused(ParquetBytes.Claiming(1, values));
        }

        Assert.Contains("no column", Refused(ParquetBytes.Claiming(1, 2, hasColumn: false)), StringComparison.Ordinal);
    }

    [Fact]
    public void A_known_column_of_the_wrong_type_is_warned_of_with_its_type()
    {
        var unknown = new List<string>();
        string path = Write("lists", ParquetBytes.TextLists("Label", "a", "b"));
        Assert.Equal(2, EmbeddingMetadataFile.Open(path, 2, unknown.Add).Count);
        Assert.Contains("'Label' (because it holds lists of texts)", Assert.Single(unknown), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(new byte[] { 0x61, 0xFF })]
    [InlineData(new byte[] { 0xC3 })]
    [InlineData(new byte[] { 0xC0, 0x80 })]
    [InlineData(new byte[] { 0xED, 0xA0, 0x80 })]
    [InlineData(new byte[] { 0xF4, 0x90, 0x80, 0x80 })]
    public void A_text_that_is_no_utf8_is_refused_with_its_column_and_row(byte[] text)
    {
        // A text may hold U+FFFD of its own.
        byte[]?[] rows = ["ä"u8.ToArray(), null, "\uFFFD"u8.ToArray(), null, text, "z"u8.ToArray()];
        string path = Write("source", ParquetBytes.Texts("Source", rows));
        QosValuationException fault = Assert.Throws<QosValuationException>(
            () => EmbeddingMetadataFile.Open(path, 6).Rows.ToList());
        Assert.Equal("MetadataNotReadable", fault.ErrorId);
        Assert.Contains(path, fault.Message, StringComparison.Ordinal);
        Assert.Contains("row 5 of its column 'Source'", fault.Message, StringComparison.Ordinal);

        path = Write("text", ParquetBytes.Texts("text", rows));
        fault = Assert.Throws<QosValuationException>(() => DocumentReader.Read(path, "a", _ => { }).ToList());
        Assert.Equal("DocumentNotReadable", fault.ErrorId);
        Assert.Contains(path, fault.Message, StringComparison.Ordinal);
        Assert.Contains("row 5 of its column 'text'", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_text_with_a_replacement_character_of_its_own_is_read()
    {
        string path = Write("own", ParquetBytes.Texts("text", "a\uFFFDb"u8.ToArray(), null, "ß"u8.ToArray()));
        Assert.Equal(["a\uFFFDb", "ß"], DocumentReader.Read(path, "a", _ => { }).Select(document => document.Text));
    }

    [Fact]
    public void A_damaged_file_is_read_or_refused_in_words_about_the_file()
    {
        byte[][] whole = [ParquetBytes.Vectors(1, [3, 4], [0, 2], [-1, 0]), ParquetBytes.Texts("text", "a"u8.ToArray(), null, "ß"u8.ToArray())];
        var random = new Random(7);
        int refused = 0;
        for (int round = 0; round < 600; round++)
        {
            byte[] bytes = [.. whole[round % 2]];
            for (int changes = random.Next(1, 4); changes > 0; changes--)
            {
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            }

            string path = Write($"damaged-{round}", bytes);
            try
            {
                _ = round % 2 == 0 ? EmbeddingFile.Read(path).Count() : DocumentReader.Read(path, "a", _ => { }).Count();
            }
            catch (QosValuationException fault)
            {
                refused++;
                Assert.Contains(path, fault.Message, StringComparison.Ordinal);
                Assert.DoesNotMatch(
                    "Object reference|Index was outside|Arithmetic operation|Specified argument|Parameter '|The given key|Unable to cast|Array dimensions", fault.Message);
            }
        }

        Assert.InRange(refused, 200, 600);
    }

    private string Refused(byte[] file)
    {
        string path = Write("refused", file);
        QosValuationException fault = Assert.Throws<QosValuationException>(() => EmbeddingFile.Read(path).ToList());
        Assert.Equal("EmbeddingFileNotReadable", fault.ErrorId);
        Assert.Contains(path, fault.Message, StringComparison.Ordinal);
        return fault.Message;
    }

    private string Write(string name, byte[] bytes)
    {
        string path = _folder.File(name + ".parquet");
        File.WriteAllBytes(path, bytes);
        return path;
    }
}
