using System.Security.Cryptography;
using System.Text.Json;
using QosValuation.Embeddings.Encoding;
using QosValuation.Embeddings.Models;

namespace QosValuation.Tests;

/// <summary>
/// all-MiniLM-L6-v2 against a pipeline written by itself in NumPy (float64): ids from Hugging Face's tokenizers, the weights of the ONNX file, the six
/// layers of BERT, mean over the tokens, unit norm. Its first vector is the one that the model's card prints.
/// </summary>
public sealed class MiniLmTests : IDisposable
{
    private readonly ClipEncoder _encoder = ClipEncoder.Open(TestData.MiniLm);

    public void Dispose() => _encoder.Dispose();

    [Theory]
    [InlineData("model.onnx", "4a64cee3d4134bbdc86eed96e1a660efec58975417204ecfcf134140edb6e0e2")]
    [InlineData("vocab.txt", "b49e80874c5efbc7f4cde245a812673b05ef1360ced56b8bc8c750eaeef3fe0f")]
    public void FilesArePinned(string name, string digest)
    {
        using FileStream stream = File.OpenRead(Path.Combine(TestData.MiniLm, name));
        Assert.Equal(digest, Convert.ToHexStringLower(SHA256.HashData(stream)));
    }

    [Fact]
    public void IsDescribedByItsFiles()
    {
        Assert.Equal("MiniLM-L6", _encoder.Model.Name);
        Assert.Equal(384, _encoder.Model.Dimension);
        Assert.Equal(256, _encoder.Model.ContextLength);
        Assert.Equal(0, _encoder.Model.ImageSize);
        Assert.Equal([Modality.Text], _encoder.Model.Modalities);
        Assert.Equal(TextPooling.Mean, _encoder.Description.Text!.Pooling);
    }

    [Fact]
    public void VectorsAreTheReferences()
    {
        string path = Path.Combine(TestData.RepositoryRoot, "tests", "fixtures", "wordpiece", "vectors.json");
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(path));
        (string Text, float[] Vector)[] cases = [.. document.RootElement.EnumerateArray().Select(item => (
            item.GetProperty("text").GetString()!, item.GetProperty("vector").EnumerateArray().Select(x => x.GetSingle()).ToArray()))];
        Assert.Equal("This is an example sentence", cases[0].Text);
        Assert.Equal([0.0677f, 0.0635f, 0.0487f, 0.0793f], cases[0].Vector[..4].Select(x => MathF.Round(x, 4)));

        // Alone, and in one batch of different lengths, in which padding must not count.
        foreach ((string text, float[] expected) in cases)
        {
            Near(expected, _encoder.EncodeText(text));
        }

        IEnumerable<EmbeddingRequest> requests = cases.Select(item => new EmbeddingRequest { Modality = Modality.Text, Source = item.Text, Item = item.Text });
        EmbeddingOutcome[] outcomes = [.. EmbeddingPipeline.Embed(_encoder, requests)];
        for (int i = 0; i < cases.Length; i++)
        {
            Near(cases[i].Vector, outcomes[i].Embedding!.Vector);
        }
    }

    [Fact]
    public void LongTextsLoseTheirEnds()
    {
        string text = string.Concat(Enumerable.Repeat("word ", 400));
        EmbeddingOutcome outcome = EmbeddingPipeline.Embed(
            _encoder, [new EmbeddingRequest { Modality = Modality.Text, Source = text, Item = "long" }]).Single();
        Assert.True(outcome.IsTruncated);
        Near([-0.0081237f, -0.0955860f, -0.0386731f, 0.0496620f, -0.0437937f, 0.0237198f, -0.0181424f, -0.0202067f], outcome.Embedding!.Vector.AsSpan(0, 8));
    }

    [Fact]
    public void ImagesAreRefused()
    {
        var fault = Assert.Throws<QosValuationException>(() => _encoder.EncodeImage("any.jpg"));
        Assert.True(fault.Is(Faults.ModalityNotSupported));
        Assert.Contains("MiniLM-L6", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AnotherPoolingIsReadFromTheFiles()
    {
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder.File("cls/1_Pooling"));
        foreach (string name in (string[])["model.onnx", "modules.json", "vocab.txt", "tokenizer_config.json"])
        {
            File.CreateSymbolicLink(folder.File("cls/" + name), Path.Combine(TestData.MiniLm, name));
        }

        string pooling = folder.File("cls/1_Pooling/config.json");
        File.WriteAllText(pooling, """{ "pooling_mode_cls_token": true, "pooling_mode_mean_tokens": false }""");
        using ClipEncoder encoder = ClipEncoder.Open(folder.File("cls"));
        Assert.Equal(TextPooling.First, encoder.Description.Text!.Pooling);
        Assert.Equal(512, encoder.Model.ContextLength);
        float[] cls = encoder.EncodeText("This is an example sentence");
        Assert.True(Math.Abs(cls[0] - 0.0677f) > 0.001f);

        File.WriteAllText(pooling, """{ "pooling_mode_max_tokens": true }""");
        var fault = Assert.Throws<QosValuationException>(() => ClipEncoder.Open(folder.File("cls")));
        Assert.True(fault.Is(Faults.ModelNotSupported));
        Assert.Contains("pooling_mode_max_tokens", fault.Message, StringComparison.Ordinal);

        // Without any word on pooling the error says which file is missing.
        File.Delete(pooling);
        File.Delete(folder.File("cls/modules.json"));
        fault = Assert.Throws<QosValuationException>(() => ClipEncoder.Open(folder.File("cls")));
        Assert.Contains("1_Pooling/config.json", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void TheInspectorFindsNoProblem() =>
        Assert.Empty(ClipModelInspector.Check(ClipModelCatalog.Resolve(TestData.MiniLm), CancellationToken.None).Problems);

    private static void Near(ReadOnlySpan<float> expected, ReadOnlySpan<float> actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (int i = 0; i < expected.Length; i++)
        {
            Assert.InRange(actual[i], expected[i] - 1e-5f, expected[i] + 1e-5f);
        }
    }
}
