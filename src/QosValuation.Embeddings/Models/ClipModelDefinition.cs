namespace QosValuation.Embeddings.Models;

/// <summary>Which weights of a model to install.</summary>
public enum ClipModelPrecision
{
    /// <summary>Single-precision weights: 606 MB for ViT-B/32.</summary>
    Float32,

    /// <summary>Half-precision weights: half the size; slower on most processors.</summary>
    Float16,

    /// <summary>The text encoder in 8-bit integers beside the image encoder in single precision.</summary>
    Quantized,
}

/// <summary>A model that can be installed: its files, where they lie, and the digests they must have.</summary>
public sealed record ClipModelDefinition
{
    // ViT-B/32's tokenizer, by ClipModelInstaller.TokenizerDigest: the same whatever white space or header the files are written with.
    private const string ClipTokenizerDigest = "b0dbdd726864a2da71c0f7bb1d3857d25f1f8c43c40899dc1c32adcac6706a6c";

    private const string ClipPreprocessor =
        """
        {
          "crop_size": { "height": 224, "width": 224 },
          "do_center_crop": true,
          "do_convert_rgb": true,
          "do_normalize": true,
          "do_rescale": true,
          "do_resize": true,
          "image_mean": [0.48145466, 0.4578275, 0.40821073],
          "image_std": [0.26862954, 0.26130258, 0.27577711],
          "resample": 3,
          "rescale_factor": 0.00392156862745098,
          "size": { "shortest_edge": 224 }
        }

        """;

    /// <summary>The models that can be installed.</summary>
    public static IReadOnlyList<ClipModelDefinition> All { get; } =
    [
        VitB32("ViT-B-32", ClipModelPrecision.Float32,
            new()
            {
                Name = "vision_model.onnx",
                Repository = "Qdrant/clip-ViT-B-32-vision",
                RemotePath = "model.onnx",
                Sha256 = "c68d3d9a200ddd2a8c8a5510b576d4c94d1ae383bf8b36dd8c084f94e1fb4d63",
                ApproximateBytes = 352_000_000,
            },
            new()
            {
                Name = "text_model.onnx",
                Repository = "Qdrant/clip-ViT-B-32-text",
                RemotePath = "model.onnx",
                Sha256 = "4dbe762b11e36488304471e439cde89da053ad7acaddbf9e096745d142ec8d8b",
                ApproximateBytes = 254_000_000,
            }),
        VitB32("ViT-B-32-fp16", ClipModelPrecision.Float16,
            new()
            {
                Name = "vision_model.onnx",
                Repository = "Xenova/clip-vit-base-patch32",
                RemotePath = "onnx/vision_model_fp16.onnx",
                Sha256 = "35c4e0fb0aeee527dcde1693520b214a34424a786babd530f35366bad5844efd",
                ApproximateBytes = 176_000_000,
            },
            new()
            {
                Name = "text_model.onnx",
                Repository = "Xenova/clip-vit-base-patch32",
                RemotePath = "onnx/text_model_fp16.onnx",
                Sha256 = "df587ffbf248bf20d44fa6e16adc5ebc27ead691860e5333dbdaab5fd6bf3f6e",
                ApproximateBytes = 127_000_000,
            }),
        VitB32("ViT-B-32-quantized", ClipModelPrecision.Quantized,
            new()
            {
                Name = "vision_model.onnx",
                Repository = "Xenova/clip-vit-base-patch32",
                RemotePath = "onnx/vision_model.onnx",
                Sha256 = "fd6e1402a588279d1723c7534d4bcba5bc0b14b47dfab0e46f8c47b8270d7d40",
                ApproximateBytes = 352_000_000,
            },
            new()
            {
                Name = "text_model.onnx",
                Repository = "Xenova/clip-vit-base-patch32",
                RemotePath = "onnx/text_model_quantized.onnx",
                Sha256 = "73baab855d406190da9faa498cfedf65f15cf309f4cc7385b7b032e6d08e5c3a",
                ApproximateBytes = 64_000_000,
            }),
    ];

    /// <summary>The name it is installed under: a folder of that name.</summary>
    public required string Name { get; init; }

    /// <summary>What the user asks for: <c>ViT-B-32</c> in any precision.</summary>
    public required string Family { get; init; }

    /// <summary>The precision of its weights.</summary>
    public required ClipModelPrecision Precision { get; init; }

    /// <summary>The licence of the weights.</summary>
    public required string License { get; init; }

    /// <summary>The files to fetch.</summary>
    public required IReadOnlyList<ClipModelDownload> Files { get; init; }

    /// <summary>
    /// The digest of the tokenizer's content (<see cref="ClipModelInstaller.TokenizerDigest"/>), which does not change with the way the
    /// files are written; null where it is not checked.
    /// </summary>
    public string? TokenizerSha256 { get; init; }

    /// <summary>The cosines from which its embeddings count as similar, which are written to <c>qosvaluation.json</c>; null where they are not known.</summary>
    public SimilarityThresholds? Similarity { get; init; }

    /// <summary>The content of <c>preprocessor_config.json</c>, which is written and not fetched.</summary>
    public required string PreprocessorConfig { get; init; }

    /// <summary>Finds a definition.</summary>
    /// <param name="name">A family such as <c>ViT-B-32</c>, or a full name such as <c>ViT-B-32-fp16</c>.</param>
    /// <param name="precision">The precision wanted; a full name decides by itself.</param>
    /// <returns>The definition.</returns>
    /// <exception cref="QosValuationException">ModelNotOffered.</exception>
    public static ClipModelDefinition Find(string name, ClipModelPrecision precision) =>
        All.FirstOrDefault(model => model.Family.Equals(name, StringComparison.OrdinalIgnoreCase) && model.Precision == precision)
        ?? All.FirstOrDefault(model => model.Name.Equals(name, StringComparison.OrdinalIgnoreCase))
        ?? throw new QosValuationException(
            Faults.ModelNotOffered,
            $"There is no model '{name}' to install. Available: {string.Join(", ", All.Select(model => model.Name))}. "
                    + "Any other model in the public ONNX layout is used by naming its folder.",
            name);

    private static ClipModelDefinition VitB32(string name, ClipModelPrecision precision, ClipModelDownload vision, ClipModelDownload text)
    {
        string tokenizer = text.Repository;
        return new ClipModelDefinition
        {
            Name = name,
            Family = "ViT-B-32",
            Precision = precision,
            License = "MIT (OpenAI CLIP)",
            TokenizerSha256 = ClipTokenizerDigest,
            Similarity = SimilarityThresholds.General,
            PreprocessorConfig = ClipPreprocessor,
            Files =
            [
                new() { Name = "vocab.json", Repository = tokenizer, RemotePath = "vocab.json", ApproximateBytes = 862_328 },
                new() { Name = "merges.txt", Repository = tokenizer, RemotePath = "merges.txt", ApproximateBytes = 524_657 },
                text,
                vision,
            ],
        };
    }
}

/// <summary>One file of a model that can be installed.</summary>
public sealed record ClipModelDownload
{
    /// <summary>The name it gets in the model's folder.</summary>
    public required string Name { get; init; }

    /// <summary>The repository it lies in, such as <c>Qdrant/clip-ViT-B-32-text</c>.</summary>
    public required string Repository { get; init; }

    /// <summary>Its path in the repository.</summary>
    public required string RemotePath { get; init; }

    /// <summary>The SHA-256 it must have, in hexadecimal; null where its content is checked in another way.</summary>
    public string? Sha256 { get; init; }

    /// <summary>Its size in bytes, for progress before the server has told the exact one.</summary>
    public long ApproximateBytes { get; init; }

    /// <summary>The most bytes that are fetched of it: half as many again as it has, and 1 MiB; 8 GiB where its size is not known.</summary>
    public long MaximumBytes => ApproximateBytes == 0 ? 8L << 30 : ApproximateBytes + (ApproximateBytes / 2) + (1 << 20);
}
