using QosValuation.Allocation.Simulation;
using QosValuation.Foundation.Randomness;

namespace QosValuation.Allocation.Schemes;

/// <summary>Virtual token counters, weighted by value: see <see cref="VtcScheduler"/>. In a simulation the counters last from refill to refill.</summary>
internal sealed class VtcScheme : IAllocationScheme
{
    /// <inheritdoc/>
    public AllocationScheme Name => AllocationScheme.Vtc;

    /// <inheritdoc/>
    public bool UsesValue => true;

    /// <inheritdoc/>
    public bool SupportsWholeTokens => true;

    /// <inheritdoc/>
    public bool KeepsState => true;

    /// <inheritdoc/>
    public OptimalityProof? Allocate(in AllocationRequest request, Span<double> tokens)
    {
        new VtcScheduler(request.Values).Allocate(request.Room, request.Supply, tokens, request.WholeTokens);
        GrantRounding.TrimToSupply(request.Supply, tokens);
        return null;
    }

    /// <inheritdoc/>
    public RefillRule StartRefills(double[] values, RandomSource random)
    {
        var counters = new VtcScheduler(values);
        double[] room = new double[values.Length];
        return (capacities, remaining, supply, grants) =>
        {
            RefillRules.Room(capacities, remaining, room);
            counters.Allocate(room, supply, grants);
        };
    }
}
