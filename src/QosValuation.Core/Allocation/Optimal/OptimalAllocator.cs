using System.Globalization;
using System.Numerics.Tensors;

namespace QosValuation.Allocation;

/// <summary>
/// The exact solution of the paper's problem (12): max Σ v·u subject to Σu ≤ V, 0 ≤ u ≤ B − R, J(r) ≥ Jmin and G(r) ≤ Gmax.
/// </summary>
/// <remarks>
/// <para>
/// The paper calls the problem non-convex and settles for Eq. 15. In the reward rates r = u/v it is convex: J(r) ≥ Jmin is
/// the second-order cone ‖r‖ ≤ Σr/√(N·Jmin), and G(r) ≤ Gmax is Σ_{i&lt;j}|rᵢ − rⱼ| ≤ N·Gmax·Σr. Agents with v = 0 or a full
/// bucket keep r = 0 but count in N.
/// </para>
/// <para>
/// The search runs over at most three prices and one scale, whatever N; each step solves an inner problem exactly in
/// O(N log N) (<see cref="RateLagrangian"/>). Bounds are added only as they prove active: none (a fractional knapsack), Jain
/// (<see cref="CurvedPriceSearch"/> without sorting), Gini (<see cref="GiniColumnGeneration"/>), or both. The result carries a
/// feasible allocation and a bound that no feasible allocation exceeds (<see cref="DualCertificate"/>).
/// </para>
/// <para>
/// Agents are sorted by value and room first, and agents alike in both receive the same: the result does not depend on the
/// order of the agents, and scales with the units of value and tokens.
/// </para>
/// </remarks>
public static class OptimalAllocator
{
    /// <summary>Finds the allocation of the highest social welfare.</summary>
    /// <param name="values">v: one value per agent, not negative.</param>
    /// <param name="capacities">B: bucket capacities in tokens, not negative.</param>
    /// <param name="remaining">R: tokens left in each bucket, not negative; where it is B or more, the bucket is full.</param>
    /// <param name="supply">V: the tokens to divide, not negative.</param>
    /// <param name="options">The bounds on fairness, and how closely to solve.</param>
    /// <param name="cancellation">Stops the search.</param>
    /// <returns>The allocation and the proof of its quality.</returns>
    /// <exception cref="QosValuationException">
    /// <c>JainFloorInfeasible</c> or <c>GiniCeilingInfeasible</c> where agents that can receive nothing (full buckets, value 0)
    /// make a bound unattainable; <c>ValueOutOfRange</c>, <c>BucketOutOfRange</c>, <c>SupplyOutOfRange</c>,
    /// <c>FairnessBoundOutOfRange</c>, <c>LengthMismatch</c> for arguments outside their range.
    /// </exception>
    public static OptimalAllocation Solve(
        ReadOnlySpan<double> values,
        ReadOnlySpan<double> capacities,
        ReadOnlySpan<double> remaining,
        double supply,
        OptimalAllocationOptions? options = null,
        CancellationToken cancellation = default) =>
        new OptimalAllocationSolver(values, capacities, remaining, supply).Solve(options ?? new OptimalAllocationOptions(), cancellation);
}
