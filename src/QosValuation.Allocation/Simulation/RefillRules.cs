using QosValuation.Allocation.Schemes;
using QosValuation.Foundation.Randomness;

namespace QosValuation.Allocation.Simulation;

/// <summary>
/// Divides a supply among identities; the values and whatever else the scheme needs are bound when the rule is made.
/// </summary>
/// <param name="capacities">B, one for each identity.</param>
/// <param name="remaining">R, one for each identity.</param>
/// <param name="supply">V.</param>
/// <param name="grants">Receives u.</param>
internal delegate void RefillRule(ReadOnlySpan<double> capacities, ReadOnlySpan<double> remaining, double supply, Span<double> grants);

/// <summary>Makes the refill rule of a scheme for one run.</summary>
/// <remarks>
/// Two schemes remember the past. Vtc keeps its counters. RoundRobin and MaxMin keep their place in the fixed order of agents:
/// the round, or the order that breaks ties, goes on after the agent that received the last token. Were it to start anew with
/// every refill, a supply of fewer tokens than agents would starve the last agents for ever.
/// </remarks>
internal static class RefillRules
{
    /// <summary>Makes a rule.</summary>
    /// <param name="scheme">The scheme.</param>
    /// <param name="values">v, one for each identity.</param>
    /// <param name="random">The source that Random draws from.</param>
    /// <returns>A rule for one run; it is not thread-safe.</returns>
    public static RefillRule Create(AllocationScheme scheme, double[] values, RandomSource random)
    {
        if (scheme is AllocationScheme.RoundRobin or AllocationScheme.MaxMin)
        {
            return new InTurn(scheme, values).Refill;
        }

        VtcScheduler? counters = scheme == AllocationScheme.Vtc ? new VtcScheduler(values.Length, values) : null;
        double[] room = new double[values.Length];
        return (capacities, remaining, supply, grants) =>
        {
            for (int i = 0; i < room.Length; i++)
            {
                room[i] = Math.Max(0, capacities[i] - remaining[i]);
            }

            if (counters is not null)
            {
                counters.Allocate(room, supply, grants);
            }
            else
            {
                TokenAllocator.Allocate(scheme, values, room, remaining, supply, wholeTokens: false, random, grants);
            }
        };
    }

    /// <summary>A scheme that takes agents in a fixed order and goes on where it stopped.</summary>
    private sealed class InTurn(AllocationScheme scheme, double[] values)
    {
        private readonly double[] _room = new double[values.Length];
        private readonly double[] _remaining = new double[values.Length];
        private readonly double[] _tokens = new double[values.Length];
        private int _start;

        public void Refill(ReadOnlySpan<double> capacities, ReadOnlySpan<double> remaining, double supply, Span<double> grants)
        {
            int agents = _room.Length;
            for (int k = 0, i = _start; k < agents; k++, i = i + 1 == agents ? 0 : i + 1)
            {
                _room[k] = Math.Max(0, capacities[i] - remaining[i]);
                _remaining[k] = remaining[i];
            }

            TokenAllocator.Allocate(scheme, values, _room, _remaining, supply, wholeTokens: false, null, _tokens);

            // The last token went to the last agent among those that have had most turns, or whose last token found the most held.
            double most = double.NegativeInfinity;
            int last = agents - 1;
            for (int k = 0, i = _start; k < agents; k++, i = i + 1 == agents ? 0 : i + 1)
            {
                grants[i] = _tokens[k];
                if (_tokens[k] > 0)
                {
                    double turns = Math.Ceiling(_tokens[k]);
                    double key = scheme == AllocationScheme.RoundRobin ? turns : _remaining[k] + turns - 1;
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
}
