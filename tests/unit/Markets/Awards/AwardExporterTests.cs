using System.Buffers.Binary;
using System.Text;
using System.Text.Json;
using CsvHelper;
using Google.Protobuf;
using Parquet;
using QosValuation.Markets.Awards;

namespace QosValuation.Tests;

public sealed class AwardExporterTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void TheMaskedChecksumIsTensorFlows()
    {
        // CRC-32C of "123456789" is E3069283 (RFC 3720, appendix B.4 gives 32 zero bytes: 8A9136AA).
        Assert.Equal(Mask(0xE3069283), TFRecordAwardWriter.MaskedCrc("123456789"u8));
        Assert.Equal(Mask(0x8A9136AA), TFRecordAwardWriter.MaskedCrc(new byte[32]));
        Assert.Equal(Mask(0), TFRecordAwardWriter.MaskedCrc([]));
    }

    [Theory]
    [InlineData("x.jsonl", AwardFormat.Jsonl)]
    [InlineData("x.NDJSON", AwardFormat.Jsonl)]
    [InlineData("x.csv", AwardFormat.Csv)]
    [InlineData("x.parquet", AwardFormat.Parquet)]
    [InlineData("x.tfrecord", AwardFormat.TFRecord)]
    public void TheFormatFollowsTheName(string path, AwardFormat format)
    {
        Assert.Equal(format, AwardExporter.FormatOf(path, AwardFormat.Auto));
        Assert.Equal(AwardFormat.Csv, AwardExporter.FormatOf(path, AwardFormat.Csv));
        Assert.Equal("AwardFormatNotKnown", Assert.Throws<QosValuationException>(() => AwardExporter.FormatOf("x.txt", AwardFormat.Auto)).ErrorId);
    }

    [Fact]
    public async Task EveryFormatSaysTheSame()
    {
        AwardedDocument[] documents = [.. Rows(25_000)];
        foreach ((string name, AwardFormat format) in new[]
        {
            ("a.jsonl", AwardFormat.Jsonl), ("a.csv", AwardFormat.Csv), ("a.parquet", AwardFormat.Parquet), ("a.tfrecord", AwardFormat.TFRecord),
        })
        {
            string path = _folder.File(name);
            Assert.Equal(documents.Length, AwardExporter.Write(documents, path, format));
            List<string[]> rows = format switch
            {
                AwardFormat.Jsonl => ReadJsonl(path),
                AwardFormat.Csv => ReadCsv(path),
                AwardFormat.Parquet => await ReadParquet(path),
                _ => ReadTFRecord(path),
            };
            Assert.Equal(documents.Length, rows.Count);
            for (int i = 0; i < rows.Count; i++)
            {
                AwardedDocument document = documents[i];
                Assert.Equal([.. document.Texts, document.Award.Rank.ToString(System.Globalization.CultureInfo.InvariantCulture)], rows[i][..7]);
                for (int k = 0; k < 3; k++)
                {
                    double number = double.Parse(rows[i][7 + k], System.Globalization.CultureInfo.InvariantCulture);
                    Assert.Equal(format == AwardFormat.TFRecord ? (float)document.Numbers[k] : document.Numbers[k], number);
                }
            }
        }
    }

    [Fact]
    public void AFileIsWrittenWholeOrNotAtAll()
    {
        string path = _folder.File("b.parquet");
        IEnumerable<AwardedDocument> Failing() => Rows(3).Select((row, i) => i < 2 ? row : throw new InvalidOperationException("upstream"));
        foreach (AwardFormat format in new[] { AwardFormat.Jsonl, AwardFormat.Csv, AwardFormat.Parquet, AwardFormat.TFRecord })
        {
            Assert.Throws<InvalidOperationException>(() => AwardExporter.Write(Failing(), path, format));
            Assert.Empty(Directory.GetFiles(Path.GetDirectoryName(path)!));
        }
    }

    private static uint Mask(uint crc) => unchecked(((crc >> 15) | (crc << 17)) + 0xa282ead8);

    private static IEnumerable<AwardedDocument> Rows(int count) => Enumerable.Range(0, count).Select(i => AwardExporter.Of(
        $"A dog, \"no {i}\"\nand ein Zebra 🦓 {new string('x', i % 40)}",
        i % 3 == 0 ? string.Empty : $"photos/{i}.jpg",
        "CC BY 4.0",
        new DataAward
        {
            Contributor = i % 2 == 0 ? "alice" : "Übung",
            Rank = i % 7,
            Cost = 1,
            Value = i / 3d,
            Density = 1,
            IsWinner = true,
            Reason = AwardReason.Won,
            Payment = i * 0.1,
            CriticalCost = 1,
            Share = 1d / (i + 1),
            Cash = 1,
            Deferred = 0,
        }));

    private static List<string[]> ReadJsonl(string path)
    {
        var rows = new List<string[]>();
        foreach (string line in File.ReadLines(path))
        {
            using JsonDocument json = JsonDocument.Parse(line);
            Assert.Equal(AwardedDocument.FieldNames, json.RootElement.EnumerateObject().Select(property => property.Name));
            rows.Add([.. json.RootElement.EnumerateObject().Select(property => property.Value.ToString())]);
        }

        return rows;
    }

    private static List<string[]> ReadCsv(string path)
    {
        using CsvReader csv = CsvReader.FromFile(path, new CsvReaderOptions());
        Assert.Equal(AwardedDocument.FieldNames, csv.Headers);
        var rows = new List<string[]>();
        while (csv.Read())
        {
            rows.Add([.. Enumerable.Range(0, csv.FieldCount).Select(csv.GetString)]);
        }

        return rows;
    }

    private static async Task<List<string[]>> ReadParquet(string path)
    {
        var rows = new List<string[]>();
        await using ParquetReader reader = await ParquetReader.CreateAsync(path);
        Parquet.Schema.DataField[] fields = reader.Schema.GetDataFields();
        Assert.Equal(AwardedDocument.FieldNames, fields.Select(field => field.Name));
        Assert.Equal(3, reader.RowGroupCount);
        foreach (ParquetRowGroupReader group in reader.RowGroups)
        {
            int count = (int)group.RowCount;
            string[][] block = [.. Enumerable.Range(0, count).Select(_ => new string[10])];
            for (int i = 0; i < 6; i++)
            {
                string?[] texts = new string?[count];
                await group.ReadAsync(fields[i], texts.AsMemory());
                for (int row = 0; row < count; row++)
                {
                    block[row][i] = texts[row]!;
                }
            }

            int[] ranks = new int[count];
            await group.ReadAsync<int>(fields[6], ranks.AsMemory());
            for (int row = 0; row < count; row++)
            {
                block[row][6] = AwardExporter.Text(ranks[row]);
            }

            for (int i = 7; i < 10; i++)
            {
                double[] numbers = new double[count];
                await group.ReadAsync<double>(fields[i], numbers.AsMemory());
                for (int row = 0; row < count; row++)
                {
                    block[row][i] = AwardExporter.Text(numbers[row]);
                }
            }

            rows.AddRange(block);
        }

        return rows;
    }

    // Reads by the formats' descriptions and not with what wrote the file: records, then the messages field by field.
    private static List<string[]> ReadTFRecord(string path)
    {
        byte[] bytes = File.ReadAllBytes(path);
        var rows = new List<string[]>();
        for (int at = 0; at < bytes.Length;)
        {
            int length = checked((int)BinaryPrimitives.ReadUInt64LittleEndian(bytes.AsSpan(at)));
            Assert.Equal(TFRecordAwardWriter.MaskedCrc(bytes.AsSpan(at, 8)), BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(at + 8)));
            byte[] record = bytes[(at + 12)..(at + 12 + length)];
            Assert.Equal(TFRecordAwardWriter.MaskedCrc(record), BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(at + 12 + length)));
            at += 16 + length;
            var example = new Dictionary<string, string>();
            foreach (byte[] entry in Fields(Fields(record)[1].Single())[1])
            {
                Dictionary<int, List<byte[]>> pair = Fields(entry);
                Dictionary<int, List<byte[]>> feature = Fields(pair[2].Single());
                (int kind, List<byte[]> lists) = Assert.Single(feature);
                byte[] value = Fields(lists.Single())[1].Single();
                example.Add(Encoding.UTF8.GetString(pair[1].Single()), kind switch
                {
                    1 => Encoding.UTF8.GetString(value),
                    2 => AwardExporter.Text(BinaryPrimitives.ReadSingleLittleEndian(value)),
                    _ => AwardExporter.Text(BinaryPrimitives.ReadInt64LittleEndian(value)),
                });
            }

            rows.Add([.. AwardedDocument.FieldNames.Select(name => example[name])]);
        }

        return rows;
    }

    private static Dictionary<int, List<byte[]>> Fields(byte[] message)
    {
        var fields = new Dictionary<int, List<byte[]>>();
        using var input = new CodedInputStream(message);
        while (input.ReadTag() is > 0 and uint tag)
        {
            byte[] value = WireFormat.GetTagWireType(tag) switch
            {
                WireFormat.WireType.LengthDelimited => input.ReadBytes().ToByteArray(),
                WireFormat.WireType.Fixed32 => BitConverter.GetBytes(input.ReadFixed32()),
                _ => BitConverter.GetBytes(input.ReadInt64()),
            };
            int number = WireFormat.GetTagFieldNumber(tag);
            fields.TryAdd(number, []);
            fields[number].Add(value);
        }

        return fields;
    }
}
