using System.Globalization;
using System.Security.Cryptography;
using QosValuation.Embeddings.Images;
using QosValuation.Embeddings.Models;

namespace QosValuation.Embeddings.Encoding;

/// <summary>
/// Makes the keys under which a model's embeddings are kept: they change when anything changes that a vector depends on,
/// which is the content, the weights, what computes, and how images are decoded and preprocessed or texts are tokenised.
/// </summary>
internal sealed class EncoderCacheKeys
{
    // Raise when decoding, resampling or tokenising changes.
    private const int PreparationVersion = 2;

    private readonly ClipEncoder _encoder;
    private readonly EmbeddingCache _cache;
    private readonly Lazy<long> _image;
    private readonly Lazy<long> _text;

    /// <summary>Makes keys; files are hashed when first needed.</summary>
    /// <param name="encoder">The encoder.</param>
    /// <param name="cache">The cache, which remembers digests of files.</param>
    public EncoderCacheKeys(ClipEncoder encoder, EmbeddingCache cache)
    {
        _encoder = encoder;
        _cache = cache;
        _image = new Lazy<long>(() => cache.EncoderNumber(Digest(DescribeVision()), encoder.Model.Name + " image"));
        _text = new Lazy<long>(() => cache.EncoderNumber(Digest(DescribeText()), encoder.Model.Name + " text"));
    }

    /// <summary>Makes a key.</summary>
    /// <param name="modality">Which encoder is meant.</param>
    /// <param name="content">The bytes of the image file or the text.</param>
    /// <returns>The key.</returns>
    public CacheKey KeyOf(Modality modality, ReadOnlySpan<byte> content) =>
        new((modality == Modality.Image ? _image : _text).Value, SHA256.HashData(content));

    private static byte[] Digest(string description) => SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(description));

    private string DescribeVision()
    {
        VisionEncoderDescription vision = _encoder.Description.Vision!;
        ImagePreprocessing p = vision.Preprocessing;
        return string.Create(
            CultureInfo.InvariantCulture,
            $"image {PreparationVersion} {Files(vision)} {vision.OutputName} {p.ImageSize} {p.ShortestEdge} {p.Stretch} {p.RescaleFactor:R} {List(p.Mean)} "
            + $"{List(p.Std)}{(p.Pads ? $" pads {p.FillColor}" : string.Empty)}"
            + $"{(_encoder.Options.Decoding == ImageDecoding.Exact ? string.Empty : $" {_encoder.Options.Decoding}")}");
    }

    private string DescribeText()
    {
        TextEncoderDescription text = _encoder.Description.Text!;
        ClipModelFiles files = _encoder.Description.Files;
        return string.Create(
            CultureInfo.InvariantCulture,
            $"text {PreparationVersion} {Files(text)} {text.OutputName} {text.ContextLength} {_encoder.Tokenizer.PadId} {File(files.VocabularyPath)} "
            + $"{File(files.MergesPath)}{(text.Pooling == TextPooling.None ? string.Empty : $" {text.Pooling}")}");
    }

    private static string List(float[] numbers) => string.Join(',', numbers.Select(number => number.ToString("R", CultureInfo.InvariantCulture)));

    private string Files(EncoderDescription encoder) => string.Join(
        ' ',
        [
            .. encoder.ExternalFiles.Select(name => Path.Combine(Path.GetDirectoryName(encoder.Path)!, name)).Prepend(encoder.Path).Select(File),
            .. _encoder.Options.ExecutionProvider == ExecutionProvider.Cpu ? Array.Empty<string>() : [_encoder.Options.ExecutionProvider.ToString()],
        ]);

    private string File(string? path) => path is null ? "-" : Convert.ToHexStringLower(_cache.FileDigest(path));
}
