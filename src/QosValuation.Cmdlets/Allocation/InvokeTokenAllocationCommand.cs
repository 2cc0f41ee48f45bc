using System.Globalization;
using System.Management.Automation;
using QosValuation.Allocation;
using QosValuation.Numerics;

namespace QosValuation.Cmdlets.Allocation;

/// <summary>Divides a supply of tokens among agents by the value of their data.</summary>
/// <remarks>
/// <para>Each agent has a token bucket: a capacity B and the tokens R that remain in it. A grant u never exceeds the room B − R, and all grants together never exceed the supply V; only Random, the paper's unlimited benchmark, knows no room. Grants leave at the end, in the order of the input, with their reward rate u/v (0 where v is 0).</para>
/// <para>Proposed (the default) gives each agent the share V·v/Σv, cut to its room (paper, Eq. 15); what the cut leaves stays unspent. WaterFilling shares that again among the agents that still have room. MaxWelfare fills buckets by descending value, which maximises Σ v·u. RoundRobin deals one token at a time in the order of the input; MaxMin gives the next token to the agent that holds the fewest (remaining plus granted). Random deals each whole token to an agent drawn uniformly. Vtc deals token by token to the agent with the least service per value so far.</para>
/// <para>Optimal finds the allocation with the most social welfare Σ v·u among all whose reward rates are fair enough (paper, problem 12): Jain's index at least -JainFloor and the Gini coefficient at most -GiniCeiling. It proves how close it came: every grant has the property Proof with the welfare, an upper bound on the welfare of any allocation (DualBound), the RelativeGap between them, at most 1e-6, and the prices of the supply and of the bounds. Agents that can receive nothing count as rates of 0; where they make a bound unattainable, the error JainFloorInfeasible or GiniCeilingInfeasible says by how much. -JainFloor and -GiniCeiling alone imply -Scheme Optimal.</para>
/// <para>An agent of value 0 receives nothing under Proposed, WaterFilling, MaxWelfare, Vtc and Optimal; where all have value 0, nobody does. Without agents nothing is emitted. Full buckets and a supply of 0 give grants of 0 tokens. An agent with a value, capacity or remaining that is negative, infinite or not a number, or with more remaining than its capacity, costs one error record (AgentNotValid) and the others share the supply without it.</para>
/// </remarks>
/// <example>
/// <summary>1,000 tokens for contributors of photographs, 4 at most for each.</summary>
/// <code>Get-ClipEmbedding ./photos -Recurse | Group-Embedding -PassThru | Measure-DataValue |
///     Invoke-TokenAllocation -Supply 1000 -Capacity 4</code>
/// </example>
/// <example>
/// <summary>Buckets of several sizes, partly full: the capacity and what remains come with each agent.</summary>
/// <code>Import-Csv agents.csv | Invoke-TokenAllocation -Supply 100</code>
/// <remarks>agents.csv has the columns Agent, Value, Capacity and Remaining.</remarks>
/// </example>
/// <example>
/// <summary>How fair each scheme is.</summary>
/// <code>$values = Get-ClipEmbedding ./photos -Recurse | Measure-DataValue
/// foreach ($scheme in 'Proposed', 'WaterFilling', 'RoundRobin', 'MaxMin', 'Random') {
///     $values | Invoke-TokenAllocation -Supply 100 -Scheme $scheme -Seed 1 | Measure-Fairness |
///         Select-Object @{ n = 'Scheme'; e = { $scheme } }, Jain, Gini, SocialWelfare
/// }</code>
/// </example>
/// <example>
/// <summary>Whole tokens by largest remainder.</summary>
/// <code>$values | Invoke-TokenAllocation -Supply 50 -Capacity 8 -WholeTokens</code>
/// </example>
/// <example>
/// <summary>The most welfare with a Jain index of at least 0.9, and how close it is to the optimum.</summary>
/// <code>$grants = $values | Invoke-TokenAllocation -Supply 100 -JainFloor 0.9
/// $grants | Measure-Fairness
/// $grants[0].Proof.RelativeGap</code>
/// </example>
/// <seealso>Measure-DataValue</seealso>
/// <seealso>Measure-Fairness</seealso>
/// <seealso>Get-FairnessFrontier</seealso>
/// <seealso>Invoke-AllocationSimulation</seealso>
[Cmdlet(VerbsLifecycle.Invoke, "TokenAllocation")]
[OutputType(typeof(TokenGrant))]
public sealed class InvokeTokenAllocationCommand : TokenAgentCommand
{
    /// <summary>How to divide: Proposed (the default), Random, RoundRobin, MaxMin, WaterFilling, MaxWelfare, Vtc or Optimal.</summary>
    [Parameter]
    public AllocationScheme Scheme { get; set; } = AllocationScheme.Proposed;

    /// <summary>For Optimal: Jain's index of the reward rates is at least this, above 0 and at most 1; 1 means equal rates.</summary>
    [Parameter]
    public double JainFloor { get; set; } = double.NaN;

    /// <summary>For Optimal: the Gini coefficient of the reward rates is at most this, at least 0 and below 1; 0 means equal rates.</summary>
    [Parameter]
    public double GiniCeiling { get; set; } = double.NaN;

    /// <summary>Grant whole numbers of tokens. Proposed and WaterFilling round down and hand what is left to the largest fractions; the other schemes deal whole tokens only. Not for Optimal.</summary>
    [Parameter]
    public SwitchParameter WholeTokens { get; set; }

    /// <summary>The seed of Random: the same seed gives the same grants. Without it draws are cryptographic. The other schemes draw nothing.</summary>
    [Parameter]
    public int? Seed { get; set; }

    /// <inheritdoc/>
    protected override void Begin()
    {
        bool isBounded = IsBound(nameof(JainFloor)) || IsBound(nameof(GiniCeiling));
        if (isBounded && !IsBound(nameof(Scheme)))
        {
            Scheme = AllocationScheme.Optimal;
        }

        TokenAllocator.RequireSupply(Supply, Scheme);
        if (isBounded && Scheme != AllocationScheme.Optimal)
        {
            throw new QosValuationException(
                "FairnessBoundNotApplicable",
                FaultKind.InvalidArgument,
                $"Only the scheme Optimal keeps to -JainFloor and -GiniCeiling; {Scheme} does not. Leave out -Scheme, or the bounds.",
                Scheme);
        }

        if (Scheme == AllocationScheme.Optimal)
        {
            TokenAllocator.RequireDivisible(Scheme, WholeTokens);
            Bounds().Validate();
        }
    }

    /// <inheritdoc/>
    protected override void End()
    {
        TokenGrant[] grants = Scheme == AllocationScheme.Optimal
            ? OptimalAllocator.Allocate(Agents, Supply, Bounds(), Cancellation)
            : TokenAllocator.Allocate(Agents, Supply, Scheme, WholeTokens, RandomSource.Create(Seed));
        if (grants.Length > 0 && Scheme is not (AllocationScheme.Random or AllocationScheme.RoundRobin or AllocationScheme.MaxMin) && Array.TrueForAll(grants, grant => grant.Value == 0))
        {
            Output.Warning($"No agent has a value above 0, so {Scheme} gives nobody tokens.");
        }

        if (grants.Length > 0 && grants[0].Proof is OptimalityProof proof)
        {
            Output.Verbose(string.Create(
                CultureInfo.CurrentCulture,
                $"Social welfare {proof.SocialWelfare:G8}, at most {proof.DualBound:G8} (gap {proof.RelativeGap:E1}) after {proof.Iterations} iterations; Jain {proof.Jain:F4}, Gini {proof.Gini:F4}."));
            if (proof.RelativeGap > Bounds().RelativeGap)
            {
                Output.Warning(string.Create(CultureInfo.CurrentCulture, $"The allocation is within the bounds, but proven only to {proof.RelativeGap:E1} of the optimum."));
            }
        }

        foreach (TokenGrant grant in grants)
        {
            WriteRecord(grant);
        }
    }

    private OptimalAllocationOptions Bounds() => new()
    {
        JainFloor = IsBound(nameof(JainFloor)) ? JainFloor : null,
        GiniCeiling = IsBound(nameof(GiniCeiling)) ? GiniCeiling : null,
    };
}
