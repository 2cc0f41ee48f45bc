namespace QosValuation.Bench;

/// <summary>
/// Work that is measured beside a peer or a limit. Add one line to <see cref="Benchmarks.All"/> to register it: then <c>build.ps1 Bench</c> measures it,
/// and, where <see cref="IsGuarded"/> is true, so does the short run of <c>build.ps1 Test</c>.
/// </summary>
internal interface IBenchmark
{
    /// <summary>A short name for <c>--only</c>, in lower case.</summary>
    string Name { get; }

    /// <summary>
    /// Whether the short run measures it too. Its short form ends in a few seconds, needs no peer outside this process, and compares work of one kind
    /// (arithmetic with arithmetic, memory with memory), so that the ratio is the same on every machine.
    /// </summary>
    bool IsGuarded => false;

    /// <summary>Measures, in turns with the peer.</summary>
    /// <param name="context">Turns, peers and folders. Where it is short, sizes are small.</param>
    /// <returns>One row for each comparison; a peer that is absent has a row that names it. Make rows with <see cref="BenchmarkContext.Compare"/>.</returns>
    IEnumerable<BenchmarkResult> Measure(BenchmarkContext context);
}
