using System.Collections.Concurrent;

namespace QosValuation.Valuation.MarginalUtility;

/// <summary>A game of few players that remembers what coalitions are worth, so that none is evaluated twice.</summary>
/// <param name="game">The game, of at most <see cref="MostPlayers"/> players.</param>
internal sealed class RememberedUtility(IUtilityFunction game) : IUtilityFunction
{
    /// <summary>The most players: a million coalitions, 64 MB.</summary>
    public const int MostPlayers = 20;

    private readonly ConcurrentDictionary<int, double> _worths = new();

    /// <inheritdoc/>
    public int Players => game.Players;

    /// <inheritdoc/>
    public bool IsThreadSafe => game.IsThreadSafe;

    /// <inheritdoc/>
    public double Evaluate(ReadOnlySpan<int> coalition, CancellationToken cancellationToken)
    {
        int mask = 0;
        foreach (int player in coalition)
        {
            mask |= 1 << player;
        }

        if (!_worths.TryGetValue(mask, out double worth))
        {
            worth = game.Evaluate(coalition, cancellationToken);
            _worths[mask] = worth;
        }

        return worth;
    }
}
