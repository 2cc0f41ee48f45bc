using System.Runtime.InteropServices;
using QosValuation.Embeddings.Encoding;
using QosValuation.Embeddings.Images;
using QosValuation.Foundation.Numerics;
using QosValuation.Foundation.Randomness;
using QosValuation.Onnx.Model;

namespace QosValuation.Tests;

public sealed class EmbeddingPipelineTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void OutcomesComeInTheOrderOfTheRequestsWhateverTheirKind()
    {
        using ClipEncoder encoder = OpenTiny();
        List<EmbeddingRequest> requests = [];
        for (int i = 0; i < 150; i++)
        {
            requests.Add(i % 7 is 0 or 3 ? Image(i) : Text($"text number {i}", i));
        }

        List<EmbeddingOutcome> outcomes = [.. EmbeddingPipeline.Embed(encoder, requests, new EmbeddingPipelineOptions { BatchSize = 4 })];

        Assert.Equal(requests, outcomes.Select(outcome => outcome.Request));
        Assert.Equal(Enumerable.Range(0, 150).Select(i => (long)i), outcomes.Select(outcome => outcome.Ordinal));
        foreach (EmbeddingOutcome outcome in outcomes)
        {
            ClipEmbedding embedding = outcome.Embedding!;
            Assert.Null(outcome.Fault);
            Assert.Equal((outcome.Request.Source, outcome.Request.Item, outcome.Request.Modality, outcome.Request.Contributor, outcome.Ordinal, "tiny"), (embedding.Source, embedding.Item, embedding.Modality, embedding.Contributor, embedding.Ordinal, embedding.Model));
            Assert.InRange(UnitVector.Norm(embedding.Vector), 1 - 1e-6, 1 + 1e-6);
            float[] alone = embedding.Modality == Modality.Image ? encoder.EncodeImage(embedding.Source) : encoder.EncodeText(embedding.Source);
            Assert.InRange(UnitVector.Dot(alone, embedding.Vector), 0.99999f, 1.00001f);
        }
    }

    [Fact]
    public void BadItemsCostOneFaultEachAndLeaveTheBytesOfTheOthersAlone()
    {
        using ClipEncoder encoder = OpenTiny();
        File.WriteAllText(_folder.File("broken.png"), "no image");
        EmbeddingRequest broken = new() { Modality = Modality.Image, Source = _folder.File("broken.png"), Item = "broken" };
        EmbeddingRequest missing = broken with { Source = _folder.File("missing.png") };
        List<EmbeddingRequest> good = [.. Enumerable.Range(0, 23).Select(Image)];
        List<EmbeddingRequest> mixed = [.. good];
        mixed[2] = broken;
        mixed[3] = missing;
        mixed[22] = missing;

        EmbeddingOutcome[] expected = [.. EmbeddingPipeline.Embed(encoder, good, new EmbeddingPipelineOptions { BatchSize = 5 })];
        EmbeddingOutcome[] actual = [.. EmbeddingPipeline.Embed(encoder, mixed, new EmbeddingPipelineOptions { BatchSize = 5 })];

        Assert.Equal(mixed, actual.Select(outcome => outcome.Request));
        for (int i = 0; i < mixed.Count; i++)
        {
            if (mixed[i] == good[i])
            {
                AssertSameBytes(expected[i].Embedding!.Vector, actual[i].Embedding!.Vector);
            }
            else
            {
                Assert.Null(actual[i].Embedding);
                Assert.Equal(mixed[i] == broken ? "ImageNotReadable" : "ImageNotFound", actual[i].Fault!.ErrorId);
                Assert.Equal(mixed[i].Source, actual[i].Fault!.Subject);
            }
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData(" \t")]
    public void AnEmptyTextIsAFault(string empty)
    {
        using ClipEncoder encoder = OpenTiny();
        EmbeddingOutcome[] outcomes = [.. EmbeddingPipeline.Embed(encoder, [Text("a", 0), Text(empty, 1), Text("b", 2)])];
        Assert.Equal("TextEmpty", outcomes[1].Fault!.ErrorId);
        Assert.NotNull(outcomes[0].Embedding);
        Assert.NotNull(outcomes[2].Embedding);
    }

    [Fact]
    public void ALongTextIsEmbeddedWithoutItsEndAndSaysSo()
    {
        using ClipEncoder encoder = ClipEncoder.Open("clip-mini");
        string longText = string.Concat(Enumerable.Repeat("a dog in the snow ", 20));
        EmbeddingOutcome[] outcomes = [.. EmbeddingPipeline.Embed(encoder, [Text("a dog", 0), Text(longText, 1)])];
        Assert.Equal([false, true], outcomes.Select(outcome => outcome.IsTruncated));
        Assert.All(outcomes, outcome => Assert.NotNull(outcome.Embedding));
    }

    [Fact]
    public void TheSameRequestsGiveTheSameBytesAndOtherBatchSizesTheSameDirections()
    {
        using ClipEncoder encoder = ClipEncoder.Open("clip-mini");
        List<EmbeddingRequest> requests = [];
        for (int i = 0; i < 21; i++)
        {
            requests.Add(Image(i));
            requests.Add(Text(string.Join(' ', Enumerable.Repeat("a brown dog", 1 + i % 4)) + i, i));
        }

        float[][] Vectors(int batchSize, int decoders, ClipEncoder with) =>
            [.. EmbeddingPipeline.Embed(with, requests, new EmbeddingPipelineOptions { BatchSize = batchSize, DecodeThreads = decoders }).Select(outcome => outcome.Embedding!.Vector)];

        float[][] first = Vectors(6, 2, encoder);
        float[][] second = Vectors(6, 5, encoder);
        using ClipEncoder other = ClipEncoder.Open("clip-mini", new ClipEncoderOptions { ConcurrentRuns = 3, ThreadsPerRun = 1 });
        float[][] third = Vectors(6, 1, other);
        for (int i = 0; i < requests.Count; i++)
        {
            AssertSameBytes(first[i], second[i]);
            if (encoder.Options.EffectiveThreadsPerRun == 1)
            {
                AssertSameBytes(first[i], third[i]);
            }
        }

        foreach (int batchSize in (int[])[1, 2, 16, 64])
        {
            float[][] vectors = Vectors(batchSize, 2, encoder);
            for (int i = 0; i < requests.Count; i++)
            {
                Assert.InRange(UnitVector.Dot(first[i], vectors[i]), 0.99999f, 1.00001f);
            }
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task FewProcessorsGiveTheBytesOfManyAndNeverWaitForEachOther(int processors)
    {
        using ClipEncoder encoder = ClipEncoder.Open("clip-mini", new ClipEncoderOptions { ConcurrentRuns = 3, ThreadsPerRun = 1 });
        List<EmbeddingRequest> requests = [.. Enumerable.Range(0, 40).Select(index => index % 3 == 0 ? Text("a dog " + index, index) : Image(index))];
        float[][] free = Vectors(0);
        float[][] held = await Task.Run(() => Vectors(processors)).WaitAsync(TimeSpan.FromMinutes(5));
        for (int i = 0; i < requests.Count; i++)
        {
            AssertSameBytes(free[i], held[i]);
        }

        float[][] Vectors(int places)
        {
            var options = new EmbeddingPipelineOptions { BatchSize = 4, DecodeThreads = 5, Processors = places };
            return [.. EmbeddingPipeline.Embed(encoder, requests, options).Select(outcome => outcome.Embedding!.Vector)];
        }
    }

    [Fact]
    public void AFewItemsOfOneKindDoNotHoldUpAStreamOfTheOther()
    {
        using ClipEncoder encoder = OpenTiny();
        using var pipeline = new EmbeddingPipeline(encoder, new EmbeddingPipelineOptions { BatchSize = 2 });
        Assert.True(pipeline.TryAdd(Image(0)));
        int texts = 0;
        while (pipeline.TryAdd(Text($"text {texts}", texts)))
        {
            texts++;
        }

        // The pipeline takes no more before something is taken, and the lone image must come out although its batch is not full.
        Assert.InRange(texts, 32, 1000);
        Assert.True(pipeline.Wait(TimeSpan.FromMinutes(1)));
        Assert.True(pipeline.TryTake(out EmbeddingOutcome? first));
        Assert.Equal(Modality.Image, first.Request.Modality);
        Assert.True(pipeline.TryAdd(Text("one more", 9999)));
        pipeline.Complete();
        int taken = 0;
        while (!pipeline.IsFinished)
        {
            pipeline.Wait(Timeout.InfiniteTimeSpan);
            taken += pipeline.TryTake(out _) ? 1 : 0;
        }

        Assert.Equal(texts + 1, taken);
        Assert.Equal(pipeline.Added, pipeline.Taken);
    }

    [Fact]
    public void OutcomesComeBeforeTheInputEnds()
    {
        using ClipEncoder encoder = OpenTiny();
        int read = 0;
        IEnumerable<EmbeddingRequest> Endless()
        {
            while (true)
            {
                yield return Image(read++ % 10);
            }
        }

        List<EmbeddingOutcome> outcomes = [.. EmbeddingPipeline.Embed(encoder, Endless(), new EmbeddingPipelineOptions { BatchSize = 3 }).Take(100)];
        Assert.Equal(100, outcomes.Count);
        Assert.InRange(read, 100, 100 + 3 * 16 * 4 + 1);
    }

    [Fact]
    public void CancellingEndsEverything()
    {
        using ClipEncoder encoder = ClipEncoder.Open("clip-mini");
        using var cancellation = new CancellationTokenSource();
        int taken = 0;
        Assert.ThrowsAny<OperationCanceledException>(() =>
        {
            foreach (EmbeddingOutcome outcome in EmbeddingPipeline.Embed(encoder, Enumerable.Range(0, int.MaxValue).Select(i => Image(i % 10)), cancellation: cancellation.Token))
            {
                Assert.NotNull(outcome.Embedding);
                if (++taken == 20)
                {
                    cancellation.Cancel();
                }
            }
        });
        Assert.InRange(taken, 20, 20 + EmbeddingPipelineOptions.DefaultBatchSize * 64);

        // The encoder is still good for another pipeline.
        Assert.NotNull(EmbeddingPipeline.Embed(encoder, [Image(0)]).Single().Embedding);
    }

    [Fact]
    public void AWaitingTakerIsWokenByCancellation()
    {
        using ClipEncoder encoder = OpenTiny();
        using var cancellation = new CancellationTokenSource();
        using var pipeline = new EmbeddingPipeline(encoder, null, cancellation.Token);
        pipeline.TryAdd(Image(0)); // A batch that is never filled.
        Assert.False(pipeline.Wait(TimeSpan.FromMilliseconds(1)));
        using var timer = new Timer(_ => cancellation.Cancel(), null, 50, Timeout.Infinite);
        Assert.ThrowsAny<OperationCanceledException>(() => pipeline.Wait(Timeout.InfiniteTimeSpan));
    }

    [Fact]
    public void AModelThatCannotRunEndsThePipelineWithItsFault()
    {
        // The graph promises 8 numbers and gives 48.
        string path = new OnnxBuilder()
            .Node("Flatten", ["pixel_values"], ["image_embeds"], ("axis", 1))
            .Input("pixel_values", OnnxBuilder.Float, "batch", 3, "h", "w")
            .Output("image_embeds", OnnxBuilder.Float, "batch", TinyModels.Dimension)
            .Save(_folder.File("wrong.onnx"));
        using ClipEncoder encoder = ClipEncoder.Open(TinyModels.Files(_folder.Path, path));
        QosValuationException fault = Assert.Throws<QosValuationException>(() => EmbeddingPipeline.Embed(encoder, [Image(0)]).ToList());
        Assert.Equal("InferenceFailed", fault.ErrorId);

        string broken = TinyModels.Vision(_folder.File("broken.onnx"), "batch");
        byte[] content = File.ReadAllBytes(broken);
        int at = content.AsSpan().IndexOf("MatMul"u8);
        "MutMal"u8.CopyTo(content.AsSpan(at));
        File.WriteAllBytes(broken, content);
        using ClipEncoder unknown = ClipEncoder.Open(TinyModels.Files(_folder.Path, broken));
        fault = Assert.Throws<QosValuationException>(() => EmbeddingPipeline.Embed(unknown, [Image(0)]).ToList());
        Assert.Equal("ModelNotReadable", fault.ErrorId);
    }

    [Fact]
    public void WhatTheModelCannotEmbedIsRefusedAtOnce()
    {
        using ClipEncoder encoder = ClipEncoder.Open(TinyModels.Files(_folder.Path, TinyModels.Vision(_folder.File("vision_model.onnx"), "batch")));
        using var pipeline = new EmbeddingPipeline(encoder);
        Assert.Equal("ModalityNotSupported", Assert.Throws<QosValuationException>(() => pipeline.TryAdd(Text("a dog", 0))).ErrorId);
        Assert.True(pipeline.TryAdd(Image(0)));
    }

    [SharedDataFact]
    public void ClipMiniFindsTheCaptionsOfPhotographs()
    {
        string folder = Path.Combine(TestData.SharedData!, "flickr8k-clip");
        using System.Text.Json.JsonDocument document = System.Text.Json.JsonDocument.Parse(
            File.ReadAllBytes(Directory.GetFiles(folder, "*caption*.json").Single()));
        Dictionary<long, string> captions = [];
        foreach (System.Text.Json.JsonElement annotation in document.RootElement.GetProperty("annotations").EnumerateArray())
        {
            captions.TryAdd(annotation.GetProperty("image_id").GetInt64(), annotation.GetProperty("caption").GetString()!);
        }

        const int count = 200;
        List<EmbeddingRequest> requests = [];
        foreach (System.Text.Json.JsonElement image in document.RootElement.GetProperty("images").EnumerateArray().Take(count))
        {
            string item = image.GetProperty("file_name").GetString()!;
            string path = Directory.EnumerateFiles(folder, Path.GetFileName(item), SearchOption.AllDirectories).First();
            requests.Add(new EmbeddingRequest { Modality = Modality.Image, Source = path, Item = item });
            requests.Add(new EmbeddingRequest { Modality = Modality.Text, Source = captions[image.GetProperty("id").GetInt64()], Item = item });
        }

        using ClipEncoder encoder = ClipEncoder.Open("clip-mini");
        ClipEmbedding[] embeddings = [.. EmbeddingPipeline.Embed(encoder, requests).Select(outcome => outcome.Embedding!)];
        ClipEmbedding[] images = [.. embeddings.Where(e => e.Modality == Modality.Image)];
        int found = 0;
        foreach (ClipEmbedding text in embeddings.Where(e => e.Modality == Modality.Text))
        {
            ClipEmbedding own = images.Single(image => image.Item == text.Item);
            float score = UnitVector.Dot(text.Vector, own.Vector);
            found += images.Count(image => UnitVector.Dot(text.Vector, image.Vector) > score) < 10 ? 1 : 0;
        }

        // By chance 10 of 200 captions would find their photograph among the first ten.
        Assert.InRange(found, 60, count);
    }

    private static void AssertSameBytes(float[] expected, float[] actual) =>
        Assert.True(MemoryMarshal.AsBytes<float>(expected).SequenceEqual(MemoryMarshal.AsBytes<float>(actual)));

    private static EmbeddingRequest Text(string text, int item) => new() { Modality = Modality.Text, Source = text, Item = $"item {item}", Contributor = $"c{item % 3}" };

    private ClipEncoder OpenTiny() => ClipEncoder.Open(TinyModels.Files(
        _folder.Path, TinyModels.Vision(_folder.File("vision_model.onnx"), "batch"), TinyModels.Text(_folder.File("text_model.onnx"), 12, "sequence")));

    private EmbeddingRequest Image(int number)
    {
        string path = _folder.File($"{number}.png");
        if (!File.Exists(path))
        {
            byte[] rgb = new byte[20 * 14 * 3];
            RandomSource.Create(number).NextBytes(rgb);
            ImageWriter.SavePng(path, rgb, 20, 14);
        }

        return new EmbeddingRequest { Modality = Modality.Image, Source = path, Item = path, Contributor = "someone" };
    }
}
