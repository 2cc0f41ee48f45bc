using System.Buffers.Binary;
using Parquet;
using Parquet.Meta;
using QosValuation.Embeddings.Datasets;

namespace QosValuation.Tests;

public sealed class ParquetEmbeddingWriterTests : IDisposable
{
    private static readonly string[] Words = ["", "a", "süß", "日本語", "\uFFFD", "a,\"b\"\n", "\0", "😀", "=1+1", new('x', 300)];

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void What_is_written_is_read(int seed)
    {
        var random = new Random(seed);
        for (int round = 0; round < 20; round++)
        {
            int dimension = random.Next(1, 40);
            bool hasShards = random.Next(2) == 0;
            ClipEmbedding[] rows = [.. Enumerable.Range(0, random.Next(1, 60)).Select(_ => Any(random, dimension, hasShards))];
            string path = Write(rows, dimension);
            ClipEmbedding[] read = [.. EmbeddingFile.Read(path)];
            Assert.Equal(rows.Length, read.Length);
            for (int i = 0; i < rows.Length; i++)
            {
                Assert.Equal(rows[i].Source, read[i].Source);
                Assert.Equal(rows[i].Item, read[i].Item);
                Assert.Equal(rows[i].Modality, read[i].Modality);
                Assert.Equal(rows[i].Contributor, read[i].Contributor);
                Assert.Equal(rows[i].Ordinal, read[i].Ordinal);
                Assert.Equal(rows[i].ClusterId, read[i].ClusterId);
                Assert.Equal(rows[i].Novelty, read[i].Novelty);
                Assert.Equal(rows[i].Shard, read[i].Shard);
                Assert.Equal(rows[i].ShardPosition, read[i].ShardPosition);
                Assert.Equal(rows[i].Vector, read[i].Vector);
            }

            byte[] bytes = File.ReadAllBytes(path);
            Assert.Equal(bytes, File.ReadAllBytes(Write(rows, dimension)));
            ParquetFooter.Require(new MemoryStream(bytes));
        }
    }

    [Fact]
    public async Task Row_groups_say_how_many_nulls_and_the_least_and_the_largest()
    {
        // Two full groups and one more row.
        const int Group = 10_000;
        var random = new Random(5);
        ClipEmbedding[] rows = [.. Enumerable.Range(0, (2 * Group) + 1).Select(_ => Any(random, 1, hasShards: false))];
        string path = Write(rows, 1);
        await using FileStream stream = File.OpenRead(path);
        ParquetReader reader = await ParquetReader.CreateAsync(stream);
        Assert.Equal([Group, Group, 1], reader.Metadata!.RowGroups.Select(group => group.NumRows));
        Assert.Equal("1", reader.CustomMetadata[ParquetEmbeddingWriter.VersionKey]);
        Assert.Equal("1", reader.CustomMetadata[ParquetEmbeddingWriter.DimensionKey]);
        Assert.Equal($"{rows.Length}", reader.CustomMetadata[ParquetEmbeddingWriter.CountKey]);
        for (int g = 0; g < 3; g++)
        {
            ClipEmbedding[] part = [.. rows.Skip(g * Group).Take(Group)];
            Statistics Of(string name) => reader.Metadata.RowGroups[g].Columns.Single(column => column.MetaData!.PathInSchema[0] == name).MetaData!.Statistics!;
            Assert.Equal(part.Count(row => row.ClusterId is null), Of("ClusterId").NullCount);
            Assert.Equal(part.Count(row => row.Novelty is null), Of("Novelty").NullCount);
            Assert.Equal(0, Of("Ordinal").NullCount);
            Assert.Equal(part.Min(row => row.Ordinal), BinaryPrimitives.ReadInt64LittleEndian(Of("Ordinal").MinValue));
            Assert.Equal(part.Max(row => row.Ordinal), BinaryPrimitives.ReadInt64LittleEndian(Of("Ordinal").MaxValue));
            if (part.Any(row => row.ClusterId is not null))
            {
                Assert.Equal(part.Min(row => row.ClusterId), BinaryPrimitives.ReadInt32LittleEndian(Of("ClusterId").MinValue));
                Assert.Equal(part.Max(row => row.ClusterId), BinaryPrimitives.ReadInt32LittleEndian(Of("ClusterId").MaxValue));
            }
        }
    }

    [Fact]
    public void A_file_without_embeddings_is_whole()
    {
        string path = Write([], 0);
        using FileStream stream = File.OpenRead(path);
        ParquetFooter.Require(stream);
        Assert.Empty(EmbeddingFile.Read(path));
    }

    // Unit vectors, which a reader leaves as they are.
    private static ClipEmbedding Any(Random random, int dimension, bool hasShards)
    {
        float[] vector = new float[dimension];
        vector[random.Next(dimension)] = random.Next(2) == 0 ? 1 : -1;
        bool isGrouped = random.Next(3) > 0;
        return new ClipEmbedding
        {
            Source = "s" + Words[random.Next(Words.Length)],
            Item = "i" + Words[random.Next(Words.Length)],
            Modality = random.Next(2) == 0 ? Modality.Image : Modality.Text,
            Model = "m",
            Contributor = "c" + random.Next(3),
            Ordinal = random.NextInt64(0, long.MaxValue),
            ClusterId = isGrouped ? random.Next(0, int.MaxValue) : null,
            Novelty = isGrouped ? Novelty.Normal : null,
            Shard = hasShards ? "1/2" : null,
            ShardPosition = hasShards ? random.NextInt64(0, long.MaxValue) : null,
            Vector = vector,
        };
    }

    private string Write(ClipEmbedding[] rows, int dimension)
    {
        string path = _folder.File("written.parquet");
        using FileStream stream = File.Create(path);
        using var writer = new ParquetEmbeddingWriter(stream);
        foreach (ClipEmbedding row in rows)
        {
            writer.Write(row, null);
        }

        writer.Complete(dimension);
        return path;
    }
}
