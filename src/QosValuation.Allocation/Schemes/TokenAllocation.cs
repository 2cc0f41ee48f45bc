using System.Collections;
using QosValuation.Allocation.Fairness;

namespace QosValuation.Allocation.Schemes;

/// <summary>What a scheme granted, in the order of the agents. A grant is made where it is asked for, so that a million of them need not be kept.</summary>
public sealed class TokenAllocation : IReadOnlyList<TokenGrant>
{
    private readonly string[] _names;
    private readonly double[] _values;
    private readonly double[] _capacities;
    private readonly double[] _remaining;
    private readonly double[] _tokens;
    private readonly AllocationScheme _scheme;
    private readonly double _supply;

    internal TokenAllocation(
        (string[] Names, double[] Values, double[] Capacities, double[] Remaining) agents,
        double[] tokens,
        AllocationScheme scheme,
        double supply,
        OptimalityProof? proof)
    {
        (_names, _values, _capacities, _remaining) = agents;
        _tokens = tokens;
        _scheme = scheme;
        _supply = supply;
        Proof = proof;
    }

    /// <summary>How close the allocation is to the optimum; null where the scheme proves nothing.</summary>
    public OptimalityProof? Proof { get; }

    /// <summary>Whether an agent has a value above 0. O(N).</summary>
    public bool HasValue => _values.AsSpan().ContainsAnyExcept(0);

    /// <inheritdoc/>
    public int Count => _tokens.Length;

    /// <inheritdoc/>
    public TokenGrant this[int index] => new()
    {
        Agent = _names[index],
        Value = _values[index],
        Tokens = _tokens[index],
        Capacity = _capacities[index],
        Remaining = _remaining[index],
        RewardRate = FairnessMeasures.RewardRate(_tokens[index], _values[index]),
        Scheme = _scheme,
        Supply = _supply,
        Proof = Proof,
    };

    /// <inheritdoc/>
    public IEnumerator<TokenGrant> GetEnumerator()
    {
        for (int i = 0; i < Count; i++)
        {
            yield return this[i];
        }
    }

    /// <inheritdoc/>
    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
