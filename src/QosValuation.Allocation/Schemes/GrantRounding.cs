using System.Numerics.Tensors;
using QosValuation.Foundation.Numerics;

namespace QosValuation.Allocation.Schemes;

/// <summary>Rounds grants: to whole tokens, and so that their sum does not exceed the supply.</summary>
internal static class GrantRounding
{
    // Rounds fractional grants down and hands the whole tokens that are left over to the largest fractions, the earlier agent where
    // equal, never above the whole tokens that fit the bucket (Hamilton's method). O(N log N).
    internal static void LargestRemainder(ReadOnlySpan<double> room, double supply, Span<double> tokens)
    {
        CompensatedSum exact = default;
        CompensatedSum whole = default;
        var fractions = new List<double>();
        var order = new List<int>();
        for (int i = 0; i < tokens.Length; i++)
        {
            exact.Add(tokens[i]);

            // A share such as 2.9999999999999996 stands for 3: the rounding of the division must not cost a token.
            double nearest = Math.Round(tokens[i]);
            double floor = Math.Abs(tokens[i] - nearest) <= 1e-12 * nearest ? nearest : Math.Floor(tokens[i]);
            floor = Math.Min(floor, Math.Floor(room[i]));
            if (floor + 1 <= room[i] && tokens[i] > floor)
            {
                fractions.Add(floor - tokens[i]);
                order.Add(i);
            }

            tokens[i] = floor;
            whole.Add(floor);
        }

        double total = exact.Value;
        total = Math.Min(Math.Abs(total - Math.Round(total)) <= 1e-9 * Math.Max(1, total) ? Math.Round(total) : Math.Floor(total), Math.Floor(supply));
        double[] keys = [.. fractions];
        int[] agents = [.. order];
        StableOrder.Sort(keys, agents);
        double extra = Math.Min(total - whole.Value, agents.Length);
        for (int k = 0; k < extra; k++)
        {
            tokens[agents[k]]++;
        }
    }

    // Rounding can leave Σu above V by some units in the last place: they are taken from the largest grant, so that Eq. 1 holds as written. O(N).
    internal static void TrimToSupply(double supply, Span<double> tokens)
    {
        double excess = CompensatedSum.Of(tokens) - supply;
        if (!(excess > 0))
        {
            return;
        }

        int largest = TensorPrimitives.IndexOfMax(tokens);
        while (excess > 0 && tokens[largest] > 0)
        {
            tokens[largest] = Math.Max(0, Math.Min(tokens[largest] - excess, Math.BitDecrement(tokens[largest])));
            excess = CompensatedSum.Of(tokens) - supply;
        }
    }

    internal static void CopyRoom(ReadOnlySpan<double> room, bool wholeTokens, Span<double> tokens)
    {
        for (int i = 0; i < room.Length; i++)
        {
            tokens[i] = wholeTokens ? Math.Floor(room[i]) : room[i];
        }
    }
}
