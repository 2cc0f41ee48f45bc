using System.Management.Automation;
using QosValuation.Allocation;
using QosValuation.Numerics;

namespace QosValuation.Cmdlets.Allocation;

/// <summary>Divides a supply of tokens among agents by the value of their data.</summary>
/// <remarks>
/// <para>Each agent has a token bucket: a capacity B and the tokens R that remain in it. A grant u never exceeds the room B − R, and all grants together never exceed the supply V; only Random, the paper's unlimited benchmark, knows no room. Grants leave at the end, in the order of the input, with their reward rate u/v (0 where v is 0).</para>
/// <para>Proposed (the default) gives each agent the share V·v/Σv, cut to its room (paper, Eq. 15); what the cut leaves stays unspent. WaterFilling shares that again among the agents that still have room. MaxWelfare fills buckets by descending value, which maximises Σ v·u. RoundRobin deals one token at a time in the order of the input; MaxMin gives the next token to the agent that holds the fewest (remaining plus granted). Random deals each whole token to an agent drawn uniformly.</para>
/// <para>An agent of value 0 receives nothing under Proposed, WaterFilling, MaxWelfare and Vtc; where all have value 0, nobody does. Without agents nothing is emitted. Full buckets and a supply of 0 give grants of 0 tokens. An agent with a value, capacity or remaining that is negative, infinite or not a number, or with more remaining than its capacity, costs one error record (AgentNotValid) and the others share the supply without it.</para>
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
/// <seealso>Measure-DataValue</seealso>
/// <seealso>Measure-Fairness</seealso>
/// <seealso>Invoke-AllocationSimulation</seealso>
[Cmdlet(VerbsLifecycle.Invoke, "TokenAllocation")]
[OutputType(typeof(TokenGrant))]
public sealed class InvokeTokenAllocationCommand : QosCmdlet
{
    private readonly List<TokenAgent> _agents = [];

    /// <summary>The agent's name; the Contributor of a data value.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipelineByPropertyName = true)]
    [Alias("Contributor", "Address")]
    [AllowEmptyString]
    public string Agent { get; set; } = string.Empty;

    /// <summary>v: the value of the agent's data, 0 or more, in any unit.</summary>
    [Parameter(Mandatory = true, Position = 1, ValueFromPipelineByPropertyName = true)]
    public double Value { get; set; }

    /// <summary>B: the capacity of the agent's bucket in tokens, 0 or more; 4 by default, as in the paper. Given as an argument it holds for all agents; else each agent may bring its own.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    public double Capacity { get; set; } = 4;

    /// <summary>R: the tokens that remain in the agent's bucket, from 0 to its capacity; 0 by default.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    public double Remaining { get; set; }

    /// <summary>V: the tokens to divide, 0 or more; 1000 by default. Random deals its whole tokens only.</summary>
    [Parameter]
    public double Supply { get; set; } = 1000;

    /// <summary>How to divide: Proposed (the default), Random, RoundRobin, MaxMin, WaterFilling or MaxWelfare.</summary>
    [Parameter]
    public AllocationScheme Scheme { get; set; } = AllocationScheme.Proposed;

    /// <summary>Grant whole numbers of tokens. Proposed and WaterFilling round down and hand what is left to the largest fractions; the other schemes deal whole tokens only.</summary>
    [Parameter]
    public SwitchParameter WholeTokens { get; set; }

    /// <summary>The seed of Random: the same seed gives the same grants. Without it draws are cryptographic. The other schemes draw nothing.</summary>
    [Parameter]
    public int? Seed { get; set; }

    /// <inheritdoc/>
    protected override void Begin() => TokenAllocator.RequireSupply(Supply, Scheme);

    /// <inheritdoc/>
    protected override void Process()
    {
        var agent = new TokenAgent { Agent = Agent, Value = Value, Capacity = Capacity, Remaining = Remaining };
        if (TryItem(agent, agent.Validate))
        {
            _agents.Add(agent);
        }
    }

    /// <inheritdoc/>
    protected override void End()
    {
        TokenGrant[] grants = TokenAllocator.Allocate(_agents, Supply, Scheme, WholeTokens, RandomSource.Create(Seed));
        if (grants.Length > 0 && Scheme is AllocationScheme.Proposed or AllocationScheme.WaterFilling or AllocationScheme.MaxWelfare && Array.TrueForAll(grants, grant => grant.Value == 0))
        {
            Output.Warning($"No agent has a value above 0, so {Scheme} gives nobody tokens.");
        }

        foreach (TokenGrant grant in grants)
        {
            WriteRecord(grant);
        }
    }
}
