using Microsoft.ML.OnnxRuntime.Tensors;
using QosValuation.Embeddings.Encoding;
using QosValuation.Embeddings.Models;
using QosValuation.Onnx.Model;

namespace QosValuation.Tests;

public sealed class ClipModelReaderTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void ClipMiniIsReadFromItsFiles()
    {
        ClipModelDescription description = ClipModelReader.Describe(ClipModelCatalog.Resolve("clip-mini"));

        Assert.Equal(512, description.Model.Dimension);
        Assert.Equal(96, description.Model.ImageSize);
        Assert.Equal(32, description.Model.ContextLength);
        Assert.Equal([Modality.Image, Modality.Text], description.Model.Modalities);
        Assert.Equal("pixel_values", description.Vision!.PixelInput);
        Assert.Equal("image_embeds", description.Vision.OutputName);
        Assert.Equal(TensorElementType.Int64, description.Text!.IdInput.ElementType);
        Assert.Null(description.Text.MaskInput);
        Assert.False(description.Text.IsLengthFixed);
    }

    [Fact]
    public void TheOutlineAgreesWithOnnxRuntime()
    {
        foreach (string path in Directory.GetFiles(TestData.ClipMini, "*.onnx"))
        {
            using var session = OnnxRuntimeHost.Open(path);
            OnnxGraph outline = OnnxModelReader.Read(path);
            Assert.Equal(session.InputNames, outline.DeclaredInputs.Select(input => input.Name));
            Assert.Equal(session.OutputNames, outline.DeclaredOutputs.Select(output => output.Name));
            foreach (OnnxValue input in outline.DeclaredInputs)
            {
                Assert.Equal(session.InputMetadata[input.Name].ElementDataType, input.ElementType);
                Assert.Equal(session.InputMetadata[input.Name].Dimensions, input.Dimensions!.Select(extent => (int)extent));
            }

            outline.LiftConstants();
            Assert.True(outline.Constants.Count > 30);
            Assert.Empty(outline.ExternalFiles);
        }
    }

    [Theory]
    [InlineData(20, null, 20)]
    [InlineData(20, "sequence", 20)]
    [InlineData(20, 20, 20)]
    public void TheContextLengthComesFromTheInputOrThePositionTable(int context, object? stated, int expected)
    {
        string path = TinyModels.Text(_folder.File("text_model.onnx"), context, stated);
        Assert.Equal(expected, ClipModelReader.Read(TinyModels.Files(_folder.Path, text: path)).ContextLength);
    }

    [Theory]
    [InlineData(null, 77)]
    [InlineData("{\"model_max_length\": 40}", 40)]
    [InlineData("{\"model_max_length\": 1000000000000000019884624838656}", 77)]
    [InlineData("{broken", 77)]
    public void WithoutAPositionTableTheContextLengthComesFromTheTokenizersConfiguration(string? configuration, int expected)
    {
        string path = new OnnxBuilder()
            .Weights("tokens", TinyModels.TokenTable, TinyModels.Vocabulary, TinyModels.Dimension)
            .Integers("one", [1], 1)
            .Node("Gather", ["tokens", "input_ids"], ["embedded"])
            .Node("ReduceSum", ["embedded", "one"], ["text_embeds"], ("keepdims", 0))
            .Input("input_ids", OnnxBuilder.Int64, "batch", "sequence")
            .Output("text_embeds", OnnxBuilder.Float, "batch", TinyModels.Dimension)
            .Save(_folder.File("text_model.onnx"));
        if (configuration is not null)
        {
            File.WriteAllText(_folder.File("tokenizer_config.json"), configuration);
        }

        Assert.Equal(expected, ClipModelReader.Read(TinyModels.Files(_folder.Path, text: path)).ContextLength);
    }

    [Fact]
    public void TheImageSizeComesFromTheGraphElseTheConfigurationElseClip()
    {
        string configuration = _folder.File("preprocessor_config.json");
        File.Copy(Path.Combine(TestData.ClipMini, "preprocessor_config.json"), configuration);
        string fixedSize = TinyModels.Vision(_folder.File("fixed.onnx"), "batch");
        string dynamicSize = TinyModels.Vision(_folder.File("dynamic.onnx"), "batch", dynamicSize: true);

        Assert.Equal(TinyModels.Side, ClipModelReader.Read(TinyModels.Files(_folder.Path, fixedSize, null, configuration)).ImageSize);
        Assert.Equal(TinyModels.Side, ClipModelReader.Read(TinyModels.Files(_folder.Path, fixedSize)).ImageSize);
        Assert.Equal(96, ClipModelReader.Read(TinyModels.Files(_folder.Path, dynamicSize, null, configuration)).ImageSize);
        Assert.Equal(224, ClipModelReader.Read(TinyModels.Files(_folder.Path, dynamicSize)).ImageSize);
    }

    [Fact]
    public void TheDimensionIsFoundByRunningWhereTheGraphDoesNotStateIt()
    {
        string path = TinyModels.Vision(_folder.File("vision_model.onnx"), "batch", statesShape: false);
        Assert.Equal(TinyModels.Dimension, ClipModelReader.Read(TinyModels.Files(_folder.Path, path)).Dimension);
    }

    [Fact]
    public void TheOutputWithOneVectorAnItemIsChosenWhateverItsName()
    {
        string path = TinyModels.Vision(_folder.File("vision_model.onnx"), "batch", "image", "result", extraOutput: true);
        VisionEncoderDescription vision = ClipModelReader.Describe(TinyModels.Files(_folder.Path, path)).Vision!;
        Assert.Equal(("image", "result"), (vision.PixelInput, vision.OutputName));
    }

    [Fact]
    public void ATextEncoderWithoutATokenizerEmbedsNoTexts()
    {
        string path = TinyModels.Text(_folder.File("text_model.onnx"), 20, null);
        ClipModel model = ClipModelReader.Read(TinyModels.Files(_folder.Path, text: path) with { VocabularyPath = null, MergesPath = null });
        Assert.Empty(model.Modalities);
    }

    [Fact]
    public void DamagedAndForeignFilesAreRefusedWithAReason()
    {
        byte[] whole = File.ReadAllBytes(TinyModels.Vision(_folder.File("whole.onnx"), "batch"));
        void Refused(string id, string says, byte[]? content)
        {
            string path = _folder.File("vision_model.onnx");
            File.Delete(path);
            if (content is not null)
            {
                File.WriteAllBytes(path, content);
            }

            QosValuationException fault = Assert.Throws<QosValuationException>(() => ClipModelReader.Read(TinyModels.Files(_folder.Path, path)));
            Assert.Equal(id, fault.ErrorId);
            Assert.Contains(says, fault.Message, StringComparison.Ordinal);
            Assert.Equal(path, fault.Subject);
        }

        Refused("ModelNotFound", "does not exist", null);
        Refused("ModelNotReadable", "not a complete ONNX file", []);
        Refused("ModelNotReadable", "not a complete ONNX file", whole[..^100]);
        Refused("ModelNotReadable", "not a complete ONNX file", "this is no model, but a text"u8.ToArray());
        Refused("ModelNotReadable", "git lfs pull", "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n"u8.ToArray());
    }

    [Fact]
    public void AnyPrefixOfAFileIsReadOrRefusedButNeverCrashes()
    {
        byte[] whole = File.ReadAllBytes(TinyModels.Text(_folder.File("whole.onnx"), 6, null));
        string path = _folder.File("text_model.onnx");
        foreach (int length in Enumerable.Range(0, 200).Concat(Enumerable.Range(whole.Length - 400, 400)))
        {
            File.WriteAllBytes(path, whole[..length]);
            QosValuationException? fault = Record.Exception(() => OnnxModelReader.Read(path)) as QosValuationException;
            Assert.Equal("ModelNotReadable", fault?.ErrorId);
        }
    }

    [Fact]
    public void GraphsThatAreNoEncodersAreRefused()
    {
        void Refused(OnnxBuilder builder, string says)
        {
            string path = builder.Save(_folder.File("vision_model.onnx"));
            QosValuationException fault = Assert.Throws<QosValuationException>(() => ClipModelReader.Read(TinyModels.Files(_folder.Path, path)));
            Assert.Equal("ModelNotSupported", fault.ErrorId);
            Assert.Contains(says, fault.Message, StringComparison.Ordinal);
        }

        Refused(new OnnxBuilder().Input("x", OnnxBuilder.Float, "n", 10).Output("y", OnnxBuilder.Float, "n", 10), "'x'");
        Refused(new OnnxBuilder().Input("x", OnnxBuilder.Float, "n", 4, 4, 3).Output("y", OnnxBuilder.Float, "n", 10), "channels");
        Refused(new OnnxBuilder().Input("x", OnnxBuilder.Float, "n", 3, 4, 6).Output("y", OnnxBuilder.Float, "n", 10), "6 × 4");
        Refused(new OnnxBuilder().Input("x", OnnxBuilder.Float, "n", 3, 4, 4).Output("y", OnnxBuilder.Float, "n", 10, 10), "items × dimension");
        Refused(new OnnxBuilder().Input("x", OnnxBuilder.Int32, "n", 3, 4, 4).Output("y", OnnxBuilder.Float, "n", 10), "Int32");
        Refused(new OnnxBuilder().Input("x", OnnxBuilder.Float, "n", 3, 5000, 5000).Output("y", OnnxBuilder.Float, "n", 10), "5000 × 5000");
        Refused(new OnnxBuilder().Input("x", OnnxBuilder.Float, 1_000_000, 3, 224, 224).Output("y", OnnxBuilder.Float, 1_000_000, 10), "1000000 images");
        Refused(new OnnxBuilder().Input("input_ids", OnnxBuilder.Int64, "n", 100_000).Output("y", OnnxBuilder.Float, "n", 10), "100000 tokens");
    }

    [Fact]
    public void ExtentsBeyondWholeNumbersAreAFaultOfTheFile()
    {
        string path = new OnnxBuilder()
            .Input("x", OnnxBuilder.Float, "n", 3, 1L << 31, 1L << 31)
            .Output("y", OnnxBuilder.Float, "n", 10)
            .Save(_folder.File("vision_model.onnx"));
        QosValuationException fault = Assert.Throws<QosValuationException>(() => ClipModelReader.Read(TinyModels.Files(_folder.Path, path)));
        Assert.Equal("ModelNotReadable", fault.ErrorId);
        Assert.Contains("2147483648", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void EncodersOfDifferentDimensionsAreRefusedAsAPair()
    {
        string text = TinyModels.Text(_folder.File("text_model.onnx"), 20, null);
        string vision = Path.Combine(TestData.ClipMini, "vision_model.onnx");
        QosValuationException fault = Assert.Throws<QosValuationException>(() => ClipModelReader.Read(TinyModels.Files(_folder.Path, vision, text)));
        Assert.Equal("ModelNotSupported", fault.ErrorId);
        Assert.Contains("512", fault.Message, StringComparison.Ordinal);
    }
}
