using QosValuation.Embeddings;
using QosValuation.Numerics;

namespace QosValuation.Tests.Embeddings.Encoder;

public sealed class EmbeddingCacheTests : IDisposable
{
    private static readonly byte[] Vision = [.. Enumerable.Repeat((byte)1, 32)];
    private static readonly byte[] Text = [.. Enumerable.Repeat((byte)2, 32)];

    private readonly TemporaryFolder _folder = new();

    private string CachePath => _folder.File("cache.db");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void VectorsComeBackBitForBitInAnotherSession()
    {
        RandomSource random = RandomSource.Create(5);
        float[][] vectors = [.. Enumerable.Range(0, 600).Select(_ => Enumerable.Range(0, 16).Select(_ => (float)random.NextNormal()).ToArray())];
        using (EmbeddingCache cache = EmbeddingCache.Open(CachePath, Vision, Text))
        {
            for (int i = 0; i < vectors.Length; i++)
            {
                byte[] key = EmbeddingCache.ContentDigest("item " + i);
                Assert.False(cache.TryGet(Modality.Image, key, out _));
                cache.Add(Modality.Image, key, vectors[i]);
                Assert.True(cache.TryGet(Modality.Image, key, out float[]? pending));
                Assert.Equal(vectors[i], pending);
            }
        }

        using EmbeddingCache again = EmbeddingCache.Open(CachePath, Vision, Text);
        for (int i = 0; i < vectors.Length; i++)
        {
            Assert.True(again.TryGet(Modality.Image, EmbeddingCache.ContentDigest("item " + i), out float[]? vector));
            Assert.Equal(vectors[i], vector);
        }
    }

    [Fact]
    public void ModalitiesModelsAndContentsAreKeptApart()
    {
        byte[] key = EmbeddingCache.ContentDigest("a");
        using (EmbeddingCache cache = EmbeddingCache.Open(CachePath, Vision, Text))
        {
            cache.Add(Modality.Image, key, [1]);
            cache.Add(Modality.Text, key, [2]);
            Assert.False(cache.TryGet(Modality.Image, EmbeddingCache.ContentDigest("b"), out _));
        }

        using (EmbeddingCache same = EmbeddingCache.Open(CachePath, Vision, Text))
        {
            Assert.True(same.TryGet(Modality.Text, key, out float[]? text));
            Assert.Equal([2f], text!);
        }

        using EmbeddingCache other = EmbeddingCache.Open(CachePath, Text, Vision);
        Assert.True(other.TryGet(Modality.Image, key, out float[]? swapped));
        Assert.Equal([2f], swapped!);
        using EmbeddingCache third = EmbeddingCache.Open(CachePath, new byte[32], new byte[32]);
        Assert.False(third.TryGet(Modality.Image, key, out _));
    }

    [Fact]
    public void AnotherFileIsRefusedAndKept()
    {
        File.WriteAllText(CachePath, "my notes");
        QosValuationException fault = Assert.Throws<QosValuationException>(() => EmbeddingCache.Open(CachePath, Vision, Text));
        Assert.Equal("DatabaseNotReadable", fault.ErrorId);
        Assert.Equal("my notes", File.ReadAllText(CachePath));
    }

    [Fact]
    public void DigestsDependOnTheModelAndOnItsSettings()
    {
        string model = _folder.File("model.onnx");
        File.WriteAllText(model, "weights");
        byte[] digest = EmbeddingCache.ModelDigest(model, "224");
        Assert.Equal(digest, EmbeddingCache.ModelDigest(model, "224"));
        Assert.NotEqual(digest, EmbeddingCache.ModelDigest(model, "96"));
        File.WriteAllText(model, "weight5");
        Assert.NotEqual(digest, EmbeddingCache.ModelDigest(model, "224"));
        Assert.Equal("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", Convert.ToHexStringLower(EmbeddingCache.ContentDigest("abc"))); // FIPS 180-2
    }

    [Fact]
    public async Task SeveralThreadsAndProcessesMayShareAFile()
    {
        await Task.WhenAll(Enumerable.Range(0, 4).Select(worker => Task.Run(() =>
        {
            using EmbeddingCache cache = EmbeddingCache.Open(CachePath, Vision, Text);
            Parallel.For(0, 500, new ParallelOptions { MaxDegreeOfParallelism = 3 }, i =>
                cache.Add(Modality.Text, EmbeddingCache.ContentDigest(worker + "/" + i), [worker, i]));
        })));
        using EmbeddingCache result = EmbeddingCache.Open(CachePath, Vision, Text);
        for (int i = 0; i < 500; i++)
        {
            Assert.True(result.TryGet(Modality.Text, EmbeddingCache.ContentDigest("3/" + i), out float[]? vector));
            Assert.Equal([3f, i], vector!);
        }
    }
}
