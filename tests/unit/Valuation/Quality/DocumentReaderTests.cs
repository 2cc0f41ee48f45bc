using System.Text;
using QosValuation.Valuation.Quality;

namespace QosValuation.Tests;

public sealed class DocumentReaderTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly List<QosValuationException> _faults = [];

    public void Dispose() => _folder.Dispose();

    private QualityDocument[] Read(string name) => [.. DocumentReader.Read(_folder.File(name), "someone", _faults.Add)];

    [Fact]
    public void ATextFileIsOneDocument()
    {
        File.WriteAllBytes(_folder.File("a.txt"), [0xEF, 0xBB, 0xBF, .. Encoding.UTF8.GetBytes("Caf"), 0xE9, .. " ok\n"u8]);
        QualityDocument document = Assert.Single(Read("a.txt"));
        Assert.Equal("Caf\uFFFD ok\n", document.Text);
        Assert.Equal("someone", document.Contributor);
        File.WriteAllText(_folder.File("b.txt"), "Ünïcode", Encoding.Unicode);
        Assert.Equal("Ünïcode", Read("b.txt").Single().Text);
    }

    [Fact]
    public async Task EachRowOfParquetIsADocumentAndDamageIsAFault()
    {
        string path = _folder.File("a.parquet");
        var text = new Parquet.Schema.DataField<string>("text");
        var who = new Parquet.Schema.DataField<string>("Contributor", nullable: false);
        var pages = new Parquet.Schema.DataField<int>("pages", nullable: true);
        var list = new Parquet.Schema.ListField("tags", new Parquet.Schema.DataField<string>("element", nullable: false));
        await using (FileStream stream = File.Create(path))
        await using (Parquet.ParquetWriter writer = await Parquet.ParquetWriter.CreateAsync(new Parquet.Schema.ParquetSchema(text, who, pages, list), stream))
        {
            foreach (int group in new[] { 0, 1 })
            {
                using Parquet.ParquetRowGroupWriter rows = writer.CreateRowGroup();
                await rows.WriteAsync(text, [group == 0 ? "first" : "third", null, "Zebra 🦓"]);
                await rows.WriteAsync(who, ["ann", "bob", string.Empty]);
                await rows.WriteAsync<int>(pages, new int?[] { 3, null, -1 }.AsMemory());
                await rows.WriteAsync((Parquet.Schema.DataField)list.Item, ["a", "b", "c"], new[] { 0, 0, 0 });
            }
        }

        QualityDocument[] documents = Read("a.parquet");
        Assert.Equal(["first", "Zebra 🦓", "third", "Zebra 🦓"], documents.Select(document => document.Text));
        Assert.Equal(["ann", "someone", "ann", "someone"], documents.Select(document => document.Contributor));
        Assert.Equal(["3", "-1", "3", "-1"], documents.Select(document => document.Fields["pages"]));
        Assert.False(documents[0].IsFilled("tags"));
        Assert.Equal([path + ":1", path + ":3", path + ":4", path + ":6"], documents.Select(document => document.Source));
        Assert.Equal([path + ":2", path + ":5"], _faults.Select(fault => fault.Subject));

        byte[] whole = File.ReadAllBytes(path);
        var random = new Random(5);
        for (int i = 0; i < 400; i++)
        {
            byte[] damaged = [.. whole];
            damaged[random.Next(damaged.Length)] ^= (byte)(1 << random.Next(8));
            File.WriteAllBytes(path, i % 4 == 0 ? damaged[..random.Next(damaged.Length)] : damaged);
            try
            {
                Read("a.parquet");
            }
            catch (QosValuationException fault)
            {
                Assert.Equal("DocumentNotReadable", fault.ErrorId);
                Assert.Equal(path, fault.Subject);
            }
        }
    }

    [Fact]
    public void EachLineOfJsonIsADocumentAndABadOneCostsOneFault()
    {
        File.WriteAllText(_folder.File("a.jsonl"), """
            {"text": "first", "contributor": "ann", "date": "2026-01-02", "licence": "MIT", "tags": []}
            not json

            "a string"
            {"captions": ["one", "two"]}
            {"title": "no text"}
            [1]
            """);
        QualityDocument[] documents = Read("a.jsonl");
        Assert.Equal(["first", "a string", "one", "two"], documents.Select(document => document.Text));
        Assert.Equal(["ann", "someone", "someone", "someone"], documents.Select(document => document.Contributor));
        Assert.Equal(new DateTimeOffset(2026, 1, 2, 0, 0, 0, TimeSpan.Zero), documents[0].Date);
        Assert.True(documents[0].IsFilled("Licence"));
        Assert.False(documents[0].IsFilled("tags"));
        Assert.Equal(3, _faults.Count);
        Assert.All(_faults, fault => Assert.True(fault.Is(Faults.DocumentNotReadable)));
        Assert.StartsWith("Line 2 of", _faults[0].Message, StringComparison.Ordinal);
    }

    [Fact]
    public void BrokenUtf8InALineIsCorruptionAndNoFault()
    {
        File.WriteAllBytes(_folder.File("a.jsonl"), [.. "{\"text\": \"bro"u8, 0xFF, .. "ken\"}\n"u8]);
        Assert.Equal("bro\uFFFDken", Read("a.jsonl").Single().Text);
        Assert.Empty(_faults);
    }

    [Fact]
    public void ALineOfAHundredMegabytesCostsOneFaultAndLittleMemory()
    {
        using (FileStream stream = File.Create(_folder.File("a.jsonl")))
        {
            stream.Write("{\"text\": \"first\"}\n{\"text\": \""u8);
            byte[] block = new byte[1 << 20];
            Array.Fill(block, (byte)'x');
            for (int i = 0; i < 100; i++)
            {
                stream.Write(block);
            }

            stream.Write("\"}\n{\"text\": \"last\"}\n"u8);
        }

        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Equal(["first", "last"], Read("a.jsonl").Select(document => document.Text));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 80L << 20);
        Assert.True(Assert.Single(_faults).Is(Faults.DocumentTooLarge));
    }

    [Fact]
    public void EachRowIsADocument()
    {
        File.WriteAllText(_folder.File("a.csv"), "Contributor,Caption,Licence\nann,\"a, b\",MIT\n,c,\n");
        QualityDocument[] documents = Read("a.csv");
        Assert.Equal(["a, b", "c"], documents.Select(document => document.Text));
        Assert.Equal(["ann", "someone"], documents.Select(document => document.Contributor));
        Assert.True(documents[0].IsFilled("licence"));
        Assert.False(documents[1].IsFilled("Licence"));
        File.WriteAllText(_folder.File("b.csv"), "Name\nx\n");
        Assert.True(Assert.Throws<QosValuationException>(() => Read("b.csv")).Is(Faults.DocumentNotReadable));
    }

    [Fact]
    public void WhatIsNoTextCostsOneFault()
    {
        File.WriteAllBytes(_folder.File("empty.txt"), []);
        File.WriteAllBytes(_folder.File("empty.jsonl"), []);
        File.WriteAllBytes(_folder.File("binary.txt"), [1, 2, 0, 3]);
        using (FileStream stream = File.Create(_folder.File("large.txt")))
        {
            stream.SetLength(DocumentReader.MostBytes + 1);
        }

        foreach ((string name, Fault fault) in ((string, Fault)[])[
            ("empty.txt", Faults.DocumentNotReadable), ("empty.jsonl", Faults.DocumentNotReadable), ("binary.txt", Faults.DocumentNotReadable),
            ("large.txt", Faults.DocumentTooLarge), ("absent.txt", Faults.DocumentNotReadable)])
        {
            Assert.True(Assert.Throws<QosValuationException>(() => Read(name)).Is(fault), name);
        }
    }
}
