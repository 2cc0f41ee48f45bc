namespace QosValuation.Valuation.MarginalUtility;

/// <summary>Leave one out: U(all) − U(all but the player). n + 1 utilities; exact.</summary>
internal sealed class LeaveOneOutMethod : IValuationMethod
{
    /// <inheritdoc/>
    public MarginalUtilityMethod Name => MarginalUtilityMethod.LeaveOneOut;

    /// <inheritdoc/>
    public bool TakesAnyGame => true;

    /// <inheritdoc/>
    public PlayerValues Measure(ValuationProblem problem, MarginalUtilityOptions options, int seed, MeasurementRun run)
    {
        IUtilityFunction game = CoalitionGame.Of(problem, options, run);
        int n = game.Players;
        double all = game.Evaluate([.. Enumerable.Range(0, n)], run.Cancellation);
        double[] values = new double[n];
        int done = 0;
        run.For(n, game.IsThreadSafe, player =>
        {
            values[player] = all - game.Evaluate([.. Enumerable.Range(0, n).Where(other => other != player)], run.Cancellation);
            run.Progress((double)Interlocked.Increment(ref done) / n);
        });
        return new PlayerValues(values, n + 1);
    }
}
