using QosValuation.Foundation.Numerics;

namespace QosValuation.Allocation.Schemes;

/// <summary>The paper's scheme: u = min(V·v/Σv, B − R) (Eq. 15). O(N).</summary>
internal sealed class ProposedScheme : IAllocationScheme
{
    /// <inheritdoc/>
    public AllocationScheme Name => AllocationScheme.Proposed;

    /// <inheritdoc/>
    public bool UsesValue => true;

    /// <inheritdoc/>
    public bool SupportsWholeTokens => true;

    /// <inheritdoc/>
    public bool KeepsState => false;

    /// <inheritdoc/>
    public bool IsInPaper => true;

    /// <inheritdoc/>
    public OptimalityProof? Allocate(in AllocationRequest request, Span<double> tokens)
    {
        Proportional(request.Values, request.Room, request.Supply, tokens);
        if (request.WholeTokens)
        {
            GrantRounding.LargestRemainder(request.Room, request.Supply, tokens);
        }

        return null;
    }

    // u = min(V·v/Σv, B − R) (paper, Eq. 15), trimmed to the supply. O(N): the values are read twice, all else once.
    private static void Proportional(ReadOnlySpan<double> values, ReadOnlySpan<double> room, double supply, Span<double> tokens)
    {
        double total = CompensatedSum.Of(values, out double largest);
        if (!ProportionalShares.AreOrdinary(largest, supply))
        {
            ScaledProportional(values, room, supply, tokens);
            GrantRounding.TrimToSupply(supply, tokens);
            return;
        }

        // A plain sum tells whether the supply can be exceeded at all: its error is below N·2⁻⁵².
        double spent = ProportionalShares.CappedShares(values, room, supply, total, tokens);
        if (spent >= supply * (1 - Math.ScaleB(tokens.Length + 8, -52)))
        {
            GrantRounding.TrimToSupply(supply, tokens);
        }
    }

    // The same where sums or products could leave the range of a double.
    private static void ScaledProportional(ReadOnlySpan<double> values, ReadOnlySpan<double> room, double supply, Span<double> tokens)
    {
        int exponent = ProportionalShares.Scale(values);
        CompensatedSum sum = default;
        foreach (double value in values)
        {
            sum.Add(Math.ScaleB(value, exponent));
        }

        double total = sum.Value;
        for (int i = 0; i < tokens.Length; i++)
        {
            tokens[i] = total > 0 ? Math.Min(ProportionalShares.Share(Math.ScaleB(values[i], exponent), total, supply), room[i]) : 0;
        }
    }
}
