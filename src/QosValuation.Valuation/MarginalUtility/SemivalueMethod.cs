namespace QosValuation.Valuation.MarginalUtility;

/// <summary>A semivalue of any game: from all coalitions where they are few, else by a sampler.</summary>
/// <param name="name">The name.</param>
/// <param name="semivalue">Makes the coefficients.</param>
/// <param name="sampler">Estimates the values.</param>
internal sealed class SemivalueMethod(
    MarginalUtilityMethod name, Func<MarginalUtilityOptions, ISemivalue> semivalue, ISemivalueSampler sampler) : IValuationMethod
{
    // All coalitions of ten players.
    private const int FewPlayers = 10;

    /// <inheritdoc/>
    public MarginalUtilityMethod Name => name;

    /// <inheritdoc/>
    public bool TakesAnyGame => true;

    /// <inheritdoc/>
    public PlayerValues Measure(ValuationProblem problem, MarginalUtilityOptions options, int seed, MeasurementRun run)
    {
        IUtilityFunction game = CoalitionGame.Of(problem, options, run);

        // Whoever says how to sample wants samples.
        bool isExact = options.Exact ?? (game.Players <= FewPlayers && options is
        {
            StandardError: null,
            MaximumEvaluations: null,
            Tolerance: 0,
            Antithetic: false,
        });
        return isExact
            ? Enumeration.Measure(game, semivalue(options), run)
            : sampler.Sample(game, semivalue(options), options, seed, run);
    }
}
