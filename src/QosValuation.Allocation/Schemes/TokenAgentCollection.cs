using System.Collections;

namespace QosValuation.Allocation.Schemes;

/// <summary>
/// Agents that come one by one, kept as columns: 32 bytes an agent and its name, and no object for each. An agent is made where it is asked for.
/// Not thread-safe.
/// </summary>
public sealed class TokenAgentCollection : IReadOnlyList<TokenAgent>
{
    private readonly List<string> _names = [];
    private readonly List<double> _values = [];
    private readonly List<double> _capacities = [];
    private readonly List<double> _remaining = [];

    /// <inheritdoc/>
    public int Count => _names.Count;

    /// <inheritdoc/>
    public TokenAgent this[int index] =>
        new() { Agent = _names[index], Value = _values[index], Capacity = _capacities[index], Remaining = _remaining[index] };

    /// <summary>Adds an agent. Amortised O(1).</summary>
    /// <param name="agent">The name.</param>
    /// <param name="value">v ≥ 0.</param>
    /// <param name="capacity">B ≥ 0.</param>
    /// <param name="remaining">R in [0, B].</param>
    /// <exception cref="QosValuationException"><c>AgentNotValid</c>, as <see cref="TokenAgent.Validate()"/>; nothing is added.</exception>
    public void Add(string agent, double value, double capacity, double remaining)
    {
        TokenAgent.Validate(agent, value, capacity, remaining);
        _names.Add(agent);
        _values.Add(value);
        _capacities.Add(capacity);
        _remaining.Add(remaining);
    }

    /// <inheritdoc/>
    public IEnumerator<TokenAgent> GetEnumerator()
    {
        for (int i = 0; i < Count; i++)
        {
            yield return this[i];
        }
    }

    /// <inheritdoc/>
    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    // The columns as arrays; all agents are valid.
    internal (string[] Names, double[] Values, double[] Capacities, double[] Remaining) ToColumns() =>
        ([.. _names], [.. _values], [.. _capacities], [.. _remaining]);
}
