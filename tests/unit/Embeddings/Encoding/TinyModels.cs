using QosValuation.Embeddings.Models;
using QosValuation.Foundation.Randomness;

namespace QosValuation.Tests;

/// <summary>Encoders so small that their results can be worked out by hand.</summary>
internal static class TinyModels
{
    public const int Side = 4;
    public const int PixelCount = 3 * Side * Side;
    public const int Dimension = 8;
    public const int Vocabulary = 4096;

    public static float[] Numbers(int count, int seed)
    {
        RandomSource source = RandomSource.Create(seed);
        float[] numbers = new float[count];
        for (int i = 0; i < count; i++)
        {
            numbers[i] = (float)source.NextNormal();
        }

        return numbers;
    }

    /// <summary>The weights of <see cref="Vision"/>, pixels × dimension.</summary>
    public static float[] VisionWeights { get; } = Numbers(PixelCount * Dimension, 1);

    /// <summary>The token table of the text encoders, vocabulary × dimension.</summary>
    public static float[] TokenTable { get; } = Numbers(Vocabulary * Dimension, 2);

    /// <summary>image · W, where image is flattened.</summary>
    public static string Vision(string path, object? batch, string input = "pixel_values", string output = "image_embeds", bool statesShape = true, bool dynamicSize = false, bool extraOutput = false)
    {
        object? side = dynamicSize ? "side" : Side;
        OnnxBuilder builder = new OnnxBuilder()
            .Weights("W", VisionWeights, PixelCount, Dimension)
            .Node("Flatten", [input], ["flat"], ("axis", 1))
            .Node("MatMul", ["flat", "W"], [output])
            .Input(input, OnnxBuilder.Float, batch, 3, side, side);
        if (extraOutput)
        {
            builder.Integers("one", [1], 1).Node("Unsqueeze", ["flat", "one"], ["last_hidden_state"]).Output("last_hidden_state", OnnxBuilder.Float, "b", 1, PixelCount);
        }

        return (statesShape ? builder.Output(output, OnnxBuilder.Float, batch, Dimension) : builder.Output(output, OnnxBuilder.Float, null)).Save(path);
    }

    /// <summary>As <see cref="Vision"/>, in half precision from end to end.</summary>
    public static string HalfVision(string path) => new OnnxBuilder()
        .HalfWeights("W", [.. VisionWeights.Select(w => (Half)w)], PixelCount, Dimension)
        .Node("Flatten", ["pixel_values"], ["flat"], ("axis", 1))
        .Node("MatMul", ["flat", "W"], ["image_embeds"])
        .Input("pixel_values", OnnxBuilder.Float16, "batch", 3, Side, Side)
        .Output("image_embeds", OnnxBuilder.Float16, "batch", Dimension)
        .Save(path);

    /// <summary>
    /// Σ over positions of (token + position) · mask, or without the mask. With a table of <paramref name="context"/> positions;
    /// <paramref name="statedLength"/> is what the input's shape says of it.
    /// </summary>
    public static string Text(string path, int context, object? statedLength, int idType = OnnxBuilder.Int64, int? maskType = OnnxBuilder.Int64, string prefix = "")
    {
        string ids = prefix + "input_ids", mask = prefix + "attention_mask";
        OnnxBuilder builder = new OnnxBuilder()
            .Weights("tokens", TokenTable, Vocabulary, Dimension)
            .Weights("table", Numbers(context * Dimension, 3), context, Dimension)
            .Weights("causal", new float[context * context], context, context)
            .Integers("zero", [0], 1)
            .Integers("one", [1], 1)
            .Integers("two", [2], 1)
            .Input(ids, idType, "batch", statedLength)
            .Node("Gather", ["tokens", ids], ["embedded"])
            .Node("Shape", [ids], ["shape"])
            .Node("Gather", ["shape", "one"], ["length"])
            .Node("Slice", ["causal", "zero", "length", "zero"], ["slicedCausal"])
            .Node("Slice", ["table", "zero", "length", "zero"], ["positions"])
            .Node("Add", ["embedded", "positions"], ["sum"]);
        string last = "sum";
        if (maskType is { } type)
        {
            builder.Input(mask, type, "batch", statedLength)
                .Node("Cast", [mask], ["floatMask"], ("to", OnnxBuilder.Float))
                .Node("Unsqueeze", ["floatMask", "two"], ["column"])
                .Node("Mul", ["sum", "column"], ["masked"]);
            last = "masked";
        }

        return builder
            .Node("ReduceSum", [last, "one"], ["text_embeds"], ("keepdims", 0))
            .Output("slicedCausal", OnnxBuilder.Float, "a", "b")
            .Output("text_embeds", OnnxBuilder.Float, "batch", Dimension)
            .Save(path);
    }

    public static ClipModelFiles Files(string folder, string? vision = null, string? text = null, string? preprocessorConfig = null) => new()
    {
        Name = "tiny",
        Folder = folder,
        VisionModelPath = vision,
        TextModelPath = text,
        VocabularyPath = Path.Combine(TestData.ClipMini, "vocab.json"),
        MergesPath = Path.Combine(TestData.ClipMini, "merges.txt"),
        PreprocessorConfigPath = preprocessorConfig,
    };

    /// <summary>What <see cref="Vision"/> must give for an image, in double precision.</summary>
    public static float[] ExpectedImage(ReadOnlySpan<float> pixels)
    {
        double[] result = new double[Dimension];
        for (int p = 0; p < PixelCount; p++)
        {
            for (int d = 0; d < Dimension; d++)
            {
                result[d] += (double)pixels[p] * VisionWeights[p * Dimension + d];
            }
        }

        return Unit(result);
    }

    /// <summary>What <see cref="Text"/> must give for the tokens, in double precision.</summary>
    public static float[] ExpectedText(ReadOnlySpan<int> ids, int context)
    {
        float[] positions = Numbers(context * Dimension, 3);
        double[] result = new double[Dimension];
        for (int i = 0; i < ids.Length; i++)
        {
            for (int d = 0; d < Dimension; d++)
            {
                result[d] += TokenTable[ids[i] * Dimension + d] + (double)positions[i * Dimension + d];
            }
        }

        return Unit(result);
    }

    public static void AssertClose(ReadOnlySpan<float> expected, ReadOnlySpan<float> actual, float tolerance)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (int i = 0; i < expected.Length; i++)
        {
            Assert.InRange(actual[i], expected[i] - tolerance, expected[i] + tolerance);
        }
    }

    private static float[] Unit(double[] vector)
    {
        double norm = Math.Sqrt(vector.Sum(x => x * x));
        return [.. vector.Select(x => (float)(x / norm))];
    }
}
