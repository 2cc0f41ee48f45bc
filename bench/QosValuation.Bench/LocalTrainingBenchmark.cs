using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using QosValuation.Foundation.Numerics;
using QosValuation.Foundation.Randomness;
using QosValuation.Learning.Learners;

namespace QosValuation.Bench;

/// <summary>One round of local training of many clients against PyTorch on the same cores, in turns.</summary>
internal static class LocalTrainingBenchmark
{
    private const int Features = 512;
    private const int Classes = 10;
    private const int Rows = 500;
    private const int Steps = 100;
    private const int Batch = 64;

    /// <summary>Measures in turns, then prints medians and how far the models are from the start and from each other.</summary>
    /// <param name="clients">Clients, each with rows of its own.</param>
    /// <param name="threads">The most threads of either side.</param>
    /// <param name="repeats">The number of turns.</param>
    /// <param name="python">The Python that has PyTorch; null measures no peer.</param>
    /// <param name="peerFolder">The folder of local_training.py.</param>
    /// <returns>0.</returns>
    public static int Run(int clients, int threads, int repeats, string? python, string peerFolder)
    {
        (LogisticLearner learner, float[] start, LabelledRows[] data) = Prepare(clients);
        string folder = Directory.CreateTempSubdirectory("qosvaluation-bench-").FullName;
        try
        {
            using Process? peer = python is null ? null : StartPeer(python, peerFolder, folder, data, start, threads);
            float[][] models = [];
            var seconds = new Dictionary<string, List<(double Clock, double Processor)>> { ["own"] = [], ["loop"] = [], ["batched"] = [] };
            for (int turn = -1; turn < repeats; turn++)
            {
                TimeSpan used = Environment.CpuUsage.TotalTime;
                long begin = Stopwatch.GetTimestamp();
                models = Train(learner, data, start, threads);
                (double, double) own = (Stopwatch.GetElapsedTime(begin).TotalSeconds, (Environment.CpuUsage.TotalTime - used).TotalSeconds);
                Note("own", own, turn);
                foreach (string way in peer is null ? Array.Empty<string>() : ["loop", "batched"])
                {
                    peer!.StandardInput.WriteLine(way);
                    string line = peer.StandardOutput.ReadLine() ?? throw new InvalidOperationException("The peer stopped.");
                    double[] numbers = Array.ConvertAll(line.Split(' '), number => double.Parse(number, CultureInfo.InvariantCulture));
                    Note(way, (numbers[0], numbers[1]), turn);
                }
            }

            MarginalUtilityBenchmark.Line($"{clients} clients of {Rows} rows, {Features} features, {Classes} classes, {Steps} steps of {Batch}; {threads} threads; medians of {repeats} turns");
            foreach ((string name, List<(double Clock, double Processor)> times) in seconds.Where(pair => pair.Value.Count > 0))
            {
                double clock = MarginalUtilityBenchmark.Median([.. times.Select(time => time.Clock)]);
                double ratio = MarginalUtilityBenchmark.Median([.. times.Zip(seconds["own"], (time, own) => time.Clock / own.Clock)]);
                double processor = MarginalUtilityBenchmark.Median([.. times.Zip(seconds["own"], (time, own) => time.Processor / own.Processor)]);
                MarginalUtilityBenchmark.Line($"{name,-8} {clock,8:F3} s; over own {ratio:F1} by the clock, {processor:F1} by processor time");
            }

            MarginalUtilityBenchmark.Line($"mean loss after the round, own: {Loss(learner, data, models):F5}");
            if (peer is not null)
            {
                peer.StandardInput.Close();
                peer.WaitForExit();
                byte[] bytes = File.ReadAllBytes(Path.Combine(folder, "peer.npy"));
                float[] all = MemoryMarshal.Cast<byte, float>(bytes.AsSpan(bytes.Length - (clients * start.Length * sizeof(float)))).ToArray();
                MarginalUtilityBenchmark.Line($"mean loss after the round, PyTorch: {Loss(learner, data, [.. all.Chunk(start.Length)]):F5} (other shuffles)");
            }

            void Note(string name, (double, double) time, int turn)
            {
                // The turn before the first warms up.
                if (turn >= 0)
                {
                    seconds[name].Add(time);
                }
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }

        return 0;
    }

    /// <summary>Draws the clients' rows and the model that all begin with.</summary>
    /// <param name="clients">The number of clients.</param>
    /// <returns>The learner, the start, and each client's rows.</returns>
    public static (LogisticLearner Learner, float[] Start, LabelledRows[] Data) Prepare(int clients)
    {
        RandomSource random = RandomSource.Create(1);
        var learner = new LogisticLearner(Features, Classes);
        float[] start = new float[learner.ParameterCount];
        learner.Initialize(start, random);
        return (learner, start, [.. Enumerable.Range(0, clients).Select(_ => Draw(random))]);
    }

    /// <summary>The numbers that the peer's script takes.</summary>
    /// <param name="clients">The number of clients.</param>
    /// <param name="threads">The most threads.</param>
    /// <returns>Clients, rows, features, classes, steps, batch, threads.</returns>
    public static int[] Arguments(int clients, int threads) => [clients, Rows, Features, Classes, Steps, Batch, threads];

    /// <summary>Trains every client once, on its own rows.</summary>
    /// <param name="learner">The learner.</param>
    /// <param name="data">Each client's rows.</param>
    /// <param name="start">The model that all begin with.</param>
    /// <param name="threads">The most threads.</param>
    /// <returns>The trained models.</returns>
    public static float[][] Train(ILearner learner, LabelledRows[] data, float[] start, int threads)
    {
        float[][] models = new float[data.Length][];
        var options = new LocalTrainingOptions { Steps = Steps, BatchSize = Batch };
        Parallel.For(
            0,
            data.Length,
            new ParallelOptions { MaxDegreeOfParallelism = threads },
            learner.CreateWorker,
            (client, _, worker) =>
            {
                models[client] = [.. start];
                LocalTraining.Run(learner, models[client], data[client], options, null, RandomSource.Create(1, (ulong)client), worker: worker);
                return worker;
            },
            _ => { });
        return models;
    }

    private static double Loss(ILearner learner, LabelledRows[] data, float[][] models) =>
        data.Zip(models, (rows, model) => ModelEvaluation.Measure(learner, model, rows, []).Loss).Average();

    // Unit vectors around a direction of their class, as embeddings are.
    private static LabelledRows Draw(RandomSource random)
    {
        float[][] rows = new float[Rows][];
        int[] labels = new int[Rows];
        for (int i = 0; i < Rows; i++)
        {
            labels[i] = random.NextInt32(Classes);
            rows[i] = [.. Enumerable.Range(0, Features).Select(k => (float)(random.NextNormal() + (k % Classes == labels[i] ? 1 : 0)))];
            UnitVector.TryNormalize(rows[i]);
        }

        return LabelledRows.Of(rows, labels, Classes);
    }

    private static Process StartPeer(string python, string peerFolder, string folder, LabelledRows[] data, float[] model, int threads)
    {
        Save(folder, data, model);
        var start = new ProcessStartInfo(python) { RedirectStandardInput = true, RedirectStandardOutput = true };
        foreach (object argument in new object[] { Path.Combine(peerFolder, "local_training.py"), folder }.Concat(Arguments(data.Length, threads).Cast<object>()))
        {
            start.ArgumentList.Add(Convert.ToString(argument, CultureInfo.InvariantCulture)!);
        }

        Process peer = Process.Start(start)!;
        _ = peer.StandardOutput.ReadLine() ?? throw new InvalidOperationException($"The peer did not start: '{python}' needs PyTorch and NumPy.");
        return peer;
    }

    /// <summary>Writes what the peer reads: rows.npy, labels.npy and start.npy.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="data">Each client's rows.</param>
    /// <param name="model">The model that all begin with.</param>
    public static void Save(string folder, LabelledRows[] data, float[] model)
    {
        MarginalUtilityBenchmark.Save(Path.Combine(folder, "rows.npy"), "<f4", $"({data.Length * Rows}, {Features})", data.Select(rows => MemoryMarshal.AsBytes(rows.Values).ToArray()));
        MarginalUtilityBenchmark.Save(
            Path.Combine(folder, "labels.npy"),
            "<i8",
            $"({data.Length * Rows},)",
            data.Select(rows => MemoryMarshal.AsBytes<long>(Array.ConvertAll(rows.Labels.ToArray(), label => (long)label)).ToArray()));
        MarginalUtilityBenchmark.Save(Path.Combine(folder, "start.npy"), "<f4", $"({model.Length},)", [MemoryMarshal.AsBytes(model.AsSpan()).ToArray()]);
    }
}
