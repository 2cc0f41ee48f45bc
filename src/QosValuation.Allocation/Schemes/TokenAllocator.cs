using QosValuation.Allocation.Optimal;
using QosValuation.Foundation.Randomness;

namespace QosValuation.Allocation.Schemes;

/// <summary>
/// Divides a supply of V tokens among agents with values v, capacities B and remaining tokens R, by any scheme of
/// <see cref="AllocationSchemes"/>. Each closed form is O(N log N) at most, and equal to its token-by-token definition.
/// </summary>
/// <remarks>
/// All schemes but Random keep 0 ≤ u ≤ B − R (paper, Eq. 13), and all keep Σu ≤ V (Eq. 1). No agents, no supply or full buckets give grants
/// of 0 tokens.
/// </remarks>
public static class TokenAllocator
{
    /// <summary>Divides the supply.</summary>
    /// <param name="agents">The agents, in the order that RoundRobin follows and that breaks ties.</param>
    /// <param name="supply">V ≥ 0 in tokens. Random deals its whole tokens only.</param>
    /// <param name="scheme">How to divide.</param>
    /// <param name="wholeTokens">Whether grants are whole numbers of tokens.</param>
    /// <param name="random">The source that Random draws from; not used by the other schemes.</param>
    /// <param name="bounds">Bounds on fairness, for schemes that take them; null for none.</param>
    /// <param name="cancellationToken">Stops a scheme that searches.</param>
    /// <returns>One grant an agent, in order. Where the scheme proves how good they are, all carry the one proof.</returns>
    /// <exception cref="QosValuationException">
    /// <c>AgentNotValid</c>, <c>SupplyNotValid</c>, <c>RandomSourceMissing</c> where Random has none, <c>WholeTokensNotSupported</c> and
    /// <c>FairnessBoundNotApplicable</c> for schemes that cannot do it, and bounds that cannot be kept.
    /// </exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public static TokenGrant[] Allocate(
        IReadOnlyList<TokenAgent> agents,
        double supply,
        AllocationScheme scheme,
        bool wholeTokens = false,
        RandomSource? random = null,
        OptimalAllocationOptions? bounds = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(agents);
        var collected = new TokenAgentCollection();
        foreach (TokenAgent agent in agents)
        {
            agent.Validate();
            collected.Add(agent.Agent, agent.Value, agent.Capacity, agent.Remaining);
        }

        return [.. Divide(collected, supply, scheme, wholeTokens, random, bounds, cancellationToken)];
    }

    /// <summary>Divides the supply among agents that are kept as columns; grants are made where they are asked for.</summary>
    /// <param name="agents">The agents, in the order that RoundRobin follows and that breaks ties.</param>
    /// <param name="supply">V ≥ 0 in tokens. Random deals its whole tokens only.</param>
    /// <param name="scheme">How to divide.</param>
    /// <param name="wholeTokens">Whether grants are whole numbers of tokens.</param>
    /// <param name="random">The source that Random draws from; not used by the other schemes.</param>
    /// <param name="bounds">Bounds on fairness, for schemes that take them; null for none.</param>
    /// <param name="cancellationToken">Stops a scheme that searches.</param>
    /// <returns>One grant an agent, in order.</returns>
    /// <exception cref="QosValuationException">As <see cref="Allocate(IReadOnlyList{TokenAgent}, double, AllocationScheme, bool, RandomSource,
    /// OptimalAllocationOptions, CancellationToken)"/>.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public static TokenAllocation Divide(
        TokenAgentCollection agents,
        double supply,
        AllocationScheme scheme,
        bool wholeTokens = false,
        RandomSource? random = null,
        OptimalAllocationOptions? bounds = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(agents);
        (string[] Names, double[] Values, double[] Capacities, double[] Remaining) columns = agents.ToColumns();
        double[] room = new double[agents.Count];
        for (int i = 0; i < room.Length; i++)
        {
            room[i] = TokenAgent.Room(columns.Capacities[i], columns.Remaining[i]);
        }

        double[] tokens = new double[room.Length];
        OptimalityProof? proof = Allocate(
            scheme, columns.Values, room, columns.Remaining, supply, wholeTokens, random, tokens, bounds, cancellationToken);
        return new TokenAllocation(columns, tokens, scheme, supply, proof);
    }

    /// <summary>Divides the supply, on spans of one length N. The agents' numbers are trusted.</summary>
    /// <param name="scheme">How to divide.</param>
    /// <param name="values">v ≥ 0.</param>
    /// <param name="room">B − R ≥ 0.</param>
    /// <param name="remaining">R ≥ 0.</param>
    /// <param name="supply">V ≥ 0.</param>
    /// <param name="wholeTokens">Whether grants are whole numbers.</param>
    /// <param name="random">The source that Random draws from.</param>
    /// <param name="tokens">Receives u.</param>
    /// <param name="bounds">Bounds on fairness; null for none.</param>
    /// <param name="cancellationToken">Stops a scheme that searches.</param>
    /// <returns>The proof, of schemes that give one; null without agents.</returns>
    internal static OptimalityProof? Allocate(
        AllocationScheme scheme,
        ReadOnlySpan<double> values,
        ReadOnlySpan<double> room,
        ReadOnlySpan<double> remaining,
        double supply,
        bool wholeTokens,
        RandomSource? random,
        Span<double> tokens,
        OptimalAllocationOptions? bounds = null,
        CancellationToken cancellationToken = default)
    {
        Require(scheme, supply, wholeTokens, bounds);
        if (tokens.IsEmpty)
        {
            return null;
        }

        var request = new AllocationRequest
        {
            Values = values,
            Room = room,
            Remaining = remaining,
            Supply = supply,
            WholeTokens = wholeTokens,
            Random = random,
            Bounds = bounds,
            CancellationToken = cancellationToken,
        };
        return AllocationSchemes.Find(scheme).Allocate(request, tokens);
    }

    /// <summary>Checks a supply. O(1).</summary>
    /// <param name="supply">V.</param>
    /// <param name="scheme">The scheme that divides it.</param>
    /// <exception cref="QosValuationException"><c>SupplyNotValid</c>: it is not a finite number of at least 0, or more than the scheme can divide.</exception>
    public static void RequireSupply(double supply, AllocationScheme scheme)
    {
        if (!(supply >= 0) || !double.IsFinite(supply))
        {
            throw new QosValuationException(Faults.SupplyNotValid, $"The supply is {supply}; give a finite number of tokens of at least 0.", supply);
        }

        double most = AllocationSchemes.Find(scheme).MaximumSupply;
        if (supply > most)
        {
            throw new QosValuationException(
                Faults.SupplyNotValid,
                $"The scheme {scheme} divides at most {most:F0} tokens; give a supply of at most that, not {supply}.",
                supply);
        }
    }

    /// <summary>Checks that a scheme can do what is asked of it, before there are agents. O(1).</summary>
    /// <param name="scheme">The scheme.</param>
    /// <param name="supply">V.</param>
    /// <param name="wholeTokens">Whether grants are to be whole numbers.</param>
    /// <param name="bounds">Bounds on fairness; null for none.</param>
    /// <exception cref="QosValuationException">
    /// <c>SupplyNotValid</c>, <c>WholeTokensNotSupported</c>, <c>FairnessBoundNotApplicable</c> where the scheme takes no bounds, or
    /// <c>FairnessBoundNotValid</c>.
    /// </exception>
    public static void Require(AllocationScheme scheme, double supply, bool wholeTokens, OptimalAllocationOptions? bounds)
    {
        RequireSupply(supply, scheme);
        IAllocationScheme found = AllocationSchemes.Find(scheme);
        if (wholeTokens && !found.SupportsWholeTokens)
        {
            throw new QosValuationException(
                Faults.WholeTokensNotSupported,
                $"The scheme {scheme} divides tokens into fractions, and rounding would break what it promises. Leave out whole tokens, or take another "
                + $"scheme.",
                scheme);
        }

        if (bounds is not null && !found.TakesFairnessBounds)
        {
            throw new QosValuationException(
                Faults.FairnessBoundNotApplicable,
                $"Only the scheme {AllocationSchemes.Bounded.Name} keeps to bounds on fairness; {scheme} does not. Leave out the scheme, or the bounds.",
                scheme);
        }

        bounds?.Validate();
    }
}
