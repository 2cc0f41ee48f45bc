using System.Numerics.Tensors;
using QosValuation.Embeddings.Datasets.Scenes;
using QosValuation.Embeddings.Encoding;
using QosValuation.Embeddings.Models;
using QosValuation.Foundation.Numerics;
using QosValuation.Onnx.Model;

namespace QosValuation.Tests;

public sealed class ClipEncoderTests : IDisposable
{
    private const int Context = 12;
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("batch", "pixel_values", "image_embeds", false)]
    [InlineData(null, "image", "result", true)]
    [InlineData(1, "pixel_values", "image_embeds", false)]
    [InlineData(3, "pixel_values", "image_embeds", false)]
    public void ImagesAreEmbeddedAsTheGraphSays(object? batch, string input, string output, bool extraOutput)
    {
        using ClipEncoder encoder = OpenVision(TinyModels.Vision(_folder.File("vision_model.onnx"), batch, input, output, extraOutput: extraOutput));
        AssertImages(encoder, 5, 1e-5f);
    }

    [Fact]
    public void HalfPrecisionInputsAndOutputsAreConverted()
    {
        using ClipEncoder encoder = OpenVision(TinyModels.HalfVision(_folder.File("vision_model.onnx")));
        AssertImages(encoder, 4, 4e-3f);
    }

    [Fact]
    public void QuantisedWeightsRunAndTheirPositionTableIsFound()
    {
        const int context = 9;
        sbyte[] Quantise(float[] numbers, float scale) => [.. numbers.Select(number => (sbyte)Math.Clamp(MathF.Round(number / scale), -127, 127))];
        float[] positions = TinyModels.Numbers(context * TinyModels.Dimension, 3);
        string path = new OnnxBuilder()
            .Bytes("tokens_quantized", Quantise(TinyModels.TokenTable, 0.05f), TinyModels.Vocabulary, TinyModels.Dimension)
            .Bytes("table_quantized", Quantise(positions, 0.05f), context, TinyModels.Dimension)
            .Bytes("square_quantized", Quantise([.. Enumerable.Range(0, 64).Select(i => i % 9 == 0 ? 1f : 0f)], 0.05f), TinyModels.Dimension, TinyModels.Dimension)
            .Weights("scale", [0.05f])
            .Bytes("zeroPoint", [0])
            .Integers("zero", [0], 1)
            .Integers("one", [1], 1)
            .Integers("two", [2], 1)
            .Input("input_ids", OnnxBuilder.Int64, "batch", "sequence")
            .Input("attention_mask", OnnxBuilder.Int64, "batch", "sequence")
            .Node("DequantizeLinear", ["tokens_quantized", "scale", "zeroPoint"], ["tokens"])
            .Node("DequantizeLinear", ["table_quantized", "scale", "zeroPoint"], ["table"])
            .Node("DequantizeLinear", ["square_quantized", "scale", "zeroPoint"], ["square"])
            .Node("Gather", ["tokens", "input_ids"], ["embedded"])
            .Node("Shape", ["input_ids"], ["shape"])
            .Node("Gather", ["shape", "one"], ["length"])
            .Node("Slice", ["table", "zero", "length", "zero"], ["positions"])
            .Node("Add", ["embedded", "positions"], ["sum"])
            .Node("MatMul", ["sum", "square"], ["same"])
            .Node("Cast", ["attention_mask"], ["floatMask"], ("to", OnnxBuilder.Float))
            .Node("Unsqueeze", ["floatMask", "two"], ["column"])
            .Node("Mul", ["same", "column"], ["masked"])
            .Node("ReduceSum", ["masked", "one"], ["text_embeds"], ("keepdims", 0))
            .Output("text_embeds", OnnxBuilder.Float, "batch", TinyModels.Dimension)
            .Save(_folder.File("text_model_quantized.onnx"));
        using ClipEncoder encoder = OpenText(path);
        Assert.Equal(context, encoder.Model.ContextLength);
        int[] ids = new int[context];
        int length = encoder.Tokenizer.EncodePadded("a dog", context, ids, out _);
        TinyModels.AssertClose(TinyModels.ExpectedText(ids.AsSpan(0, length), context), encoder.EncodeText("a dog"), 0.05f);
    }

    [Theory]
    [InlineData(OnnxBuilder.Int64, OnnxBuilder.Int64, null, "")]
    [InlineData(OnnxBuilder.Int32, OnnxBuilder.Int32, null, "text_")]
    [InlineData(OnnxBuilder.Int32, OnnxBuilder.Int64, Context, "")]
    [InlineData(OnnxBuilder.Int64, OnnxBuilder.Bool, null, "")]
    [InlineData(OnnxBuilder.Int64, OnnxBuilder.Float, "sequence", "")]
    [InlineData(OnnxBuilder.Int64, OnnxBuilder.Float16, "sequence", "")]
    public void MaskedTextsDependOnTheirTokensAlone(int idType, int maskType, object? statedLength, string prefix)
    {
        using ClipEncoder encoder = OpenText(TinyModels.Text(_folder.File("text_model.onnx"), Context, statedLength, idType, maskType, prefix));
        foreach (string text in (string[])["a dog", "two children play in the deep snow", "x"])
        {
            int[] ids = new int[Context];
            int length = encoder.Tokenizer.EncodePadded(text, Context, ids, out _);
            TinyModels.AssertClose(TinyModels.ExpectedText(ids.AsSpan(0, length), Context), encoder.EncodeText(text), 1e-5f);
        }
    }

    [Fact]
    public void PaddingThatMattersIsNotTrimmed()
    {
        // Without a mask this graph sums the padding too, so that leaving it out would change the result.
        using ClipEncoder encoder = OpenText(TinyModels.Text(_folder.File("text_model.onnx"), Context, "sequence", maskType: null));
        int[] ids = new int[Context];
        encoder.Tokenizer.EncodePadded("a dog", Context, ids, out _);
        TinyModels.AssertClose(TinyModels.ExpectedText(ids, Context), encoder.EncodeText("a dog"), 1e-5f);
    }

    [Fact]
    public void TextsOfOneRunMayDifferInLength()
    {
        using ClipEncoder encoder = ClipEncoder.Open("clip-mini");
        string[] texts = ["a dog", "A brown dog runs through the deep snow while two children in red jackets watch it from a hill", "people"];
        int context = encoder.Model.ContextLength;
        int[] ids = new int[texts.Length * context];
        int[] lengths = new int[texts.Length];
        for (int i = 0; i < texts.Length; i++)
        {
            lengths[i] = encoder.Tokenizer.EncodePadded(texts[i], context, ids.AsSpan(i * context), out _);
        }

        float[] together = new float[texts.Length * encoder.Dimension];
        encoder.EncodeTexts(ids, lengths, together);
        for (int i = 0; i < texts.Length; i++)
        {
            float[] alone = encoder.EncodeText(texts[i]);
            Assert.InRange(UnitVector.Norm(alone), 1 - 1e-6, 1 + 1e-6);
            Assert.InRange(UnitVector.Dot(alone, together.AsSpan(i * encoder.Dimension, encoder.Dimension)), 0.99999f, 1.00001f);
        }
    }

    [Fact]
    public void TrimmedPaddingDoesNotChangeClipMini()
    {
        using ClipEncoder encoder = ClipEncoder.Open("clip-mini");
        using var session = OnnxRuntimeHost.Open(encoder.Description.Text!.Path);
        int[] ids = new int[encoder.Model.ContextLength];
        encoder.Tokenizer.EncodePadded("a man rides a bicycle", ids.Length, ids, out _);
        using var input = Microsoft.ML.OnnxRuntime.OrtValue.CreateTensorValueFromMemory(Array.ConvertAll(ids, id => (long)id), [1, ids.Length]);
        using var run = new Microsoft.ML.OnnxRuntime.RunOptions();
        using var outputs = session.Run(run, ["input_ids"], [input], ["text_embeds"]);
        float cosine = TensorPrimitives.CosineSimilarity(outputs[0].GetTensorDataAsSpan<float>(), encoder.EncodeText("a man rides a bicycle"));
        Assert.InRange(cosine, 0.99999f, 1.00001f);
    }

    [Fact]
    public void AFileWithBothEncodersServesBoth()
    {
        string path = new OnnxBuilder()
            .Weights("W", TinyModels.VisionWeights, TinyModels.PixelCount, TinyModels.Dimension)
            .Weights("tokens", TinyModels.TokenTable, TinyModels.Vocabulary, TinyModels.Dimension)
            .Integers("one", [1], 1)
            .Integers("two", [2], 1)
            .Input("input_ids", OnnxBuilder.Int64, "texts", "sequence")
            .Input("pixel_values", OnnxBuilder.Float, "images", 3, TinyModels.Side, TinyModels.Side)
            .Input("attention_mask", OnnxBuilder.Int64, "texts", "sequence")
            .Node("Flatten", ["pixel_values"], ["flat"], ("axis", 1))
            .Node("MatMul", ["flat", "W"], ["image_embeds"])
            .Node("Gather", ["tokens", "input_ids"], ["embedded"])
            .Node("Cast", ["attention_mask"], ["floatMask"], ("to", OnnxBuilder.Float))
            .Node("Unsqueeze", ["floatMask", "two"], ["column"])
            .Node("Mul", ["embedded", "column"], ["masked"])
            .Node("ReduceSum", ["masked", "one"], ["text_embeds"], ("keepdims", 0))
            .Output("text_embeds", OnnxBuilder.Float, "texts", TinyModels.Dimension)
            .Output("image_embeds", OnnxBuilder.Float, "images", TinyModels.Dimension)
            .Save(_folder.File("model.onnx"));

        foreach (ClipModelFiles files in (ClipModelFiles[])[TinyModels.Files(_folder.Path, path), TinyModels.Files(_folder.Path, null, path)])
        {
            using ClipEncoder encoder = ClipEncoder.Open(files);
            Assert.Equal([Modality.Image, Modality.Text], encoder.Model.Modalities);
            AssertImages(encoder, 2, 1e-5f);

            int[] ids = new int[encoder.Model.ContextLength];
            int length = encoder.Tokenizer.EncodePadded("a dog", ids.Length, ids, out _);
            double[] sum = new double[TinyModels.Dimension];
            foreach (int id in ids.AsSpan(0, length))
            {
                for (int d = 0; d < sum.Length; d++)
                {
                    sum[d] += TinyModels.TokenTable[id * TinyModels.Dimension + d];
                }
            }

            float[] expected = [.. sum.Select(x => (float)(x / Math.Sqrt(sum.Sum(y => y * y))))];
            TinyModels.AssertClose(expected, encoder.EncodeText("a dog"), 1e-5f);
        }
    }

    [Fact]
    public void AVectorThatIsZeroOrNotFiniteIsAFault()
    {
        using ClipEncoder encoder = OpenVision(TinyModels.Vision(_folder.File("vision_model.onnx"), "batch"));
        float[] vectors = new float[TinyModels.Dimension];
        foreach (float value in (float[])[0, float.NaN, float.PositiveInfinity])
        {
            float[] pixels = new float[TinyModels.PixelCount];
            Array.Fill(pixels, value);
            QosValuationException fault = Assert.Throws<QosValuationException>(() => encoder.EncodeImages(pixels, vectors));
            Assert.Equal("EmbeddingNotFinite", fault.ErrorId);
        }
    }

    [Fact]
    public void AMissingEncoderIsNamed()
    {
        using ClipEncoder vision = OpenVision(TinyModels.Vision(_folder.File("vision_model.onnx"), "batch"));
        Assert.Equal("ModalityNotSupported", Assert.Throws<QosValuationException>(() => vision.EncodeText("a dog")).ErrorId);
        string text = TinyModels.Text(_folder.File("text_model.onnx"), Context, null);
        using ClipEncoder untokenised = ClipEncoder.Open(TinyModels.Files(_folder.Path, null, text) with { VocabularyPath = null, MergesPath = null });
        Assert.Equal("TokenizerNotFound", Assert.Throws<QosValuationException>(() => untokenised.EncodeText("a dog")).ErrorId);
        Assert.Equal("ModalityNotSupported", Assert.Throws<QosValuationException>(() => untokenised.EncodeImage("a.jpg")).ErrorId);
    }

    [Fact]
    public void AProviderThatIsNotThereIsRefusedAndTheOthersAreNamed()
    {
        ExecutionProvider missing = Enum.GetValues<ExecutionProvider>().Except(ClipEncoder.AvailableProviders()).First();
        QosValuationException fault = Assert.Throws<QosValuationException>(
            () => ClipEncoder.Open("clip-mini", new ClipEncoderOptions { ExecutionProvider = missing }));
        Assert.Equal("ExecutionProviderNotAvailable", fault.ErrorId);
        Assert.Contains("Cpu", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void TheProcessorIsTakenInsteadOnlyWhereThatIsAllowed()
    {
        ExecutionProvider missing = Enum.GetValues<ExecutionProvider>().Except(ClipEncoder.AvailableProviders()).First();
        using ClipEncoder instead = ClipEncoder.Open("clip-mini", new ClipEncoderOptions { ExecutionProvider = missing, AllowFallback = true });
        Assert.True(instead.Fallback!.Is(Faults.ExecutionProviderNotAvailable));
        Assert.Contains(missing.ToString(), instead.Fallback.Message, StringComparison.Ordinal);
        Assert.Equal(ExecutionProvider.Cpu, instead.Options.ExecutionProvider);
        using ClipEncoder usual = ClipEncoder.Open("clip-mini", new ClipEncoderOptions { AllowFallback = true });
        Assert.Null(usual.Fallback);
        Assert.Equal(usual.EncodeText("a dog"), instead.EncodeText("a dog"));
    }

    /// <summary>Runs where there is a GPU and the module was built with -Provider Cuda; tolerances of 32-bit arithmetic in another order (TF32 is on by default).</summary>
    [GpuTheory]
    [InlineData("clip-mini")]
    [InlineData("clip-small")]
    public void AGpuGivesTheVectorsOfTheProcessor(string model)
    {
        using ClipEncoder processor = ClipEncoder.Open(model);
        using ClipEncoder gpu = ClipEncoder.Open(model, new ClipEncoderOptions { ExecutionProvider = ExecutionProvider.Cuda });
        foreach (string text in (string[])["a dog in the snow", "two people on a bench", string.Empty])
        {
            Assert.InRange(TensorPrimitives.Dot<float>(processor.EncodeText(text), gpu.EncodeText(text)), 0.9999f, 1.0001f);
        }

        var scenes = new SceneDatasetOptions { Path = _folder.File("scenes"), Count = 8, ImageSize = 96, Seed = 1 };
        foreach (string picture in SceneDatasetGenerator.Generate(scenes).Select(item => item.Path!).ToArray())
        {
            Assert.InRange(TensorPrimitives.Dot<float>(processor.EncodeImage(picture), gpu.EncodeImage(picture)), 0.9999f, 1.0001f);
        }
    }

    [Fact]
    public void OpeningAndRunningCanBeCancelled()
    {
        using ClipEncoder encoder = ClipEncoder.Open("clip-mini");
        using var cancellation = new CancellationTokenSource();
        cancellation.Cancel();
        Assert.ThrowsAny<OperationCanceledException>(() => encoder.EncodeText("a dog", cancellation.Token));
        Assert.Equal(512, encoder.EncodeText("a dog").Length);
        Assert.ThrowsAny<OperationCanceledException>(() => encoder.EncodeText("a dog", cancellation.Token));
    }

    /// <summary>
    /// Compares with reference outputs made elsewhere: the NumPy arrays pixels, image_embeds, input_ids, attention_mask and text_embeds
    /// beside vision_model.onnx and text_model.onnx.
    /// </summary>
    [Fact]
    public void TheReferencePairGivesTheReferenceVectors()
    {
        string folder = TestData.ReferenceClip;
        using ClipEncoder encoder = ClipEncoder.Open(TinyModels.Files(folder, Path.Combine(folder, "vision_model.onnx"), Path.Combine(folder, "text_model.onnx")) with { VocabularyPath = null, MergesPath = null });
        float[] pixels = ReadNumPy<float>(Path.Combine(folder, "pixels.npy"));
        float[] expectedImages = ReadNumPy<float>(Path.Combine(folder, "image_embeds.npy"));
        float[] images = new float[expectedImages.Length];
        encoder.EncodeImages(pixels, images);
        AssertSameDirections(expectedImages, images, encoder.Dimension);

        long[] ids = ReadNumPy<long>(Path.Combine(folder, "input_ids.npy"));
        long[] mask = ReadNumPy<long>(Path.Combine(folder, "attention_mask.npy"));
        float[] expectedTexts = ReadNumPy<float>(Path.Combine(folder, "text_embeds.npy"));
        int context = encoder.Model.ContextLength;
        Assert.Equal(77, context);
        int[] lengths = [.. mask.Chunk(context).Select(row => (int)row.Sum())];
        float[] texts = new float[expectedTexts.Length];
        encoder.EncodeTexts(Array.ConvertAll(ids, id => (int)id), lengths, texts);
        AssertSameDirections(expectedTexts, texts, encoder.Dimension);
    }

    private static void AssertSameDirections(float[] expected, float[] actual, int dimension)
    {
        for (int at = 0; at < expected.Length; at += dimension)
        {
            float cosine = TensorPrimitives.CosineSimilarity(expected.AsSpan(at, dimension), actual.AsSpan(at, dimension));
            Assert.InRange(cosine, 0.999999f, 1.000001f);
        }
    }

    private static T[] ReadNumPy<T>(string path)
        where T : unmanaged
    {
        byte[] file = File.ReadAllBytes(path);
        int start = 10 + BitConverter.ToUInt16(file, 8);
        return System.Runtime.InteropServices.MemoryMarshal.Cast<byte, T>(file.AsSpan(start)).ToArray();
    }

    private static void AssertImages(ClipEncoder encoder, int count, float tolerance)
    {
        float[] pixels = TinyModels.Numbers(count * TinyModels.PixelCount, 9);
        float[] vectors = new float[count * TinyModels.Dimension];
        encoder.EncodeImages(pixels, vectors);
        for (int i = 0; i < count; i++)
        {
            TinyModels.AssertClose(
                TinyModels.ExpectedImage(pixels.AsSpan(i * TinyModels.PixelCount, TinyModels.PixelCount)),
                vectors.AsSpan(i * TinyModels.Dimension, TinyModels.Dimension),
                tolerance);
        }
    }

    private ClipEncoder OpenVision(string path) => ClipEncoder.Open(TinyModels.Files(_folder.Path, path));

    private ClipEncoder OpenText(string path) => ClipEncoder.Open(TinyModels.Files(_folder.Path, null, path));
}
