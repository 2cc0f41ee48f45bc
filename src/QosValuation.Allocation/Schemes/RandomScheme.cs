using QosValuation.Foundation.Numerics;

namespace QosValuation.Allocation.Schemes;

/// <summary>Every whole token goes to an agent drawn uniformly, whatever its bucket holds (paper, section V-A). O(N + min(V, 16·N)).</summary>
internal sealed class RandomScheme : IAllocationScheme
{
    /// <inheritdoc/>
    public AllocationScheme Name => AllocationScheme.Random;

    /// <inheritdoc/>
    public bool UsesValue => false;

    /// <inheritdoc/>
    public bool Draws => true;

    /// <inheritdoc/>
    public bool SupportsWholeTokens => true;

    /// <inheritdoc/>
    public bool KeepsState => false;

    /// <inheritdoc/>
    public bool IsInPaper => true;

    /// <summary>2⁵³: the most whole tokens that a double counts one by one.</summary>
    public double MaximumSupply => 1L << 53;

    /// <inheritdoc/>
    public OptimalityProof? Allocate(in AllocationRequest request, Span<double> tokens)
    {
        if (request.Random is null)
        {
            throw new QosValuationException(Faults.RandomSourceMissing, "The scheme Random needs a source of randomness.", Name);
        }

        Distributions.UniformMultinomial((long)request.Supply, tokens, request.Random);
        return null;
    }
}
