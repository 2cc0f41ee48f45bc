using QosValuation.Foundation.Numerics;

namespace QosValuation.Allocation.Schemes;

/// <summary>The most social welfare Σ v·u: buckets are filled by descending value (the optimum of the paper's problem 14). O(N log N).</summary>
internal sealed class MaxWelfareScheme : IAllocationScheme
{
    /// <inheritdoc/>
    public AllocationScheme Name => AllocationScheme.MaxWelfare;

    /// <inheritdoc/>
    public bool UsesValue => true;

    /// <inheritdoc/>
    public bool SupportsWholeTokens => true;

    /// <inheritdoc/>
    public bool KeepsState => false;

    /// <inheritdoc/>
    public OptimalityProof? Allocate(in AllocationRequest request, Span<double> tokens)
    {
        Fill(request.Values, request.Room, request.Supply, request.WholeTokens, tokens);
        return null;
    }

    // The fractional knapsack of problem (14): all items weigh 1, so filling by descending v is optimal, and whole tokens fit greedily. O(N log N).
    private static void Fill(ReadOnlySpan<double> values, ReadOnlySpan<double> room, double supply, bool wholeTokens, Span<double> tokens)
    {
        int[] order = new int[values.Length];
        double[] keys = new double[values.Length];
        for (int i = 0; i < order.Length; i++)
        {
            order[i] = i;
            keys[i] = -values[i];
        }

        StableOrder.Sort(keys, order);
        tokens.Clear();
        double limit = wholeTokens ? Math.Floor(supply) : supply;
        CompensatedSum spent = default;
        foreach (int i in order)
        {
            double left = limit - spent.Value;
            if (values[i] == 0 || left <= 0)
            {
                break;
            }

            tokens[i] = Math.Min(wholeTokens ? Math.Floor(room[i]) : room[i], left);
            spent.Add(tokens[i]);
        }

        GrantRounding.TrimToSupply(supply, tokens);
    }
}
