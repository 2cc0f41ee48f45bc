using QosValuation.Embeddings.Encoding;
using QosValuation.Embeddings.Images;
using QosValuation.Embeddings.Models;
using QosValuation.Embeddings.Text;

namespace QosValuation.Tests;

/// <summary>SigLIP's and OpenCLIP's public layouts, with small graphs that have their names, shapes and files.</summary>
public sealed class PublicLayoutTests : IDisposable
{
    private const int Side = 8;
    private const int Width = 12;
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    /// <summary>transformers' export: pooler_output beside last_hidden_state, no mask, both sides stretched, mean and standard deviation 0.5.</summary>
    [Fact]
    public void SiglipIsReadFromItsFiles()
    {
        Vision(Make("siglip", "onnx", "vision_model.onnx"), "pixel_values", "pooler_output", withTokens: true);
        Text(Make("siglip", "onnx", "text_model.onnx"), "input_ids", OnnxBuilder.Int64, "pooler_output");
        File.Copy(Tokenizer, Make("siglip", "tokenizer.json"));
        File.WriteAllText(Make("siglip", "tokenizer_config.json"), """{"tokenizer_class":"SiglipTokenizer","model_max_length":64,"eos_token":"</s>","pad_token":"</s>"}""");
        File.WriteAllText(
            Make("siglip", "preprocessor_config.json"),
            """
            {"do_resize":true,"do_rescale":true,"do_normalize":true,"image_mean":[0.5,0.5,0.5],"image_std":[0.5,0.5,0.5],"resample":3,
             "rescale_factor":0.00392156862745098,"size":{"height":8,"width":8},"image_processor_type":"SiglipImageProcessor","do_center_crop":false}
            """);
        using ClipEncoder encoder = ClipEncoder.Open(ClipModelCatalog.Resolve(Path.Combine(_folder.Path, "siglip")));
        Assert.Equal((Width, Side, 64), (encoder.Dimension, encoder.Model.ImageSize, encoder.Model.ContextLength));
        Assert.Equal([Modality.Image, Modality.Text], encoder.Model.Modalities);
        Assert.Equal(("pooler_output", "pooler_output"), (encoder.Description.Vision!.OutputName, encoder.Description.Text!.OutputName));
        ImagePreprocessing preprocessing = encoder.Description.Vision.Preprocessing;
        Assert.True(preprocessing.Stretch);
        Assert.Equal([0.5f, 0.5f, 0.5f], preprocessing.Mean);
        Assert.IsType<UnigramTokenizer>(encoder.Tokenizer);
        CheckTexts(encoder, "A dog, in the SNOW!");
        Assert.Empty(ClipModelInspector.Check(encoder.Description.Files, default).Problems);
    }

    /// <summary>OpenCLIP's export: visual and textual folders, int32 ids named text, preprocess_cfg.json, and text_cfg in config.json above.</summary>
    [Fact]
    public void OpenClipIsReadFromItsFiles()
    {
        Vision(Make("ViT-B-16-SigLIP", "visual", "model.onnx"), "image", "image_embedding", withTokens: false);
        Text(Make("ViT-B-16-SigLIP", "textual", "model.onnx"), "text", OnnxBuilder.Int32, "text_embedding");
        File.Copy(Tokenizer, Make("ViT-B-16-SigLIP", "textual", "tokenizer.json"));
        File.WriteAllText(
            Make("ViT-B-16-SigLIP", "visual", "preprocess_cfg.json"),
            """
            {"size":[8,8],"mode":"RGB","mean":[0.5,0.5,0.5],"std":[0.5,0.5,0.5],"interpolation":"bicubic","resize_mode":"squash","fill_color":0}
            """);
        File.WriteAllText(
            Make("ViT-B-16-SigLIP", "config.json"),
            """
            {"embed_dim":12,"vision_cfg":{"image_size":8},"text_cfg":{"context_length":64,"vocab_size":730,"tokenizer_kwargs":{"clean":"canonicalize"}}}
            """);
        using ClipEncoder encoder = ClipEncoder.Open(ClipModelCatalog.Resolve(Path.Combine(_folder.Path, "ViT-B-16-SigLIP")));
        Assert.Equal(("ViT-B-16-SigLIP", Width, Side, 64), (encoder.Model.Name, encoder.Dimension, encoder.Model.ImageSize, encoder.Model.ContextLength));
        Assert.True(encoder.Description.Vision!.Preprocessing.Stretch);
        Assert.Equal([0.5f, 0.5f, 0.5f], encoder.Description.Vision.Preprocessing.Std);
        Assert.Equal(encoder.Tokenizer.Encode("snow dog"), encoder.Tokenizer.Encode("Snow_DOG"));
        CheckTexts(encoder, "a dog by the sea");
        Assert.Empty(ClipModelInspector.Check(encoder.Description.Files, default).Problems);
    }

    /// <summary>OpenCLIP's CLIP models take CLIP's byte pairs; the preprocessing may stand in open_clip_config.json.</summary>
    [Fact]
    public void OpenClipsBytePairsAndItsOneConfiguration()
    {
        Vision(Make("laion", "vision_model.onnx"), "pixel_values", "image_embeds", withTokens: false);
        Text(Make("laion", "text_model.onnx"), "input_ids", OnnxBuilder.Int64, "text_embeds");
        File.Copy(Path.Combine(TestData.ClipMini, "vocab.json"), Make("laion", "vocab.json"));
        File.Copy(Path.Combine(TestData.ClipMini, "merges.txt"), Make("laion", "merges.txt"));
        File.WriteAllText(
            Make("laion", "open_clip_config.json"),
            """
            {"model_cfg":{"embed_dim":12,"vision_cfg":{"image_size":8},"text_cfg":{"context_length":77}},
             "preprocess_cfg":{"mean":[0.48,0.45,0.40],"std":[0.26,0.26,0.27],"resize_mode":"longest","fill_color":128}}
            """);
        ClipModelFiles files = ClipModelCatalog.Resolve(Path.Combine(_folder.Path, "laion"));
        ClipModelDescription description = ClipModelReader.Describe(files);
        Assert.Equal((true, (byte)128, Side), (description.Vision!.Preprocessing.Pads, description.Vision.Preprocessing.FillColor, description.Model.ImageSize));
        Assert.Equal([0.48f, 0.45f, 0.40f], description.Vision.Preprocessing.Mean);
        Assert.IsType<ClipTokenizer>(TextTokenizer.Load(files.VocabularyPath!, files.MergesPath));
    }

    /// <summary>open_clip's ResizeKeepRatio(longest=1) and CenterCropOrPad, by hand.</summary>
    [Theory]
    [InlineData(80, 40, 0, 2, 8, 4)]
    [InlineData(40, 80, 2, 0, 4, 8)]
    [InlineData(80, 30, 0, 2, 8, 3)]
    [InlineData(80, 1, 0, 3, 8, 1)]
    [InlineData(50, 50, 0, 0, 8, 8)]
    [InlineData(4, 2, 0, 2, 8, 4)]
    public void AnImageIsLaidIntoTheMiddleOfASquare(int width, int height, int left, int top, int innerWidth, int innerHeight)
    {
        byte[] pixels = new byte[3 * width * height];
        Array.Fill(pixels, (byte)200);
        ImageWriter.SavePng(_folder.File("plain.png"), pixels, width, height);
        byte[] rgb = new byte[3 * Side * Side];
        new ImagePreprocessor(new ImagePreprocessing { ImageSize = Side, Pads = true, FillColor = 7 }).Crop(_folder.File("plain.png"), rgb);
        for (int y = 0; y < Side; y++)
        {
            for (int x = 0; x < Side; x++)
            {
                bool isInside = x >= left && x < left + innerWidth && y >= top && y < top + innerHeight;
                Assert.Equal(isInside ? 200 : 7, rgb[3 * ((y * Side) + x)]);
            }
        }
    }

    [Theory]
    [InlineData("""{ "size": [8, 9], "resize_mode": "squash" }""", "PreprocessorConfigNotSupported")]
    [InlineData("""{ "interpolation": "bilinear" }""", "PreprocessorConfigNotSupported")]
    [InlineData("""{ "resize_mode": "tile" }""", "PreprocessorConfigNotSupported")]
    [InlineData("""{ "resize_mode": "longest", "fill_color": 300 }""", "PreprocessorConfigInvalid")]
    [InlineData("""{ "resize_mode": "squash", "std": [0, 1, 1] }""", "PreprocessorConfigInvalid")]
    public void WhatOpenClipAsksForAndCannotBeDoneIsRefused(string json, string errorId)
    {
        File.WriteAllText(_folder.File("preprocess_cfg.json"), json);
        Assert.Equal(errorId, Assert.Throws<QosValuationException>(() => ImagePreprocessing.Load(_folder.File("preprocess_cfg.json"))).ErrorId);
    }

    private static string Tokenizer => Path.Combine(TestData.RepositoryRoot, "tests", "fixtures", "sentencepiece", "tokenizer.json");

    private static float[] Tokens { get; } = TinyModels.Numbers(4096 * Width, 11);

    private static float[] Positions { get; } = TinyModels.Numbers(64 * Width, 12);

    /// <summary>Σ token · position over all 64 positions, padding included, as SigLIP's text encoder attends to it.</summary>
    private static void CheckTexts(ClipEncoder encoder, string text)
    {
        int[] ids = new int[64];
        encoder.Tokenizer.EncodePadded(text, 64, ids, out _);
        double[] expected = new double[Width];
        for (int position = 0; position < 64; position++)
        {
            for (int i = 0; i < Width; i++)
            {
                expected[i] += Tokens[(ids[position] * Width) + i] * Positions[(position * Width) + i];
            }
        }

        double norm = Math.Sqrt(expected.Sum(x => x * x));
        float[] found = encoder.EncodeText(text);
        for (int i = 0; i < Width; i++)
        {
            Assert.Equal(expected[i] / norm, found[i], 1e-5);
        }
    }

    private static void Vision(string path, string input, string output, bool withTokens)
    {
        OnnxBuilder builder = new OnnxBuilder()
            .Weights("W", TinyModels.Numbers(3 * Side * Side * Width, 10), 3 * Side * Side, Width)
            .Node("Flatten", [input], ["flat"], ("axis", 1))
            .Node("MatMul", ["flat", "W"], [output])
            .Input(input, OnnxBuilder.Float, "batch", 3, Side, Side);
        if (withTokens)
        {
            builder.Integers("one", [1], 1).Node("Unsqueeze", [output, "one"], ["last_hidden_state"]).Output("last_hidden_state", OnnxBuilder.Float, "batch", 1, Width);
        }

        builder.Output(output, OnnxBuilder.Float, "batch", Width).Save(path);
    }

    private static void Text(string path, string input, int type, string output) => new OnnxBuilder()
        .Weights("tokens", Tokens, 4096, Width)
        .Weights("position_table", Positions, 64, Width)
        .Integers("zero", [0], 1)
        .Integers("one", [1], 1)
        .Integers("two", [2], 1)
        .Input(input, type, "batch", "sequence")
        .Node("Gather", ["tokens", input], ["embedded"])
        .Node("Shape", [input], ["shape"])
        .Node("Slice", ["shape", "one", "two"], ["length"])
        .Node("Slice", ["position_table", "zero", "length", "zero"], ["positions"])
        .Node("Mul", ["embedded", "positions"], ["last_hidden_state"])
        .Node("ReduceSum", ["last_hidden_state", "one"], [output], ("keepdims", 0))
        .Output("last_hidden_state", OnnxBuilder.Float, "batch", "sequence", Width)
        .Output(output, OnnxBuilder.Float, "batch", Width)
        .Save(path);

    private string Make(params string[] parts)
    {
        string path = Path.Combine([_folder.Path, .. parts]);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        return path;
    }
}
