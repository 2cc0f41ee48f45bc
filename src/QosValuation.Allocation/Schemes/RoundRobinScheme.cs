using QosValuation.Allocation.Simulation;
using QosValuation.Foundation.Numerics;
using QosValuation.Foundation.Randomness;

namespace QosValuation.Allocation.Schemes;

/// <summary>
/// Turns in a fixed order, one token a turn (paper, section V-A). In a simulation the next refill goes on after the agent that had the last turn.
/// </summary>
internal sealed class RoundRobinScheme : IAllocationScheme
{
    /// <inheritdoc/>
    public AllocationScheme Name => AllocationScheme.RoundRobin;

    /// <inheritdoc/>
    public bool UsesValue => false;

    /// <inheritdoc/>
    public bool SupportsWholeTokens => true;

    /// <inheritdoc/>
    public bool KeepsState => true;

    /// <inheritdoc/>
    public bool IsInPaper => true;

    /// <inheritdoc/>
    public OptimalityProof? Allocate(in AllocationRequest request, Span<double> tokens)
    {
        Deal(request.Room, request.Supply, request.WholeTokens, tokens);
        return null;
    }

    /// <inheritdoc/>
    public RefillRule StartRefills(double[] values, RandomSource random)
    {
        // The last turn was that of the last agent among those that had most turns.
        return new RefillsInTurn(this, values, static (_, turns) => turns).Refill;
    }

    // Turns in a fixed order; a turn gives min(1, room left, supply left). After K whole turns an agent has min(room, K). O(N log max room).
    private static void Deal(ReadOnlySpan<double> room, double supply, bool wholeTokens, Span<double> tokens)
    {
        GrantRounding.CopyRoom(room, wholeTokens, tokens);
        double limit = wholeTokens ? Math.Floor(supply) : supply;
        double turns = WholeTurns.Count(tokens, limit, static (capacity, _, turns) => Math.Min(capacity, turns), []);
        CompensatedSum spent = default;
        foreach (double capacity in tokens)
        {
            spent.Add(Math.Min(capacity, turns));
        }

        for (int i = 0; i < tokens.Length; i++)
        {
            double before = Math.Min(tokens[i], turns);
            double turn = Math.Clamp(limit - spent.Value, 0, Math.Min(1, tokens[i] - before));
            spent.Add(turn);
            tokens[i] = before + turn;
        }

        GrantRounding.TrimToSupply(supply, tokens);
    }
}
