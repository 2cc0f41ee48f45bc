using QosValuation.Embeddings.Models;

namespace QosValuation.Tests;

public sealed class ClipModelCatalogTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(null, "clip-small")]
    [InlineData("", "clip-small")]
    [InlineData("clip-small", "clip-small")]
    [InlineData("clip-mini", "clip-mini")]
    [InlineData("CLIP-MINI", "clip-mini")]
    public void Two_pairs_of_encoders_are_embedded(string? name, string expected)
    {
        ClipModelFiles model = ClipModelCatalog.Resolve(name);
        Assert.Equal(expected, model.Name);
        Assert.All([model.VisionModelPath, model.TextModelPath, model.VocabularyPath, model.PreprocessorConfigPath], path => Assert.True(File.Exists(path)));
        Assert.Equal(expected == "clip-mini", File.Exists(model.MergesPath));
        Assert.Equal(["clip-mini", "clip-small"], ClipModelCatalog.List().Take(2).Select(known => known.Name));
    }

    [Fact]
    public void A_folder_with_both_encoders_and_files_beside()
    {
        Make(
            "pair/vision_model.onnx",
            "pair/vision_model_fp16.onnx",
            "pair/text_model.onnx",
            "pair/vocab.json",
            "pair/merges.txt",
            "pair/preprocessor_config.json");
        Check("pair", "pair", "pair/vision_model.onnx", "pair/text_model.onnx", "pair/vocab.json", "pair/merges.txt", "pair/preprocessor_config.json");
    }

    [Fact]
    public void An_onnx_subfolder_with_half_precision_and_small_files_above()
    {
        Make("hf/onnx/vision_model_fp16.onnx", "hf/onnx/text_model_quantized.onnx", "hf/vocab.json", "hf/merges.txt", "hf/preprocessor_config.json");
        Check(
            "hf",
            "hf",
            "hf/onnx/vision_model_fp16.onnx",
            "hf/onnx/text_model_quantized.onnx",
            "hf/vocab.json",
            "hf/merges.txt",
            "hf/preprocessor_config.json");
    }

    [Theory]
    [InlineData("clip-ViT-B-32-vision")]
    [InlineData("clip-ViT-B-32-text")]
    [InlineData("clip-ViT-B-32-text/model.onnx")]
    public void Two_neighbouring_folders_with_one_encoder_each(string path)
    {
        Make(
            "clip-ViT-B-32-vision/model.onnx",
            "clip-ViT-B-32-vision/preprocessor_config.json",
            "clip-ViT-B-32-text/model.onnx",
            "clip-ViT-B-32-text/vocab.json",
            "clip-ViT-B-32-text/merges.txt");
        Check(
            path, "clip-ViT-B-32", "clip-ViT-B-32-vision/model.onnx", "clip-ViT-B-32-text/model.onnx",
            "clip-ViT-B-32-text/vocab.json", "clip-ViT-B-32-text/merges.txt", "clip-ViT-B-32-vision/preprocessor_config.json");
        ClipModelFiles parent = ClipModelCatalog.Resolve(_folder.Path);
        Assert.Equal(_folder.File("clip-ViT-B-32-vision/model.onnx"), parent.VisionModelPath);
        Assert.Equal(_folder.File("clip-ViT-B-32-text/vocab.json"), parent.VocabularyPath);
    }

    [Fact]
    public void One_modality_alone_is_a_model()
    {
        Make("only-text/model.onnx", "only-text/tokenizer.json");
        Check("only-text", "only-text", null, "only-text/model.onnx", "only-text/tokenizer.json", null, null);
        Make("seeing/vision_model.onnx");
        Check("seeing", "seeing", "seeing/vision_model.onnx", null, null, null, null);
    }

    [Fact]
    public void The_graphs_input_names_decide_where_folder_names_do_not()
    {
        TinyModels.Text(_folder.File("left/model.onnx"), 20, null);
        TinyModels.Vision(_folder.File("right/model.onnx"), "batch");
        Check("left", "left", null, "left/model.onnx", null, null, null);
        Check("right", "right", "right/model.onnx", null, null, null, null);
        File.WriteAllText(_folder.File("left/model.onnx"), "input_ids, but no model");
        Check("left", "left", "left/model.onnx", null, null, null, null);
    }

    [Fact]
    public void An_onnx_file_is_taken_with_its_counterpart()
    {
        Make("hf/onnx/vision_model.onnx", "hf/onnx/vision_model_fp16.onnx", "hf/onnx/text_model_fp16.onnx", "hf/vocab.json", "hf/merges.txt");
        Check("hf/onnx/vision_model_fp16.onnx", "hf", "hf/onnx/vision_model_fp16.onnx", "hf/onnx/text_model_fp16.onnx", "hf/vocab.json", "hf/merges.txt", null);
    }

    [Fact]
    public void An_unknown_name_lists_the_known_ones()
    {
        var fault = Assert.Throws<QosValuationException>(() => ClipModelCatalog.Resolve("no-such-model"));
        Assert.Equal(("ModelNotFound", FaultKind.NotFound), (fault.ErrorId, fault.Kind));
        Assert.Contains("clip-mini", fault.Message, StringComparison.Ordinal);
        Assert.Equal("ModelNotFound", Assert.Throws<QosValuationException>(() => ClipModelCatalog.Resolve(_folder.Path)).ErrorId);
    }

    private void Make(params string[] files)
    {
        foreach (string file in files)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(_folder.File(file))!);
            File.WriteAllText(_folder.File(file), "{}");
        }
    }

    private void Check(string path, string name, params string?[] expected)
    {
        ClipModelFiles model = ClipModelCatalog.Resolve(_folder.File(path));
        Assert.Equal(name, model.Name);
        Assert.Equal(
            expected.Select(file => file is null ? null : Path.GetFullPath(_folder.File(file))),
            [model.VisionModelPath, model.TextModelPath, model.VocabularyPath, model.MergesPath, model.PreprocessorConfigPath]);
    }
}
