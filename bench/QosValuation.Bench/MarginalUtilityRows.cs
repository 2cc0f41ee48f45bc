using QosValuation.Foundation.Randomness;
using QosValuation.Valuation.MarginalUtility;

namespace QosValuation.Bench;

/// <summary>Exact kNN-Shapley values beside plain NumPy.</summary>
internal sealed class MarginalUtilityRows : IBenchmark
{
    /// <inheritdoc/>
    public string Name => "marginal-utility";

    /// <inheritdoc/>
    public IEnumerable<BenchmarkResult> Measure(BenchmarkContext context)
    {
        const int Points = 50_000;
        const int Tests = 100;
        RandomSource random = RandomSource.Create(1);
        (float[][] train, int[] labels) = MarginalUtilityBenchmark.Draw(Points, random);
        (float[][] test, int[] testLabels) = MarginalUtilityBenchmark.Draw(Tests, random);
        ValuationProblem problem = MarginalUtilityBenchmark.Problem(train, labels, test, testLabels);
        var options = new MarginalUtilityOptions { Neighbors = MarginalUtilityBenchmark.Neighbors, MaximumThreads = Environment.ProcessorCount };
        (string? python, string name) = context.Peers.PythonThatMultiplies("numpy", "NumPy");
        using PeerProcess? peer = python is null ? null : MarginalUtilityBenchmark.StartPeer(python, context.Folder, train, labels, test, testLabels);
        yield return context.Compare(
            $"kNN-Shapley of {Points:N0} points, {Tests} tests",
            name,
            () => Timing.Of(() => MarginalUtilityMeasurement.Run(problem, options)),
            peer is null ? null : () => peer.Run(),
            5);
    }
}
