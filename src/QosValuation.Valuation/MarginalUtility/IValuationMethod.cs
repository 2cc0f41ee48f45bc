namespace QosValuation.Valuation.MarginalUtility;

/// <summary>A way to measure marginal utilities. A new one is a file of its own and a line of <see cref="ValuationMethods"/>.</summary>
internal interface IValuationMethod
{
    /// <summary>The name.</summary>
    MarginalUtilityMethod Name { get; }

    /// <summary>Whether it works for any game, and not only for the learner it was made for.</summary>
    bool TakesAnyGame => false;

    /// <summary>Whether what it measures is always the loss, whatever utility is asked for.</summary>
    bool MeasuresLoss => false;

    /// <summary>Whether it has a differentially private variant.</summary>
    bool HasPrivateVariant => false;

    /// <summary>Measures all players.</summary>
    /// <param name="problem">What is valued.</param>
    /// <param name="options">How.</param>
    /// <param name="seed">The seed of what is drawn.</param>
    /// <param name="run">Threads, progress and cancellation.</param>
    /// <returns>A value a player.</returns>
    PlayerValues Measure(ValuationProblem problem, MarginalUtilityOptions options, int seed, MeasurementRun run);
}
