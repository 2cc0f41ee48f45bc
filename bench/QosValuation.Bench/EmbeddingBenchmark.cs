using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Microsoft.ML.OnnxRuntime;
using QosValuation.Embeddings;

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

        // Ready tensors: as many batches as there are photographs, decoded before any clock runs.
        var tensors = new List<float[]>();
        for (int first = 0; first < files.Length; first += batchSize)
        {
            int count = Math.Min(batchSize, files.Length - first);
            float[] pixels = new float[count * length];
            Parallel.For(0, count, i => encoder.Preprocessor.Preprocess(files[first + i], pixels.AsSpan(i * length, length)));
            tensors.Add(pixels);
        }

        using var options = new SessionOptions();
        using var session = new InferenceSession(modelFiles.VisionModelPath, options);
        string input = session.InputMetadata.Keys.First();
        string[] outputs = [session.OutputMetadata.Keys.First()];
        using Process? peer = peerFolder is null ? null : StartPeer(peerFolder, modelFiles, folder, batchSize);

        var pipelineTimes = new List<double>();
        var bareTimes = new List<double>();
        var peerTimes = new List<double>();
        for (int turn = 0; turn <= repeats; turn++)
        {
            double bare = Seconds(() => RunBare(session, input, outputs, tensors, side));
            double whole = Seconds(() => RunPipeline(encoder, files, batchSize));
            double other = peer is null ? double.NaN : RunPeer(peer, files.Length);
            if (turn > 0)
            {
                bareTimes.Add(bare);
                pipelineTimes.Add(whole);
                peerTimes.Add(other);
            }

            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {(turn == 0 ? "warm-up" : "turn " + turn)}: bare {bare:F2} s, pipeline {whole:F2} s{(peer is null ? string.Empty : $", peer {other:F2} s")}"));
        }

        Report("bare session, ready tensors", bareTimes, files.Length);
        Report("pipeline from files", pipelineTimes, files.Length);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"pipeline / bare throughput: {MedianRatio(bareTimes, pipelineTimes):F3}"));
        if (peer is not null)
        {
            Report("npm peer from files", peerTimes, files.Length);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"pipeline / peer throughput: {MedianRatio(peerTimes, pipelineTimes):F2}"));
            peer.StandardInput.Close();
            peer.WaitForExit();
        }
    }

    public static void Memory(string folder, string? modelName, int batchSize, int copies)
    {
        string[] files = Files(folder);
        using ClipEncoder encoder = ClipEncoder.Open(modelName);
        RunPipeline(encoder, files, batchSize);
        long once = PeakBytes();
        RunPipeline(encoder, Enumerable.Repeat(files, copies).SelectMany(all => all), batchSize);
        long many = PeakBytes();
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"peak memory: {once / 1048576.0:F0} MiB after {files.Length} photographs, {many / 1048576.0:F0} MiB after {files.Length * copies} more: ratio {(double)many / once:F3}"));
    }

    private static string[] Files(string folder) =>
        [.. Directory.EnumerateFiles(folder).Where(file => Path.GetExtension(file).ToUpperInvariant() is ".JPG" or ".JPEG" or ".PNG" or ".WEBP").Order(StringComparer.Ordinal)];

    private static double Seconds(Action work)
    {
        long start = Stopwatch.GetTimestamp();
        work();
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    private static void RunBare(InferenceSession session, string input, string[] outputs, List<float[]> tensors, int side)
    {
        using var run = new RunOptions();
        foreach (float[] pixels in tensors)
        {
            using OrtValue tensor = OrtValue.CreateTensorValueFromMemory(pixels, [pixels.Length / (3 * side * side), 3, side, side]);
            using IDisposableReadOnlyCollection<OrtValue> result = session.Run(run, [input], [tensor], outputs);
        }
    }

    private static void RunPipeline(ClipEncoder encoder, IEnumerable<string> files, int batchSize)
    {
        int done = 0;
        foreach (EmbeddingOutcome outcome in EmbeddingPipeline.Embed(
            encoder,
            files.Select(file => new EmbeddingRequest { Modality = Modality.Image, Source = file, Item = file }),
            new EmbeddingPipelineOptions { BatchSize = batchSize }))
        {
            done += outcome.Embedding is null ? throw outcome.Fault! : 1;
        }

        if (done == 0)
        {
            throw new InvalidOperationException("Nothing was embedded.");
        }
    }

    private static Process StartPeer(string peerFolder, ClipModelFiles model, string images, int batchSize)
    {
        // The layout that transformers.js expects, around the same ONNX file.
        string models = Directory.CreateTempSubdirectory("qosvaluation-peer-").FullName;
        string folder = Path.Combine(models, "model");
        Directory.CreateDirectory(Path.Combine(folder, "onnx"));
        File.CreateSymbolicLink(Path.Combine(folder, "onnx", "vision_model.onnx"), Path.GetFullPath(model.VisionModelPath!));
        File.WriteAllText(Path.Combine(folder, "config.json"), """{"model_type":"clip_vision_model","architectures":["CLIPVisionModelWithProjection"]}""");
        Dictionary<string, object?> settings = model.PreprocessorConfigPath is null ? [] : JsonSerializer.Deserialize<Dictionary<string, object?>>(File.ReadAllText(model.PreprocessorConfigPath))!;
        settings["image_processor_type"] = "CLIPImageProcessor";
        settings["feature_extractor_type"] = "CLIPFeatureExtractor";
        File.WriteAllText(Path.Combine(folder, "preprocessor_config.json"), JsonSerializer.Serialize(settings));
        var start = new ProcessStartInfo("node") { RedirectStandardInput = true, RedirectStandardOutput = true, WorkingDirectory = peerFolder };
        foreach (string argument in new[] { "embed.mjs", models, "model", Path.GetFullPath(images), batchSize.ToString(CultureInfo.InvariantCulture) })
        {
            start.ArgumentList.Add(argument);
        }

        Process peer = Process.Start(start)!;
        _ = peer.StandardOutput.ReadLine() ?? throw new InvalidOperationException("The peer did not start: run npm ci --ignore-scripts in bench/peer.");
        return peer;
    }

    private static double RunPeer(Process peer, int expected)
    {
        peer.StandardInput.WriteLine("run");
        using JsonDocument result = JsonDocument.Parse(peer.StandardOutput.ReadLine() ?? throw new InvalidOperationException("The peer stopped."));
        int images = result.RootElement.GetProperty("images").GetInt32();
        return images == expected ? result.RootElement.GetProperty("seconds").GetDouble() : throw new InvalidOperationException($"The peer embedded {images} of {expected} photographs.");
    }

    private static double MedianRatio(List<double> numerator, List<double> denominator) => Median(numerator.Zip(denominator, (a, b) => a / b));

    private static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }

    private static void Report(string name, List<double> times, int count) =>
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name,-30} median {Median(times):F2} s ({count / Median(times):F1} a second), {times.Min():F2} to {times.Max():F2} s"));

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
}
