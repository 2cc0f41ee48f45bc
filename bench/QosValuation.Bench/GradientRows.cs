using Microsoft.ML.OnnxRuntime;
using QosValuation.Onnx.Gradients;
using QosValuation.Onnx.Model;

namespace QosValuation.Bench;

/// <summary>A step of the reconstruction attack, forward and backward to the pixels, beside the forward pass alone and beside PyTorch.</summary>
internal sealed class GradientRows : IBenchmark
{
    // A step may take 2.1 times the forward pass.
    private const double Goal = 1 / 2.1;

    /// <inheritdoc/>
    public string Name => "gradient";

    /// <inheritdoc/>
    public bool IsGuarded => true;

    /// <inheritdoc/>
    public IEnumerable<BenchmarkResult> Measure(BenchmarkContext context)
    {
        VisionTransformer shape = context.IsShort ? VisionTransformer.Small : VisionTransformer.Base32;
        int batch = 4;
        string path = Path.Combine(context.Folder, "vision.onnx");
        File.WriteAllBytes(path, shape.ToOnnx());
        GradientGraph graph = GradientGraph.Build(path, new GradientOptions { Seed = GradientSeed.Cosine });
        using GradientModel both = GradientModel.Load(graph, threads: 1);
        using SessionOptions options = OnnxRuntimeHost.NewOptions();
        options.IntraOpNumThreads = 1;
        using InferenceSession forward = OnnxRuntimeHost.Open(path, options);
        using var run = new RunOptions();
        var random = new Random(1);
        float[] pixels = [.. Enumerable.Range(0, batch * both.InputLength).Select(_ => random.NextSingle() - 0.5f)];
        float[] target = [.. Enumerable.Range(0, both.OutputLength).Select(_ => random.NextSingle() - 0.5f)];
        float[] gradient = new float[pixels.Length];
        long[] dimensions = [.. graph.InputShape];
        dimensions[0] = batch;
        using OrtValue input = OrtValue.CreateTensorValueFromMemory(pixels, dimensions);
        Timing Step() => Timing.Of(() => both.Evaluate(pixels, batch, target, gradient));
        Timing Forward() => Timing.Of(() =>
        {
            using (forward.Run(run, [graph.InputName], [input], [graph.OutputName]))
            {
            }
        });
        string work = $"attack step, {shape.Name}, {batch} images";
        yield return context.Compare(work, "its forward pass", Step, Forward, Goal);
        if (!context.IsShort)
        {
            (string? python, string name) = context.Peers.PythonThatMultiplies("torch", "PyTorch");
            using PeerProcess? peer = python is null ? null : new PeerProcess(python, "vit_step.py", [.. shape.Arguments, $"{batch}"]);
            yield return context.Compare(work, name, Step, peer is null ? null : () => peer.Run(), 1);
        }
    }
}
