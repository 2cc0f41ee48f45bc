using System.Runtime.InteropServices;
using Microsoft.Data.Sqlite;
using QosValuation.Embeddings.Encoding;
using QosValuation.Embeddings.Images;
using QosValuation.Embeddings.Models;
using QosValuation.Foundation.Randomness;

namespace QosValuation.Tests;

public sealed class EmbeddingCacheTests : IDisposable
{
    private const int Context = 12;
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void ASecondRunTakesEverythingFromTheCacheToTheByte()
    {
        List<EmbeddingRequest> requests = Requests(40);
        EmbeddingOutcome[] first = Embed(requests, TinyFiles());
        Assert.DoesNotContain(first, outcome => outcome.IsCached);

        EmbeddingOutcome[] second = Embed(requests, TinyFiles());
        Assert.All(second, outcome => Assert.True(outcome.IsCached));
        Assert.Equal(first.Select(outcome => outcome.Ordinal), second.Select(outcome => outcome.Ordinal));
        for (int i = 0; i < first.Length; i++)
        {
            Assert.True(MemoryMarshal.AsBytes<float>(first[i].Embedding!.Vector).SequenceEqual(MemoryMarshal.AsBytes<float>(second[i].Embedding!.Vector)));
        }
    }

    [Fact]
    public void ACopyOfAnImageIsFoundByItsContentAndKeepsItsOwnNames()
    {
        List<EmbeddingRequest> requests = Requests(2);
        Embed(requests, TinyFiles());
        string copy = _folder.File("copy.png");
        File.Copy(requests[0].Source, copy);
        EmbeddingOutcome outcome = Embed([new EmbeddingRequest { Modality = Modality.Image, Source = copy, Item = "other", Contributor = "other" }], TinyFiles()).Single();
        Assert.True(outcome.IsCached);
        Assert.Equal((copy, "other", "other"), (outcome.Embedding!.Source, outcome.Embedding.Item, outcome.Embedding.Contributor));
    }

    [Fact]
    public void OtherWeightsPreprocessingOrContentAreNotConfused()
    {
        List<EmbeddingRequest> requests = Requests(6);
        Embed(requests, TinyFiles());

        // The same image under the same name with other content.
        SaveImage(requests[0].Source, 777);
        EmbeddingOutcome[] changed = Embed(requests, TinyFiles());
        Assert.Equal([false, true, true, true, true, true], changed.Select(outcome => outcome.IsCached));

        string configuration = _folder.File("preprocessor_config.json");
        File.WriteAllText(configuration, File.ReadAllText(Path.Combine(TestData.ClipMini, "preprocessor_config.json")).Replace("0.48145466", "0.5", StringComparison.Ordinal));
        EmbeddingOutcome[] otherMean = Embed(requests, TinyFiles() with { PreprocessorConfigPath = configuration });
        Assert.Equal(requests.Select(request => request.Modality == Modality.Text), otherMean.Select(outcome => outcome.IsCached));

        EmbeddingOutcome[] otherDecoding = Embed(requests, TinyFiles(), ImageDecoding.Fast);
        Assert.Equal(requests.Select(request => request.Modality == Modality.Text), otherDecoding.Select(outcome => outcome.IsCached));
        Assert.All(Embed(requests, TinyFiles(), ImageDecoding.Fast), outcome => Assert.True(outcome.IsCached));

        ClipModelFiles files = TinyFiles();
        byte[] weights = File.ReadAllBytes(files.VisionModelPath!);
        weights[weights.AsSpan().IndexOf(MemoryMarshal.AsBytes<float>(TinyModels.VisionWeights.AsSpan(0, 4))) + 3] ^= 0x80; // the sign of one weight
        File.WriteAllBytes(files.VisionModelPath!, weights);
        EmbeddingOutcome[] otherWeights = Embed(requests, files);
        Assert.Equal(requests.Select(request => request.Modality == Modality.Text), otherWeights.Select(outcome => outcome.IsCached));
        Assert.NotEqual(changed[2].Embedding!.Vector, otherWeights[2].Embedding!.Vector);
    }

    [Fact]
    public void FaultsAreNotKept()
    {
        string missing = _folder.File("missing.png");
        List<EmbeddingRequest> requests = [.. Requests(4), new() { Modality = Modality.Image, Source = missing, Item = missing }, new() { Modality = Modality.Text, Source = " ", Item = "blank" }];
        for (int run = 0; run < 2; run++)
        {
            EmbeddingOutcome[] outcomes = Embed(requests, TinyFiles());
            Assert.Equal("ImageNotFound", outcomes[4].Fault!.ErrorId);
            Assert.Equal("TextEmpty", outcomes[5].Fault!.ErrorId);
            Assert.Equal(run == 1, outcomes[0].IsCached);
        }

        SaveImage(missing, 5);
        Assert.NotNull(Embed(requests, TinyFiles())[4].Embedding);
    }

    [Fact]
    public void SeveralUsersMayShareAFile()
    {
        List<EmbeddingRequest> requests = Requests(30);
        ClipModelFiles files = TinyFiles();
        Parallel.For(0, 4, _ => Assert.All(Embed(requests, files), outcome => Assert.NotNull(outcome.Embedding)));
        Assert.All(Embed(requests, files), outcome => Assert.True(outcome.IsCached));
    }

    [Fact]
    public void AFileThatIsNoCacheIsRefusedAndLeftAsItIs()
    {
        string path = _folder.File("cache.db");
        void Refused(string says)
        {
            byte[]? before = File.Exists(path) ? File.ReadAllBytes(path) : null;
            QosValuationException fault = Assert.Throws<QosValuationException>(() => EmbeddingCache.Open(path).Dispose());
            Assert.Equal("CacheNotReadable", fault.ErrorId);
            Assert.Contains(says, fault.Message, StringComparison.Ordinal);
            Assert.Equal(path, fault.Subject);
            Assert.Equal(before, File.Exists(path) ? File.ReadAllBytes(path) : null);
        }

        File.WriteAllText(path, "notes");
        Refused("no SQLite file");

        File.Delete(path);
        using (var other = new SqliteConnection($"Data Source={path};Pooling=False"))
        {
            other.Open();
            using SqliteCommand command = other.CreateCommand();
            command.CommandText = "CREATE TABLE notes (text TEXT)";
            command.ExecuteNonQuery();
        }

        Refused("another program");

        File.Delete(path);
        Directory.CreateDirectory(path);
        Refused("folder");
    }

    [Fact]
    public void ADamagedCacheIsReported()
    {
        string path = _folder.File("cache.db");
        Embed(Requests(30), TinyFiles());
        byte[] content = File.ReadAllBytes(path);
        content.AsSpan(4096).Fill(0xA5);
        File.WriteAllBytes(path, content);
        QosValuationException fault = Assert.Throws<QosValuationException>(() => Embed(Requests(30), TinyFiles()));
        Assert.Equal("CacheNotReadable", fault.ErrorId);
    }

    [Fact]
    public void AVectorThatIsNotWholeIsComputedAgain()
    {
        List<EmbeddingRequest> requests = Requests(2);
        EmbeddingOutcome[] first = Embed(requests, TinyFiles());
        using (var connection = new SqliteConnection($"Data Source={_folder.File("cache.db")};Pooling=False"))
        {
            connection.Open();
            using SqliteCommand command = connection.CreateCommand();
            command.CommandText = "UPDATE embeddings SET vector = zeroblob(length(vector))";
            Assert.Equal(2, command.ExecuteNonQuery());
        }

        EmbeddingOutcome[] second = Embed(requests, TinyFiles());
        Assert.All(second, outcome => Assert.False(outcome.IsCached));
        Assert.Equal(first.Select(outcome => outcome.Embedding!.Vector), second.Select(outcome => outcome.Embedding!.Vector));
        Assert.All(Embed(requests, TinyFiles()), outcome => Assert.True(outcome.IsCached));
    }

    [Fact]
    public void NoFlippedBitOfTheVectorsOrTheirKeysChangesAnEmbedding()
    {
        List<EmbeddingRequest> requests = Requests(2);
        EmbeddingOutcome[] first = Embed(requests, TinyFiles());
        byte[] bytes = File.ReadAllBytes(_folder.File("cache.db"));
        int found = 0;
        int flips = 0;

        // Every part of the file is met; the vectors and their keys fill the end of a page each, at every byte.
        for (int i = 0; i < bytes.Length; i += bytes[i] == 0 ? 61 : 7)
        {
            byte[] tampered = (byte[])bytes.Clone();
            tampered[i] ^= (byte)(1 << (i % 8));
            File.WriteAllBytes(_folder.File("cache.db"), tampered);
            flips++;
            try
            {
                EmbeddingOutcome[] again = Embed(requests, TinyFiles());
                Assert.Equal(first.Select(outcome => outcome.Embedding!.Vector), again.Select(outcome => outcome.Embedding!.Vector));
                found += again.Any(outcome => !outcome.IsCached) ? 1 : 0;
            }
            catch (QosValuationException fault)
            {
                Assert.StartsWith("Cache", fault.ErrorId, StringComparison.Ordinal);
                found++;
            }

            File.Delete(_folder.File("cache.db-wal"));
            File.Delete(_folder.File("cache.db-shm"));
        }

        Assert.InRange(found, 10, flips);
    }

    [Fact]
    public void ATextThatLostItsEndSaysSoOnEveryRun()
    {
        List<EmbeddingRequest> requests =
        [
            new() { Modality = Modality.Text, Source = "short", Item = "0" },
            new() { Modality = Modality.Text, Source = string.Concat(Enumerable.Repeat("a dog in the snow ", 20)), Item = "1" },
        ];
        for (int run = 0; run < 2; run++)
        {
            EmbeddingOutcome[] outcomes = Embed(requests, TinyFiles());
            Assert.All(outcomes, outcome => Assert.Equal(run == 1, outcome.IsCached));
            Assert.Equal([false, true], outcomes.Select(outcome => outcome.IsTruncated));
        }
    }

    [Fact]
    public void AnotherPaddingTokenIsAnotherEncoder()
    {
        ClipModelFiles files = TinyFiles();
        foreach (string name in (string[])["vocab.json", "merges.txt"])
        {
            File.Copy(Path.Combine(TestData.ClipMini, name), _folder.File(name));
        }

        files = files with { VocabularyPath = _folder.File("vocab.json"), MergesPath = _folder.File("merges.txt") };
        List<EmbeddingRequest> requests = Requests(4);
        Embed(requests, files);
        File.WriteAllText(_folder.File("special_tokens_map.json"), """{"pad_token": "!"}""");
        Assert.Equal([true, false, true, false], Embed(requests, files).Select(outcome => outcome.IsCached));
    }

    [Fact]
    public void AnImageThatCannotBeReadAsAFileCostsItselfAlone()
    {
        if (!OperatingSystem.IsLinux())
        {
            return;
        }

        // A pipe has no length, a folder no content.
        using var pipe = new System.IO.Pipes.AnonymousPipeServerStream();
        File.CreateSymbolicLink(_folder.File("pipe.png"), $"/proc/self/fd/{pipe.ClientSafePipeHandle.DangerousGetHandle()}");
        Directory.CreateDirectory(_folder.File("folder.png"));
        List<EmbeddingRequest> requests = Requests(1);
        foreach (string name in (string[])["pipe.png", "folder.png"])
        {
            requests.Add(new EmbeddingRequest { Modality = Modality.Image, Source = _folder.File(name), Item = name });
        }

        EmbeddingOutcome[] outcomes = Embed(requests, TinyFiles());
        Assert.NotNull(outcomes[0].Embedding);
        Assert.All(outcomes[1..], outcome => Assert.Equal("ImageNotReadable", outcome.Fault!.ErrorId));
        Assert.Contains("it is a folder", outcomes[2].Fault!.Message, StringComparison.Ordinal);
    }

    private EmbeddingOutcome[] Embed(List<EmbeddingRequest> requests, ClipModelFiles files, ImageDecoding decoding = ImageDecoding.Exact)
    {
        using EmbeddingCache cache = EmbeddingCache.Open(_folder.File("cache.db"));
        using ClipEncoder encoder = ClipEncoder.Open(files, new ClipEncoderOptions { Decoding = decoding });
        return [.. EmbeddingPipeline.Embed(encoder, requests, new EmbeddingPipelineOptions { BatchSize = 4, Cache = cache })];
    }

    private ClipModelFiles TinyFiles()
    {
        string vision = _folder.File("vision_model.onnx"), text = _folder.File("text_model.onnx");
        if (!File.Exists(vision))
        {
            TinyModels.Vision(vision, "batch");
            TinyModels.Text(text, Context, "sequence");
        }

        return TinyModels.Files(_folder.Path, vision, text);
    }

    private List<EmbeddingRequest> Requests(int count)
    {
        List<EmbeddingRequest> requests = [];
        for (int i = 0; i < count; i++)
        {
            string path = _folder.File($"{i}.png");
            if (!File.Exists(path))
            {
                SaveImage(path, i);
            }

            requests.Add(i % 2 == 0
                ? new EmbeddingRequest { Modality = Modality.Image, Source = path, Item = path }
                : new EmbeddingRequest { Modality = Modality.Text, Source = $"text number {i}", Item = path });
        }

        return requests;
    }

    private static void SaveImage(string path, int seed)
    {
        byte[] rgb = new byte[9 * 7 * 3];
        RandomSource.Create(seed).NextBytes(rgb);
        ImageWriter.SavePng(path, rgb, 9, 7);
    }
}
