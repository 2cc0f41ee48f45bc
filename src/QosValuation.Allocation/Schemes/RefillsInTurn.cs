namespace QosValuation.Allocation.Schemes;

/// <summary>
/// Refills by a scheme that takes agents in a fixed order. Each refill goes on after the agent that received the last token: if every refill
/// began with the first agent, a supply of fewer tokens than agents would never reach the last ones.
/// </summary>
/// <param name="scheme">The scheme; it does not look at values.</param>
/// <param name="values">v, one for each agent.</param>
/// <param name="lastTokenKey">Orders the last tokens of the agents by when they went out, given R and the number of tokens, a fraction counted as one.</param>
internal sealed class RefillsInTurn(IAllocationScheme scheme, double[] values, Func<double, double, double> lastTokenKey)
{
    private readonly double[] _room = new double[values.Length];
    private readonly double[] _remaining = new double[values.Length];
    private readonly double[] _tokens = new double[values.Length];
    private int _start;

    /// <summary>Divides a supply and remembers where it ended. O(N) beside the scheme.</summary>
    /// <param name="capacities">B, one for each agent.</param>
    /// <param name="remaining">R, one for each agent.</param>
    /// <param name="supply">V.</param>
    /// <param name="grants">Receives u.</param>
    public void Refill(ReadOnlySpan<double> capacities, ReadOnlySpan<double> remaining, double supply, Span<double> grants)
    {
        int agents = _room.Length;
        for (int k = 0, i = _start; k < agents; k++, i = i + 1 == agents ? 0 : i + 1)
        {
            _room[k] = Math.Max(0, capacities[i] - remaining[i]);
            _remaining[k] = remaining[i];
        }

        TokenAllocator.Allocate(scheme.Name, values, _room, _remaining, supply, wholeTokens: false, null, _tokens);

        double most = double.NegativeInfinity;
        int last = agents - 1;
        for (int k = 0, i = _start; k < agents; k++, i = i + 1 == agents ? 0 : i + 1)
        {
            grants[i] = _tokens[k];
            if (_tokens[k] > 0)
            {
                double key = lastTokenKey(_remaining[k], Math.Ceiling(_tokens[k]));
                if (key >= most)
                {
                    most = key;
                    last = k;
                }
            }
        }

        _start = (_start + last + 1) % agents;
    }
}
