using QosValuation.Allocation.Simulation;
using QosValuation.Foundation.Numerics;
using QosValuation.Foundation.Randomness;

namespace QosValuation.Allocation.Schemes;

/// <summary>
/// The next token goes to the agent that holds the fewest (paper, section V-A). In a simulation the order that breaks ties goes on, at the
/// next refill, after the agent that received the last token.
/// </summary>
internal sealed class MaxMinScheme : IAllocationScheme
{
    /// <inheritdoc/>
    public AllocationScheme Name => AllocationScheme.MaxMin;

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
        Raise(request.Room, request.Remaining, request.Supply, request.WholeTokens, tokens);
        return null;
    }

    /// <inheritdoc/>
    public RefillRule StartRefills(double[] values, RandomSource random)
    {
        // The last token was the one that found the most held, the later agent's where equal.
        return new RefillsInTurn(this, values, static (remaining, turns) => remaining + turns - 1).Refill;
    }

    // The next token goes to the agent with the smallest holding R + u, the earlier one where equal. An agent's j-th token goes out at
    // the holding R + j, so tokens leave in the order of (R + j, agent): the tokens below a level L are counted at once, and those
    // within the last step of 1, at most one an agent, are sorted. O(N log N + N log max room).
    private static void Raise(ReadOnlySpan<double> room, ReadOnlySpan<double> remaining, double supply, bool wholeTokens, Span<double> tokens)
    {
        GrantRounding.CopyRoom(room, wholeTokens, tokens);
        double limit = wholeTokens ? Math.Floor(supply) : supply;
        double lowest = double.PositiveInfinity;
        for (int i = 0; i < tokens.Length; i++)
        {
            lowest = tokens[i] > 0 ? Math.Min(lowest, remaining[i]) : lowest;
        }

        if (double.IsInfinity(lowest))
        {
            return;
        }

        double[] holdings = new double[tokens.Length];
        for (int i = 0; i < holdings.Length; i++)
        {
            holdings[i] = remaining[i];
        }

        double turns = WholeTurns.Count(tokens, limit, (capacity, holding, turns) => Below(capacity, holding, lowest + turns), holdings);
        double level = lowest + turns;
        var keys = new List<double>();
        var order = new List<int>();
        CompensatedSum spent = default;
        for (int i = 0; i < tokens.Length; i++)
        {
            double granted = Below(tokens[i], holdings[i], level);
            spent.Add(granted);
            if (granted < tokens[i])
            {
                keys.Add(holdings[i] + granted);
                order.Add(i);
            }
        }

        double[] last = [.. keys];
        int[] agents = [.. order];
        StableOrder.Sort(last, agents);
        for (int i = 0; i < tokens.Length; i++)
        {
            double granted = Below(tokens[i], holdings[i], level);
            holdings[i] = tokens[i] - granted;
            tokens[i] = granted;
        }

        for (int k = 0; k < agents.Length; k++)
        {
            double left = limit - spent.Value;
            if (left <= 0 || last[k] >= level + 1)
            {
                break;
            }

            double token = Math.Min(left, Math.Min(1, holdings[agents[k]]));
            tokens[agents[k]] += token;
            spent.Add(token);
        }

        GrantRounding.TrimToSupply(supply, tokens);
    }

    // What an agent has been given when all tokens that go out at a holding below the level are out.
    private static double Below(double capacity, double holding, double level)
    {
        if (!(holding < level))
        {
            return 0;
        }

        double count = Math.Min(Math.Ceiling(level - holding), Math.Ceiling(capacity));

        // Subtraction may round across a token whose holding equals the level: compare as the definition does.
        while (count > 0 && holding + (count - 1) >= level)
        {
            count--;
        }

        while (count < Math.Ceiling(capacity) && holding + count < level && holding + count + 1 > holding + count)
        {
            count++;
        }

        return Math.Min(count, capacity);
    }
}
