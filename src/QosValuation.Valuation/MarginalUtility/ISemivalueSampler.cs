namespace QosValuation.Valuation.MarginalUtility;

/// <summary>A way to estimate a semivalue from some of the coalitions. A new one is a file of its own.</summary>
internal interface ISemivalueSampler
{
    /// <summary>Estimates the values of all players.</summary>
    /// <param name="game">The game.</param>
    /// <param name="semivalue">The coefficients; a sampler made for one semivalue ignores them.</param>
    /// <param name="options">How.</param>
    /// <param name="seed">The seed: each sample has a stream of its own.</param>
    /// <param name="run">Threads, progress and cancellation.</param>
    /// <returns>The estimates with their standard errors.</returns>
    PlayerValues Sample(IUtilityFunction game, ISemivalue semivalue, MarginalUtilityOptions options, int seed, MeasurementRun run);
}
