namespace QosValuation.Bench;

/// <summary>Cmdlets that take objects beside ForEach-Object on the same objects, in one PowerShell process.</summary>
internal sealed class PipelineRows : IBenchmark
{
    private const int Objects = 200_000;

    /// <inheritdoc/>
    public string Name => "pipeline";

    /// <inheritdoc/>
    public IEnumerable<BenchmarkResult> Measure(BenchmarkContext context)
    {
        string module = Path.Combine(Peers.Folder, "..", "..", "out", "QosValuation", "QosValuation.psd1");
        foreach (Turns turns in PipelineBenchmark.Measure(Objects, context.Turns, module))
        {
            // At most twice the time of ForEach-Object is wanted.
            yield return turns.Row(turns.Work, turns.Peer, 0.5);
        }
    }
}
