using System.Globalization;
using QosValuation.Learning.Learners;

namespace QosValuation.Bench;

/// <summary>One round of local training of many clients beside PyTorch: one client after another, as its users write it, and all at once.</summary>
internal sealed class LocalTrainingRows : IBenchmark
{
    private const int Clients = 100;

    // More wait for each other in a loop where others load the machine, which makes PyTorch five to fifteen times slower than one.
    private const int Threads = 1;

    /// <inheritdoc/>
    public string Name => "local-training";

    /// <inheritdoc/>
    public IEnumerable<BenchmarkResult> Measure(BenchmarkContext context)
    {
        (LogisticLearner learner, float[] start, LabelledRows[] data) = LocalTrainingBenchmark.Prepare(Clients);
        LocalTrainingBenchmark.Save(context.Folder, data, start);
        (string? python, string name) = context.Peers.PythonThatMultiplies("torch", "PyTorch");
        using PeerProcess? peer = python is null ? null : new PeerProcess(
            python,
            "local_training.py",
            [context.Folder, .. LocalTrainingBenchmark.Arguments(Clients, Threads).Select(number => number.ToString(CultureInfo.InvariantCulture))]);
        foreach ((string way, string told, double? goal) in new (string, string, double?)[] { ("loop", "a client after another", 2), ("batched", "all at once", null) })
        {
            yield return context.Compare(
                $"local training, {Clients} clients, logistic, 512 features, 100 steps, one thread",
                $"{name}, {told}",
                () => Timing.Of(() => LocalTrainingBenchmark.Train(learner, data, start, Threads)),
                peer is null ? null : () => peer.Run(way),
                goal);
        }
    }
}
