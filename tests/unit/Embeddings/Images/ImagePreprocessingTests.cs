using QosValuation.Embeddings.Images;

namespace QosValuation.Tests;

public sealed class ImagePreprocessingTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void TheEmbeddedModelsFileIsUnderstood()
    {
        ImagePreprocessing settings = ImagePreprocessing.Load(Path.Combine(TestData.ClipMini, "preprocessor_config.json"));
        Assert.Equal((96, 0, false), (settings.ImageSize, settings.ShortestEdge, settings.Stretch));
        Assert.Equal([0.48145466f, 0.4578275f, 0.40821073f], settings.Mean);
        Assert.Equal([0.26862954f, 0.26130258f, 0.27577711f], settings.Std);
        Assert.Equal(1 / 255.0, settings.RescaleFactor, 12);
    }

    [Theory]
    [InlineData("""{ "size": 224, "crop_size": 224, "resample": 3 }""", 224, 0, false)]
    [InlineData("""{ "size": { "shortest_edge": 336 }, "crop_size": { "height": 336, "width": 336 } }""", 336, 0, false)]
    [InlineData("""{ "size": { "shortest_edge": 256 }, "crop_size": 224 }""", 224, 256, false)]
    [InlineData("""{ "size": { "height": 256, "width": 256 }, "do_center_crop": false }""", 256, 0, true)]
    [InlineData("{}", 224, 0, false)]
    public void SizesComeInSeveralForms(string json, int side, int edge, bool stretch)
    {
        ImagePreprocessing settings = Load(json);
        Assert.Equal((side, edge, stretch), (settings.ImageSize, settings.ShortestEdge, settings.Stretch));
    }

    [Fact]
    public void ScalingAndNormalisationCanBeSwitchedOff()
    {
        ImagePreprocessing settings = Load("""{ "do_normalize": false, "do_rescale": false, "image_mean": [0.5, 0.5, 0.5] }""");
        Assert.Equal([0f, 0f, 0f], settings.Mean);
        Assert.Equal([1f, 1f, 1f], settings.Std);
        Assert.Equal(1.0, settings.RescaleFactor);
        settings = Load("""{ "image_mean": [0.1, 0.2, 0.3], "image_std": [1, 2, 4], "rescale_factor": 0.5 }""");
        Assert.Equal([0.1f, 0.2f, 0.3f], settings.Mean);
        Assert.Equal([1f, 2f, 4f], settings.Std);
        Assert.Equal(0.5, settings.RescaleFactor);
    }

    [Theory]
    [InlineData("""{ "resample": 2 }""", "PreprocessorConfigNotSupported")]
    [InlineData("""{ "do_resize": false }""", "PreprocessorConfigNotSupported")]
    [InlineData("""{ "do_center_crop": false }""", "PreprocessorConfigNotSupported")]
    [InlineData("""{ "size": 100, "crop_size": 224 }""", "PreprocessorConfigNotSupported")]
    [InlineData("""{ "size": { "height": 100, "width": 224 } }""", "PreprocessorConfigNotSupported")]
    [InlineData("""{ "size": "large" }""", "PreprocessorConfigInvalid")]
    [InlineData("""{ "size": { "shortest_edge": "x" } }""", "PreprocessorConfigInvalid")]
    [InlineData("""{ "size": 0, "crop_size": 0 }""", "PreprocessorConfigInvalid")]
    [InlineData("""{ "image_std": [1, 0, 1] }""", "PreprocessorConfigInvalid")]
    [InlineData("""{ "image_mean": [1, 0] }""", "PreprocessorConfigInvalid")]
    [InlineData("[]", "PreprocessorConfigInvalid")]
    [InlineData("{", "PreprocessorConfigInvalid")]
    [InlineData("", "PreprocessorConfigInvalid")]
    public void WhatCannotBeDoneIsRefused(string json, string errorId)
    {
        QosValuationException error = Assert.Throws<QosValuationException>(() => Load(json));
        Assert.Equal(errorId, error.ErrorId);
        Assert.Equal(_folder.File("preprocessor_config.json"), error.Subject);
    }

    [Fact]
    public void AMissingFileAndSettingsOutOfRangeAreErrors()
    {
        Assert.Equal("PreprocessorConfigNotFound", Assert.Throws<QosValuationException>(() => ImagePreprocessing.Load(_folder.File("absent.json"))).ErrorId);
        Assert.Throws<QosValuationException>(() => new ImagePreprocessor(new ImagePreprocessing { ImageSize = 0 }));
        Assert.Throws<QosValuationException>(() => new ImagePreprocessor(new ImagePreprocessing { ImageSize = 32, Std = [1, 1] }));
        Assert.Throws<QosValuationException>(() => new ImagePreprocessor(new ImagePreprocessing { ImageSize = 32, ShortestEdge = 16 }));
    }

    private ImagePreprocessing Load(string json)
    {
        string path = _folder.File("preprocessor_config.json");
        File.WriteAllText(path, json);
        return ImagePreprocessing.Load(path);
    }
}
