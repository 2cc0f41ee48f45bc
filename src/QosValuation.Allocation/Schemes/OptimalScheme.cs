using QosValuation.Allocation.Optimal;

namespace QosValuation.Allocation.Schemes;

/// <summary>
/// The most social welfare within bounds on fairness (paper, problem 12): see <see cref="OptimalAllocator"/>. Without bounds it is MaxWelfare.
/// </summary>
internal sealed class OptimalScheme : IAllocationScheme
{
    /// <inheritdoc/>
    public AllocationScheme Name => AllocationScheme.Optimal;

    /// <inheritdoc/>
    public bool UsesValue => true;

    /// <inheritdoc/>
    /// <remarks>Rounding to whole tokens would break the bounds.</remarks>
    public bool SupportsWholeTokens => false;

    /// <inheritdoc/>
    public bool KeepsState => false;

    /// <inheritdoc/>
    public bool TakesFairnessBounds => true;

    /// <inheritdoc/>
    public OptimalityProof? Allocate(in AllocationRequest request, Span<double> tokens)
    {
        OptimalAllocation best = OptimalAllocator.Solve(request.Values, request.Room, request.Supply, request.Bounds, request.CancellationToken);
        best.Tokens.CopyTo(tokens);
        return best.Proof;
    }
}
