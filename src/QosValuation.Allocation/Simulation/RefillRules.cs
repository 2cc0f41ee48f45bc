using QosValuation.Allocation.Schemes;
using QosValuation.Foundation.Randomness;

namespace QosValuation.Allocation.Simulation;

/// <summary>
/// Divides a supply among identities; the values and whatever else the scheme needs are bound when the rule is made.
/// </summary>
/// <param name="capacities">B, one for each identity.</param>
/// <param name="remaining">R, one for each identity. Under a scheme that fills beyond a bucket it may exceed B.</param>
/// <param name="supply">V.</param>
/// <param name="grants">Receives u.</param>
public delegate void RefillRule(ReadOnlySpan<double> capacities, ReadOnlySpan<double> remaining, double supply, Span<double> grants);

/// <summary>Makes the refill rule of a scheme for one run.</summary>
internal static class RefillRules
{
    /// <summary>Makes a rule.</summary>
    /// <param name="scheme">The scheme.</param>
    /// <param name="values">v, one for each identity.</param>
    /// <param name="random">The source that Random draws from.</param>
    /// <returns>A rule for one run; it is not thread-safe.</returns>
    public static RefillRule Create(AllocationScheme scheme, double[] values, RandomSource random)
    {
        IAllocationScheme found = AllocationSchemes.Find(scheme);
        if (found.KeepsState)
        {
            return found.StartRefills(values, random);
        }

        double[] room = new double[values.Length];
        return (capacities, remaining, supply, grants) =>
        {
            Room(capacities, remaining, room);
            TokenAllocator.Allocate(scheme, values, room, remaining, supply, wholeTokens: false, random, grants);
        };
    }

    /// <summary>Computes the room in each bucket; none where it holds more than its capacity. O(N).</summary>
    /// <param name="capacities">B.</param>
    /// <param name="remaining">R.</param>
    /// <param name="room">Receives max(0, B − R).</param>
    public static void Room(ReadOnlySpan<double> capacities, ReadOnlySpan<double> remaining, Span<double> room)
    {
        for (int i = 0; i < room.Length; i++)
        {
            room[i] = Math.Max(0, capacities[i] - remaining[i]);
        }
    }
}
