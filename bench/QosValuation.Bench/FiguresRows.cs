namespace QosValuation.Bench;

/// <summary>Figures 4 and 5 whole beside vectorised NumPy, by the clock, because NumPy's loops run on one core, and by processor time.</summary>
internal sealed class FiguresRows : IBenchmark
{
    private const int Rounds = 1000;

    /// <inheritdoc/>
    public string Name => "figures";

    /// <inheritdoc/>
    public IEnumerable<BenchmarkResult> Measure(BenchmarkContext context)
    {
        (string? python, string name) = context.Peers.Python("numpy", "NumPy");
        string work = FormattableString.Invariant($"Figures 4 and 5, three schemes, {Rounds:N0} rounds a point");
        if (python is null)
        {
            return [BenchmarkContext.Row(work, name, [FiguresBenchmark.Alone(Rounds)], null, 5)];
        }

        (Turns turns, double farthest) = FiguresBenchmark.Measure(Rounds, context.Turns, python, Peers.Folder);
        if (farthest > 5)
        {
            throw new InvalidOperationException(FormattableString.Invariant($"The means of both sides are {farthest:F1} standard errors apart."));
        }

        return [turns.Row(work + ", by the clock", name, 5, byClock: true), turns.Row(work + ", by processor time", name, null)];
    }
}
