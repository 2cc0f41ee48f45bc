namespace QosValuation.Valuation.MarginalUtility;

/// <summary>The game that a problem and its options stand for.</summary>
internal static class CoalitionGame
{
    /// <summary>Makes the game; one of few players remembers what it was asked.</summary>
    public static IUtilityFunction Of(ValuationProblem problem, MarginalUtilityOptions options, MeasurementRun run)
    {
        IUtilityFunction game = problem.Game ?? options.Learner switch
        {
            UtilityLearner.Knn => new NeighborUtility(problem, options, run),
            _ => new LogisticUtility(problem, options),
        };
        return game.Players <= RememberedUtility.MostPlayers && game is not TableUtility ? new RememberedUtility(game) : game;
    }
}
