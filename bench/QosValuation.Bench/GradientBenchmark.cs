using System.Diagnostics;
using System.Globalization;
using Microsoft.ML.OnnxRuntime;
using QosValuation.Onnx.Gradients;
using QosValuation.Onnx.Model;

namespace QosValuation.Bench;

/// <summary>What the backward pass costs: forward plus backward over the forward pass alone, in turn within one run.</summary>
internal static class GradientBenchmark
{
    /// <summary>Prints one line a batch size.</summary>
    /// <param name="modelPath">A vision model.</param>
    /// <param name="batches">Batch sizes.</param>
    /// <param name="repeats">How often each side is measured.</param>
    /// <returns>0.</returns>
    public static int Run(string modelPath, IReadOnlyList<int> batches, int repeats)
    {
        static long PeakMegabytes()
        {
            using var process = Process.GetCurrentProcess();
            return process.PeakWorkingSet64 >> 20;
        }

        var clock = Stopwatch.StartNew();
        GradientGraph graph = GradientGraph.Build(modelPath, new GradientOptions { Seed = GradientSeed.Cosine });
        double built = clock.Elapsed.TotalMilliseconds;
        using GradientModel both = GradientModel.Load(graph);
        double loaded = clock.Elapsed.TotalMilliseconds - built;
        Line($"nodes: {graph.ForwardNodeCount} forward, {graph.BackwardNodeCount} backward; built in {built:F0} ms, ready in {loaded:F0} ms, peak memory {PeakMegabytes()} MB");
        foreach (int batch in batches)
        {
            float[] pixels = new float[batch * both.InputLength];
            float[] target = new float[both.OutputLength];
            var random = new Random(1);
            Fill(pixels, random);
            Fill(target, random);
            float[] gradient = new float[pixels.Length];
            both.Evaluate(pixels, batch, target, gradient);
            Line($"batch {batch}: peak memory with the gradient alone {PeakMegabytes()} MB");
        }

        using var options = OnnxRuntimeHost.NewOptions();
        using var forward = OnnxRuntimeHost.Open(modelPath, options);
        using var run = new RunOptions();
        foreach (int batch in batches)
        {
            float[] pixels = new float[batch * both.InputLength];
            float[] target = new float[both.OutputLength];
            float[] gradient = new float[pixels.Length];
            var random = new Random(1);
            Fill(pixels, random);
            Fill(target, random);
            long[] shape = [.. graph.InputShape];
            shape[0] = batch;
            using OrtValue input = OrtValue.CreateTensorValueFromMemory(pixels, shape);
            double[] alone = new double[repeats];
            double[] together = new double[repeats];
            for (int i = -1; i < repeats; i++)
            {
                clock.Restart();
                using (forward.Run(run, [graph.InputName], [input], [graph.OutputName]))
                {
                }

                double first = clock.Elapsed.TotalMilliseconds;
                clock.Restart();
                both.Evaluate(pixels, batch, target, gradient);
                if (i >= 0)
                {
                    alone[i] = first;
                    together[i] = clock.Elapsed.TotalMilliseconds;
                }
            }

            double[] ratios = [.. together.Zip(alone, (b, f) => b / f).Order()];
            Array.Sort(alone);
            Array.Sort(together);
            Line($"batch {batch}: forward {alone[repeats / 2]:F1} ms, forward and backward {together[repeats / 2]:F1} ms, ratio {ratios[repeats / 2]:F2} (median of {repeats}; {ratios[0]:F2} to {ratios[^1]:F2})");
        }

        return 0;
    }

    private static void Fill(float[] values, Random random)
    {
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = random.NextSingle() - 0.5f;
        }
    }

    private static void Line(FormattableString line) => Console.WriteLine(line.ToString(CultureInfo.InvariantCulture));
}
