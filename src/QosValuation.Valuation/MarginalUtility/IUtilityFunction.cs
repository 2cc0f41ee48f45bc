namespace QosValuation.Valuation.MarginalUtility;

/// <summary>A cooperative game: what each coalition of players is worth.</summary>
public interface IUtilityFunction
{
    /// <summary>The number of players.</summary>
    int Players { get; }

    /// <summary>Whether several threads may ask at once. Otherwise all questions come from the thread that runs the measurement.</summary>
    bool IsThreadSafe { get; }

    /// <summary>The worth of a coalition; the same for the same coalition.</summary>
    /// <param name="coalition">The players' indices, ascending; empty for the empty coalition.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <returns>A finite number.</returns>
    double Evaluate(ReadOnlySpan<int> coalition, CancellationToken cancellationToken);
}
