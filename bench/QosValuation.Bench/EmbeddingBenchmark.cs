using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Microsoft.ML.OnnxRuntime;
using QosValuation.Embeddings.Encoding;
using QosValuation.Embeddings.Models;
using QosValuation.Onnx.Model;

namespace QosValuation.Bench;

/// <summary>Embedding a folder of photographs: pipeline, bare inference and npm peer take turns, and medians are compared.</summary>
internal static class EmbeddingBenchmark
{
    public static void Throughput(string folder, string? modelName, int batchSize, int repeats, string? peerFolder)
    {
        string[] files = Files(folder);
        ClipModelFiles modelFiles = ClipModelCatalog.Resolve(modelName);
        using ClipEncoder encoder = ClipEncoder.Open(modelFiles);
        int side = encoder.Model.ImageSize;
        int length = 3 * side * side;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{files.Length} photographs, {encoder.Model.Name} at {side} pixels, batch {batchSize}, {repeats} turns, {Environment.ProcessorCount} cores"));

        List<float[]> tensors = Tensors(encoder, files, batchSize);

        // The bare session is what anyone would open: default options, one batch after another on all cores.
        using var options = OnnxRuntimeHost.NewOptions();
        using var session = OnnxRuntimeHost.Open(modelFiles.VisionModelPath!, options);
        using Process? peer = peerFolder is null ? null : StartPeer(peerFolder, modelFiles, folder, batchSize);
        var bare = new Side("bare session, ready tensors", () => RunBare(session, tensors, side));
        var own = new Side("own session, ready tensors", () => RunOwn(encoder, tensors, length));
        var whole = new Side("pipeline from files", () => RunPipeline(encoder, files, batchSize));
        var other = new Side("npm peer from files", () => _ = RunPeer(peer!, files.Length));
        Side[] sides = peer is null ? [bare, own, whole] : [bare, own, whole, other];
        for (int turn = 0; turn <= repeats; turn++)
        {
            foreach (Side measured in sides)
            {
                measured.Measure(keep: turn > 0);
            }

            Console.WriteLine($"  {(turn == 0 ? "warm-up" : "turn " + turn)}: {string.Join(", ", sides.Select(measured => string.Create(CultureInfo.InvariantCulture, $"{measured.Name} {measured.Last:F2} s")))}");
        }

        foreach (Side measured in sides)
        {
            measured.Report(files.Length);
        }

        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"pipeline / bare session: {MedianRatio(bare.Times, whole.Times):F3} by the clock, {MedianRatio(bare.Processor, whole.Processor):F3} by processor time"));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"pipeline / own session:  {MedianRatio(own.Times, whole.Times):F3} by the clock, {MedianRatio(own.Processor, whole.Processor):F3} by processor time"));
        if (peer is not null)
        {
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"pipeline / npm peer:     {MedianRatio(other.Times, whole.Times):F2} by the clock"));
            peer.StandardInput.Close();
            peer.WaitForExit();
        }
    }

    public static void Memory(string folder, string? modelName, int batchSize, int copies)
    {
        string[] files = Files(folder);
        using ClipEncoder encoder = ClipEncoder.Open(modelName);
        long first = 0;
        long done = 0;
        IEnumerable<string> all = Enumerable.Repeat(files, copies).SelectMany(once => once);
        foreach (EmbeddingOutcome outcome in EmbeddingPipeline.Embed(encoder, all.Select(Request), new EmbeddingPipelineOptions { BatchSize = batchSize }))
        {
            _ = outcome.Embedding ?? throw outcome.Fault!;
            if (++done % files.Length == 0)
            {
                long peak = PeakBytes();
                first = first == 0 ? peak : first;
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{done,7} photographs: peak {peak / 1048576.0:F0} MiB, {(double)peak / first:F3} of the first {files.Length}"));
            }
        }
    }

    /// <summary>As many batches of ready tensors as there are photographs, decoded before any clock runs.</summary>
    internal static List<float[]> Tensors(ClipEncoder encoder, string[] files, int batchSize)
    {
        int length = 3 * encoder.Model.ImageSize * encoder.Model.ImageSize;
        var tensors = new List<float[]>();
        for (int first = 0; first < files.Length; first += batchSize)
        {
            int count = Math.Min(batchSize, files.Length - first);
            float[] pixels = new float[count * length];
            int start = first;
            Parallel.For(0, count, i => encoder.Preprocessor.Preprocess(files[start + i], pixels.AsSpan(i * length, length)));
            tensors.Add(pixels);
        }

        return tensors;
    }

    internal static string[] Files(string folder) =>
        [.. Directory.EnumerateFiles(folder).Where(ImageFileFinder.IsImage).Order(StringComparer.Ordinal)];

    private static void RunBare(InferenceSession session, List<float[]> tensors, int side)
    {
        using var run = new RunOptions();
        foreach (float[] pixels in tensors)
        {
            using OrtValue tensor = OrtValue.CreateTensorValueFromMemory(pixels, [pixels.Length / (3 * side * side), 3, side, side]);
            using IDisposableReadOnlyCollection<OrtValue> result = session.Run(run, session.InputNames, [tensor], [session.OutputNames[0]]);
        }
    }

    /// <summary>The pipeline's session with the pipeline's threads, but nothing to decode: the bound of what a pipeline could reach.</summary>
    internal static void RunOwn(ClipEncoder encoder, List<float[]> tensors, int length) => Parallel.ForEach(
        tensors,
        new ParallelOptions { MaxDegreeOfParallelism = encoder.Options.EffectiveConcurrentRuns },
        pixels => encoder.EncodeImages(pixels, new float[pixels.Length / length * encoder.Dimension]));

    internal static void RunPipeline(ClipEncoder encoder, IEnumerable<string> files, int batchSize)
    {
        int done = 0;
        foreach (EmbeddingOutcome outcome in EmbeddingPipeline.Embed(
            encoder,
            files.Select(Request),
            new EmbeddingPipelineOptions { BatchSize = batchSize }))
        {
            done += outcome.Embedding is null ? throw outcome.Fault! : 1;
        }

        if (done == 0)
        {
            throw new InvalidOperationException("Nothing was embedded.");
        }
    }

    private static EmbeddingRequest Request(string file) => new() { Modality = Modality.Image, Source = file, Item = file };

    /// <summary>A folder with the layout that transformers.js expects, around the same ONNX file.</summary>
    internal static string Layout(ClipModelFiles model)
    {
        string models = Directory.CreateTempSubdirectory("qosvaluation-peer-").FullName;
        string folder = Path.Combine(models, "model");
        Directory.CreateDirectory(Path.Combine(folder, "onnx"));
        File.CreateSymbolicLink(Path.Combine(folder, "onnx", "vision_model.onnx"), Path.GetFullPath(model.VisionModelPath!));
        File.WriteAllText(Path.Combine(folder, "config.json"), """{"model_type":"clip_vision_model","architectures":["CLIPVisionModelWithProjection"]}""");
        Dictionary<string, object?> settings = model.PreprocessorConfigPath is null ? [] : JsonSerializer.Deserialize<Dictionary<string, object?>>(File.ReadAllText(model.PreprocessorConfigPath))!;
        settings["image_processor_type"] = "CLIPImageProcessor";
        settings["feature_extractor_type"] = "CLIPFeatureExtractor";
        File.WriteAllText(Path.Combine(folder, "preprocessor_config.json"), JsonSerializer.Serialize(settings));
        return models;
    }

    internal static Process StartPeer(string peerFolder, ClipModelFiles model, string images, int batchSize)
    {
        string models = Layout(model);
        var start = new ProcessStartInfo("node") { RedirectStandardInput = true, RedirectStandardOutput = true, WorkingDirectory = peerFolder };
        foreach (string argument in new[] { "embed.mjs", models, "model", Path.GetFullPath(images), batchSize.ToString(CultureInfo.InvariantCulture) })
        {
            start.ArgumentList.Add(argument);
        }

        Process peer = Process.Start(start)!;
        _ = peer.StandardOutput.ReadLine() ?? throw new InvalidOperationException("The peer did not start: run npm ci --ignore-scripts in bench/peer.");
        return peer;
    }

    internal static Timing RunPeer(Process peer, int expected)
    {
        peer.StandardInput.WriteLine("run");
        using JsonDocument result = JsonDocument.Parse(peer.StandardOutput.ReadLine() ?? throw new InvalidOperationException("The peer stopped."));
        int images = result.RootElement.GetProperty("images").GetInt32();
        if (images != expected)
        {
            throw new InvalidOperationException($"The peer embedded {images} of {expected} photographs.");
        }

        return new(result.RootElement.GetProperty("seconds").GetDouble(), result.RootElement.GetProperty("processor").GetDouble());
    }

    private static double MedianRatio(List<double> numerator, List<double> denominator) => Median(numerator.Zip(denominator, (a, b) => a / b));

    private static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }

    private static long PeakBytes()
    {
        // The kernel's own high-water mark where there is one; Process.PeakWorkingSet64 elsewhere.
        string? line = File.Exists("/proc/self/status") ? File.ReadLines("/proc/self/status").FirstOrDefault(text => text.StartsWith("VmHWM:", StringComparison.Ordinal)) : null;
        if (line is not null)
        {
            return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2], CultureInfo.InvariantCulture) * 1024;
        }

        using Process self = Process.GetCurrentProcess();
        return self.PeakWorkingSet64;
    }

    /// <summary>One of the things compared.</summary>
    private sealed class Side(string name, Action work)
    {
        public string Name => name;

        public double Last { get; private set; }

        public List<double> Times { get; } = [];

        /// <summary>Seconds of all cores of this process: the work itself, whatever else the machine does.</summary>
        public List<double> Processor { get; } = [];

        public void Measure(bool keep)
        {
            TimeSpan processor = Environment.CpuUsage.TotalTime;
            long start = Stopwatch.GetTimestamp();
            work();
            Last = Stopwatch.GetElapsedTime(start).TotalSeconds;
            if (keep)
            {
                Times.Add(Last);
                Processor.Add((Environment.CpuUsage.TotalTime - processor).TotalSeconds);
            }
        }

        public void Report(int count) => Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{name,-30} median {Median(Times):F2} s ({count / Median(Times):F1} a second), {Times.Min():F2} to {Times.Max():F2} s, processor {Median(Processor):F2} s"));
    }
}
