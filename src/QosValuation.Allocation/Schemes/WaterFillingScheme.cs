using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using QosValuation.Foundation.Numerics;

namespace QosValuation.Allocation.Schemes;

/// <summary>Weighted max-min: Eq. 15 repeated until the supply is spent or every bucket of an agent with v > 0 is full.</summary>
internal sealed class WaterFillingScheme : IAllocationScheme
{
    // The binary exponents between which the largest term of a scaled sum is kept: high, so that terms far smaller keep their digits.
    private const int LowestScaled = 800;
    private const int HighestScaled = 900;

    /// <inheritdoc/>
    public AllocationScheme Name => AllocationScheme.WaterFilling;

    /// <inheritdoc/>
    public bool UsesValue => true;

    /// <inheritdoc/>
    public bool SupportsWholeTokens => true;

    /// <inheritdoc/>
    public bool KeepsState => false;

    /// <inheritdoc/>
    public OptimalityProof? Allocate(in AllocationRequest request, Span<double> tokens)
    {
        Fill(request.Values, request.Room, request.Supply, tokens);
        if (request.WholeTokens)
        {
            GrantRounding.LargestRemainder(request.Room, request.Supply, tokens);
        }
        else
        {
            GrantRounding.TrimToSupply(request.Supply, tokens);
        }

        return null;
    }

    // The same by sorting: agents leave in the order of the λ at which their buckets fill. Values may lie further apart than the
    // range of a double: levels carry their exponent apart, and each suffix sum is scaled to the values that it holds. O(N log N).
    internal static void FillSorted(ReadOnlySpan<double> values, ReadOnlySpan<double> room, double supply, Span<double> tokens)
    {
        int[] order = new int[values.Length];
        var levels = new FillLevel[values.Length];
        for (int i = 0; i < values.Length; i++)
        {
            levels[i] = FillLevel.Of(room[i], values[i]);
            order[i] = i;
        }

        Array.Sort(levels, order);

        // The weight that has not left yet, summed from the small end of the list so that nothing is subtracted.
        double[] outstanding = new double[order.Length];
        int[] exponents = new int[order.Length];
        CompensatedSum suffix = default;
        int exponent = int.MaxValue;
        for (int k = order.Length - 1; k >= 0; k--)
        {
            double value = values[order[k]];
            if (value > 0 && (exponent == int.MaxValue || Math.ILogB(value) + exponent > HighestScaled))
            {
                int next = LowestScaled - Math.ILogB(value);
                double before = suffix.Value;
                suffix = default;
                suffix.Add(before > 0 ? Math.ScaleB(before, next - exponent) : 0);
                exponent = next;
            }

            suffix.Add(value > 0 ? Math.ScaleB(value, exponent) : 0);
            outstanding[k] = suffix.Value;
            exponents[k] = exponent;
        }

        tokens.Clear();
        CompensatedSum spent = default;
        for (int k = 0; k < order.Length && outstanding[k] > 0; k++)
        {
            int i = order[k];
            double left = Math.Max(0, supply - spent.Value);
            if (ProportionalShares.Share(Math.ScaleB(values[i], exponents[k]), outstanding[k], left) < room[i])
            {
                // This bucket does not fill, and so none of the later ones does: all share what is left in proportion.
                for (int j = k; j < order.Length; j++)
                {
                    int later = order[j];
                    double share = ProportionalShares.Share(Math.ScaleB(values[later], exponents[k]), outstanding[k], left);
                    tokens[later] = values[later] > 0 ? Math.Min(share, room[later]) : 0;
                }

                return;
            }

            tokens[i] = Math.Min(room[i], left);
            spent.Add(tokens[i]);
        }
    }

    // u = min(λ·v, B − R) with λ so that the supply is spent or every bucket of an agent with v > 0 is full. Newton's method on the
    // concave, piecewise linear Σu(λ): each step takes out the buckets that the present level fills, and the level only rises, so
    // it ends at the root after some ten passes; sorting bounds the cases that would take more. O(N) as a rule, O(N log N) at most.
    private static void Fill(ReadOnlySpan<double> values, ReadOnlySpan<double> room, double supply, Span<double> tokens)
    {
        const int MaximumPasses = 50;
        double outstanding = CompensatedSum.Of(values, out double largest);
        double left = supply;
        if (ProportionalShares.AreOrdinary(largest, supply))
        {
            int full = -1;
            for (int pass = 0; pass < MaximumPasses; pass++)
            {
                (int filled, double rest, double spent) = FilledAt(values, room, left, outstanding);
                if (filled == full)
                {
                    ProportionalShares.CappedShares(values, room, left, outstanding, tokens);
                    return;
                }

                if (rest == 0)
                {
                    for (int i = 0; i < tokens.Length; i++)
                    {
                        tokens[i] = values[i] > 0 ? room[i] : 0;
                    }

                    return;
                }

                full = filled;
                outstanding = rest;
                left = Math.Max(0, supply - spent);
            }
        }

        FillSorted(values, room, supply, tokens);
    }

    // How many buckets the level left/outstanding fills, the weight of the others, and what the full ones take.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static (int Filled, double Unfilled, double Spent) FilledAt(ReadOnlySpan<double> values, ReadOnlySpan<double> room, double left, double outstanding)
    {
        Vector256<double> supply = Vector256.Create(left);
        Vector256<double> weight = Vector256.Create(outstanding);
        Vector256<double> restSum = Vector256<double>.Zero;
        Vector256<double> restCorrection = Vector256<double>.Zero;
        Vector256<double> spentSum = Vector256<double>.Zero;
        Vector256<double> spentCorrection = Vector256<double>.Zero;
        Vector256<long> counts = Vector256<long>.Zero;
        ref double value = ref MemoryMarshal.GetReference(values);
        ref double space = ref MemoryMarshal.GetReference(room);
        int count = Math.Min(values.Length, room.Length);
        int i = 0;
        for (; i <= count - 4; i += 4)
        {
            Vector256<double> v = Vector256.LoadUnsafe(ref value, (nuint)i);
            Vector256<double> b = Vector256.LoadUnsafe(ref space, (nuint)i);
            Vector256<double> isFull = Vector256.GreaterThanOrEqual(v * supply, b * weight);
            counts -= isFull.AsInt64();
            Vector256<double> term = Vector256.AndNot(v, isFull);
            Vector256<double> next = restSum + term;
            Vector256<double> part = next - restSum;
            restCorrection += (restSum - (next - part)) + (term - part);
            restSum = next;
            term = b & isFull;
            next = spentSum + term;
            part = next - spentSum;
            spentCorrection += (spentSum - (next - part)) + (term - part);
            spentSum = next;
        }

        int filled = (int)Vector256.Sum(counts);
        CompensatedSum rest = default;
        CompensatedSum spent = default;
        for (int lane = 0; lane < 4; lane++)
        {
            rest.Add(restSum.GetElement(lane));
            spent.Add(spentSum.GetElement(lane));
        }

        for (int lane = 0; lane < 4; lane++)
        {
            rest.Add(restCorrection.GetElement(lane));
            spent.Add(spentCorrection.GetElement(lane));
        }

        for (; i < count; i++)
        {
            if (values[i] * left >= room[i] * outstanding)
            {
                filled++;
                spent.Add(room[i]);
            }
            else
            {
                rest.Add(values[i]);
            }
        }

        return (filled, rest.Value, spent.Value);
    }

    /// <summary>The level (B − R)/v at which a bucket fills, as m·2ᵉ with m in [1, 2), also where the quotient leaves the range of a double.</summary>
    /// <param name="Exponent">e; the least integer for a full bucket, the greatest for an agent without value.</param>
    /// <param name="Mantissa">m.</param>
    private readonly record struct FillLevel(int Exponent, double Mantissa) : IComparable<FillLevel>
    {
        public static FillLevel Of(double room, double value)
        {
            if (value == 0 || room == 0)
            {
                return new FillLevel(value == 0 ? int.MaxValue : int.MinValue, 1);
            }

            int roomExponent = Math.ILogB(room);
            int valueExponent = Math.ILogB(value);
            double quotient = Math.ScaleB(room, -roomExponent) / Math.ScaleB(value, -valueExponent);
            return quotient < 1 ? new FillLevel(roomExponent - valueExponent - 1, 2 * quotient) : new FillLevel(roomExponent - valueExponent, quotient);
        }

        public int CompareTo(FillLevel other) => Exponent != other.Exponent ? Exponent.CompareTo(other.Exponent) : Mantissa.CompareTo(other.Mantissa);
    }
}
