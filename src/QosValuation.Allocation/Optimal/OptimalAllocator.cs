using QosValuation.Allocation.Schemes;

namespace QosValuation.Allocation.Optimal;

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
    /// <param name="values">v: one value per agent, finite and not negative.</param>
    /// <param name="capacities">B: bucket capacities in tokens, finite and not negative.</param>
    /// <param name="remaining">R: tokens left in each bucket, from 0 to B.</param>
    /// <param name="supply">V: the tokens to divide, finite and not negative.</param>
    /// <param name="options">The bounds on fairness, and how closely to solve.</param>
    /// <param name="cancellationToken">Stops the search.</param>
    /// <returns>The allocation and the proof of its quality. Without supply, or where nobody can receive anything, it is 0 throughout.</returns>
    /// <exception cref="QosValuationException">
    /// <c>JainFloorInfeasible</c> or <c>GiniCeilingInfeasible</c> where agents that can receive nothing (full buckets, value 0)
    /// make a bound unattainable; <c>AgentNotValid</c>, <c>AgentsNotAligned</c>, <c>SupplyNotValid</c>,
    /// <c>FairnessBoundNotValid</c> and <c>SearchLimitNotValid</c> for arguments outside their range.
    /// </exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public static OptimalAllocation Solve(
        ReadOnlySpan<double> values,
        ReadOnlySpan<double> capacities,
        ReadOnlySpan<double> remaining,
        double supply,
        OptimalAllocationOptions? options = null,
        CancellationToken cancellationToken = default)
    {
        if (capacities.Length != values.Length || remaining.Length != values.Length)
        {
            throw new QosValuationException(
                Faults.AgentsNotAligned,
                $"Give as many capacities ({capacities.Length}) and remaining tokens ({remaining.Length}) as values ({values.Length}).");
        }

        double[] rooms = new double[values.Length];
        for (int i = 0; i < rooms.Length; i++)
        {
            new TokenAgent { Agent = $"#{i}", Value = values[i], Capacity = capacities[i], Remaining = remaining[i] }.Validate();
            rooms[i] = capacities[i] - remaining[i];
        }

        return Solve(values, rooms, supply, options, cancellationToken);
    }

    /// <summary>Finds the allocation for rooms B − R that are known to be valid.</summary>
    /// <param name="values">v.</param>
    /// <param name="rooms">B − R.</param>
    /// <param name="supply">V.</param>
    /// <param name="options">The bounds on fairness, and how closely to solve.</param>
    /// <param name="cancellationToken">Stops the search.</param>
    /// <returns>The allocation.</returns>
    internal static OptimalAllocation Solve(
        ReadOnlySpan<double> values,
        ReadOnlySpan<double> rooms,
        double supply,
        OptimalAllocationOptions? options,
        CancellationToken cancellationToken)
    {
        TokenAllocator.RequireSupply(supply, AllocationScheme.Optimal);
        return new OptimalAllocationSolver(values, rooms, supply).Solve(options ?? new OptimalAllocationOptions(), cancellationToken);
    }
}
