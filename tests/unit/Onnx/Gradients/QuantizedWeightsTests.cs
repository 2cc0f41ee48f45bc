using Google.Protobuf;
using Microsoft.ML.OnnxRuntime;
using QosValuation.Embeddings.Encoding;
using QosValuation.Embeddings.Models;
using QosValuation.Foundation.Randomness;
using QosValuation.Onnx.Gradients;
using QosValuation.Onnx.Model;

namespace QosValuation.Tests;

/// <summary>Gradients of models whose weights are stored as integers, clip-small above all: against PyTorch, central differences, and the same weights as floats.</summary>
public sealed class QuantizedWeightsTests
{
    private static readonly string Fixture = Path.Combine(TestData.RepositoryRoot, "tests", "fixtures", "clip-small");

    private static string ClipSmall => Path.Combine(TestData.RepositoryRoot, "models", "clip-small");

    /// <summary>ResNet18 with a padded, overlapping MaxPool and eight-bit weights.</summary>
    [Fact]
    public void ThePixelGradientOfClipSmallIsThatOfPyTorch()
    {
        using GradientModel model = GradientModel.Load(Path.Combine(ClipSmall, "vision_model.onnx"), new GradientOptions { Seed = GradientSeed.Cosine });
        float[] pixels = Pixels();
        float[] target = Npy<float>("target");
        float[] expected = Npy<float>("pixel_gradient");
        float[] gradient = new float[2 * pixels.Length];
        float[] embedding = new float[2 * model.OutputLength];
        model.Evaluate([.. pixels, .. pixels], 2, target, gradient, embedding);
        Assert.InRange(Difference(embedding.AsSpan(0, model.OutputLength), Npy<float>("image_embeds")), 0, 1e-5);

        // The seed is y·t/‖y‖, so the gradient of the cosine is that by the target's norm.
        float norm = (float)Math.Sqrt(target.Sum(v => (double)v * v));
        Assert.InRange(Difference([.. gradient.Take(pixels.Length).Select(v => v / norm)], expected), 0, 1e-4);
        Assert.InRange(Difference([.. gradient.Skip(pixels.Length).Select(v => v / norm)], expected), 0, 1e-4);
    }

    [Fact]
    public void ThePixelGradientOfClipSmallIsThatOfCentralDifferences()
    {
        using GradientModel model = GradientModel.Load(Path.Combine(ClipSmall, "vision_model.onnx"), new GradientOptions { Seed = GradientSeed.Cosine });
        float[] pixels = Pixels();
        float[] target = Npy<float>("target");
        float[] gradient = new float[pixels.Length];
        float[] scores = new float[1];
        model.Evaluate(pixels, 1, target, gradient, default, scores);
        double length = Math.Sqrt(gradient.Sum(v => (double)v * v));
        RandomSource random = RandomSource.Create(5);
        double Score(float[] direction, double step)
        {
            float[] moved = [.. pixels.Zip(direction, (p, d) => (float)(p + (step * d)))];
            model.Evaluate(moved, 1, target, new float[pixels.Length], default, scores);
            return scores[0];
        }

        for (int i = 0; i < 4; i++)
        {
            // Along the gradient and aside of it in equal parts, a step so small that few of the pieces in which the network is linear change.
            double aside = length / Math.Sqrt(pixels.Length);
            float[] direction = [.. gradient.Select(g => (float)((g + (aside * random.NextNormal())) / length))];
            double analytic = gradient.Zip(direction, (g, d) => (double)g * d).Sum();
            const double step = 0.01;
            double numeric = (Score(direction, step) - Score(direction, -step)) / (2 * step);
            Assert.InRange(numeric / analytic, 0.98, 1.02);
        }
    }

    [Fact]
    public void WeightGradientsOfTheTextTowerAreThoseOfPyTorch()
    {
        string[] weights = ["embed.g", "layer0.query.weight", "layer5.ln2.b", "proj.bias"];
        using GradientModel model = GradientModel.Load(
            Path.Combine(ClipSmall, "text_model.onnx"),
            new GradientOptions { Parameters = weights, WithInputGradient = false, Seed = GradientSeed.Cosine });
        float[] target = Npy<float>("target");
        var feeds = new Dictionary<string, OrtValue>(StringComparer.Ordinal)
        {
            ["input_ids"] = OrtValue.CreateTensorValueFromMemory(Npy<long>("input_ids"), [2, 9]),
            ["attention_mask"] = OrtValue.CreateTensorValueFromMemory(Npy<long>("attention_mask"), [2, 9]),
            [model.Graph.SeedName!] = OrtValue.CreateTensorValueFromMemory(target, [1, target.Length]),
        };
        foreach (GradientParameter parameter in model.Parameters)
        {
            feeds[parameter.Name] = OrtValue.CreateTensorValueFromMemory(parameter.Value, [.. parameter.Shape]);
        }

        double norm = Math.Sqrt(target.Sum(v => (double)v * v));
        using (IDisposableReadOnlyCollection<OrtValue> results = model.Run(feeds, [model.Graph.OutputName, .. weights.Select(w => model.Graph.GradientNames[w])]))
        {
            Assert.InRange(Difference(results[0].GetTensorDataAsSpan<float>(), Npy<float>("text_embeds")), 0, 1e-5);
            for (int i = 0; i < weights.Length; i++)
            {
                float[] gradient = [.. results[i + 1].GetTensorDataAsSpan<float>().ToArray().Select(v => (float)(v / norm))];
                Assert.InRange(Difference(gradient, Npy<float>("gradient_" + weights[i])), 0, 1e-4);
            }
        }

        foreach (OrtValue feed in feeds.Values)
        {
            feed.Dispose();
        }
    }

    /// <summary>Both ways of storing, one scale or one a channel, with and without a zero point: the same gradient as the floats that they stand for.</summary>
    [Theory]
    [InlineData(OnnxType.Int8, 0, false)]
    [InlineData(OnnxType.Int8, 1, false)]
    [InlineData(OnnxType.UInt8, 0, true)]
    [InlineData(OnnxType.UInt8, 1, true)]
    [InlineData(OnnxType.Int8, -1, true)]
    [InlineData(OnnxType.Int32, null, false)]
    public void DequantizeLinearOfAStoredWeightHasTheGradientOfItsFloats(int stored, int? axis, bool shifted)
    {
        RandomSource random = RandomSource.Create(3);
        const int rows = 5;
        const int columns = 4;
        int along = axis is null ? 1 : axis == 0 ? rows : columns;
        byte[] codes = [.. Enumerable.Range(0, rows * columns).Select(_ => (byte)(256 * random.NextDouble()))];
        float[] scales = [.. Enumerable.Range(0, along).Select(i => 0.01f * (i + 1))];
        byte[] shifts = [.. Enumerable.Range(0, along).Select(i => (byte)(3 * i))];
        float Code(byte code) => stored == OnnxType.Int8 ? (sbyte)code : code;
        double[] floats = new double[rows * columns];
        for (int i = 0; i < floats.Length; i++)
        {
            int place = axis is null ? 0 : axis == 0 ? i / columns : i % columns;
            floats[i] = (Code(codes[i]) - (shifted ? Code(shifts[place]) : 0)) * scales[place];
        }

        (float[] Gradient, float[] Output, float[] Weight) Run(bool quantised)
        {
            var graph = new TestGraph(17, OnnxType.Single);
            string x = graph.Input(3, rows);
            string weight;
            if (quantised)
            {
                TensorProto Codes(string name, byte[] values, params long[] dims)
                {
                    byte[] raw = stored == OnnxType.Int32 ? [.. values.SelectMany(v => BitConverter.GetBytes((int)v))] : values;
                    return new TensorProto { Name = name, DataType = stored, RawData = ByteString.CopyFrom(raw), Dims = { dims } };
                }

                graph.Proto.Initializer.Add(Codes("codes", codes, rows, columns));
                string scale = axis is null ? graph.Scalar(scales[0]) : graph.FloatConstant(Array.ConvertAll(scales, s => (double)s));
                List<string> inputs = ["codes", scale];
                if (shifted)
                {
                    graph.Proto.Initializer.Add(Codes("shifts", shifts, along));
                    inputs.Add("shifts");
                }

                weight = graph.Op("DequantizeLinear", [.. inputs], ("axis", (long)(axis ?? 1)));
            }
            else
            {
                weight = graph.Constant(floats, rows, columns);
            }

            ModelProto proto = graph.Model(graph.Op("Tanh", graph.Op("MatMul", x, weight)));
            using GradientModel model = GradientModel.Load(GradientGraph.Build(proto, string.Empty, new GradientOptions { Parameters = [weight] }), 1);
            float[] gradient = new float[3 * rows];
            float[] output = new float[3 * columns];
            float[] input = [.. Enumerable.Range(0, 3 * rows).Select(i => (float)Math.Sin(i))];
            float[] cotangent = [.. Enumerable.Range(0, 3 * columns).Select(i => (float)Math.Cos(i))];
            model.Evaluate(input, 3, cotangent, gradient, output);
            Assert.Equal(floats, Array.ConvertAll(model.Parameters[0].Value, v => (double)v), (a, b) => Math.Abs(a - b) < 1e-6);
            return (gradient, output, model.Parameters[0].Gradient);
        }

        (float[] Gradient, float[] Output, float[] Weight) whole = Run(quantised: false);
        (float[] Gradient, float[] Output, float[] Weight) coded = Run(quantised: true);
        Assert.InRange(Difference(coded.Output, whole.Output), 0, 1e-6);
        Assert.InRange(Difference(coded.Gradient, whole.Gradient), 0, 1e-6);
        Assert.InRange(Difference(coded.Weight, whole.Weight), 0, 1e-6);
    }

    [Fact]
    public void ALargeStoredWeightIsNeitherMeasuredNorCopiedIntoTheGraph()
    {
        const int side = 300;
        var graph = new TestGraph(17, OnnxType.Single);
        string x = graph.Input(2, side);
        graph.Proto.Initializer.Add(new TensorProto
        {
            Name = "codes", DataType = OnnxType.Int8, RawData = ByteString.CopyFrom([.. Enumerable.Range(0, side * side).Select(i => (byte)i)]), Dims = { side, side },
        });
        string weight = graph.Op("Mul", graph.Op("Cast", ["codes"], ("to", (long)OnnxType.Single)), graph.Scalar(0.01));
        GradientGraph built = GradientGraph.Build(graph.Model(graph.Op("MatMul", x, weight)), string.Empty, new GradientOptions());
        Assert.InRange(built.Model.CalculateSize(), side * side, (side * side) + 4000);
        using GradientModel model = GradientModel.Load(built, 1);
        float[] gradient = new float[2 * side];
        float[] cotangent = [.. Enumerable.Range(0, 2 * side).Select(i => i == 7 ? 1f : 0f)];
        model.Evaluate(new float[2 * side], 2, cotangent, gradient);
        Assert.Equal([.. Enumerable.Range(0, side).Select(row => 0.01f * (sbyte)(byte)((row * side) + 7))], gradient[..side], (a, b) => Math.Abs(a - b) < 1e-6f);
    }

    [Fact]
    public void RoundingWhileTheModelRunsIsStillRefused()
    {
        var graph = new TestGraph(17, OnnxType.Single);
        string x = graph.Input(2, 3);
        string scale = graph.Scalar(0.1);
        string rounded = graph.Op("QuantizeLinear", x, scale);
        string y = graph.Op("DequantizeLinear", rounded, scale);
        QosValuationException error = Assert.Throws<QosValuationException>(() => GradientGraph.Build(graph.Model(y), string.Empty, new GradientOptions()));
        Assert.Equal("GradientModelQuantized", error.ErrorId);
        Assert.Equal(rounded, error.Subject);
    }

    /// <summary>Equal values in a window: the gradient goes to the first in the order of rows, as PyTorch and ONNX Runtime have it.</summary>
    [Fact]
    public void TiesOfAPaddedMaxPoolGoToTheFirstOfTheWindow()
    {
        var graph = new TestGraph(17, OnnxType.Single);
        string y = graph.Op(
            "MaxPool",
            [graph.Input(1, 1, 4, 4)],
            ("kernel_shape", (long[])[3, 3]), ("strides", (long[])[2, 2]), ("pads", (long[])[1, 1, 1, 1]));
        using GradientModel model = GradientModel.Load(GradientGraph.Build(graph.Model(y), string.Empty, new GradientOptions()), 1);
        float[] gradient = new float[16];
        model.Evaluate([.. Enumerable.Repeat(-2f, 16)], 1, [1, 10, 100, 1000], gradient);

        // The windows begin at rows and columns −1 and 1; padding is never the maximum.
        Assert.Equal([1, 10, 0, 0, 100, 1000, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], gradient);
    }

    private static float[] Pixels()
    {
        byte[] rgb = Npy<byte>("picture");
        var preprocessing = ClipModelReader.Describe(ClipModelCatalog.Resolve(ClipSmall)).Vision!.Preprocessing;
        int area = rgb.Length / 3;
        float[] pixels = new float[rgb.Length];
        for (int i = 0; i < rgb.Length; i++)
        {
            int channel = i % 3;
            pixels[(channel * area) + (i / 3)] = (float)(((rgb[i] / 255.0) - preprocessing.Mean[channel]) / preprocessing.Std[channel]);
        }

        return pixels;
    }

    /// <summary>‖a − b‖ / ‖b‖.</summary>
    private static double Difference(ReadOnlySpan<float> actual, float[] expected)
    {
        Assert.Equal(expected.Length, actual.Length);
        double error = 0;
        for (int i = 0; i < expected.Length; i++)
        {
            error += Math.Pow((double)actual[i] - expected[i], 2);
        }

        return Math.Sqrt(error / expected.Sum(v => (double)v * v));
    }

    private static T[] Npy<T>(string name)
        where T : unmanaged
    {
        byte[] bytes = File.ReadAllBytes(Path.Combine(Fixture, name + ".npy"));
        return System.Runtime.InteropServices.MemoryMarshal.Cast<byte, T>(bytes.AsSpan(BitConverter.ToUInt16(bytes, 8) + 10)).ToArray();
    }
}
