using System.Management.Automation;
using QosValuation.Allocation;
using QosValuation.Numerics;

namespace QosValuation.Cmdlets.Allocation;

/// <summary>Divides a supply of tokens among agents by the value of their data.</summary>
/// <remarks>
/// <para>Each agent has a token bucket: a capacity B and the tokens R that remain in it. A grant u never exceeds the room B − R, and all grants together never exceed the supply V; only Random, the paper's unlimited benchmark, knows no room. Grants leave at the end, in the order of the input, with their reward rate u/v (0 where v is 0).</para>
/// <para>Proposed (the default) gives each agent the share V·v/Σv, cut to its room (paper, Eq. 15); what the cut leaves stays unspent. WaterFilling shares that again among the agents that still have room. MaxWelfare fills buckets by descending value, which maximises Σ v·u. RoundRobin deals one token at a time in the order of the input; MaxMin gives the next token to the agent that holds the fewest (remaining plus granted). Random deals each whole token to an agent drawn uniformly.</para>
/// <para>An agent of value 0 receives nothing under Proposed, WaterFilling, MaxWelfare and Vtc; where all have value 0, nobody does. Without agents nothing is emitted. Full buckets and a supply of 0 give grants of 0 tokens. An agent with a value, capacity or remaining that is negative, infinite or not a number, or with more remaining than its capacity, costs one error record (AgentNotValid) and the others share the supply without it.</para>
/// <para>For very many agents, -Path and -OutputPath read and write columns directly, without an object for each agent: CSV files or NumPy arrays. What comes out is one FairnessReport on all grants. There a faulty agent ends the command, because grants are matched to agents by their order.</para>
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
/// <summary>A million agents, from CSV to CSV and from NumPy to NumPy.</summary>
/// <code>Invoke-TokenAllocation -Path agents.csv -OutputPath grants.csv -Supply 2000000
/// Invoke-TokenAllocation -Path value.npy -CapacityPath capacity.npy -OutputPath tokens.npy -Supply 2000000 -Scheme WaterFilling</code>
/// </example>
/// <seealso>Measure-DataValue</seealso>
/// <seealso>Measure-Fairness</seealso>
/// <seealso>Invoke-AllocationSimulation</seealso>
[Cmdlet(VerbsLifecycle.Invoke, "TokenAllocation", DefaultParameterSetName = AgentSet, SupportsShouldProcess = true)]
[OutputType(typeof(TokenGrant), ParameterSetName = [AgentSet])]
[OutputType(typeof(FairnessReport), ParameterSetName = [ColumnSet])]
public sealed class InvokeTokenAllocationCommand : QosCmdlet
{
    private const string AgentSet = "Agents";
    private const string ColumnSet = "Columns";

    private readonly List<TokenAgent> _agents = [];

    /// <summary>The agent's name; the Contributor of a data value.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipelineByPropertyName = true, ParameterSetName = AgentSet)]
    [Alias("Contributor", "Address")]
    [AllowEmptyString]
    public string Agent { get; set; } = string.Empty;

    /// <summary>v: the value of the agent's data, 0 or more, in any unit.</summary>
    [Parameter(Mandatory = true, Position = 1, ValueFromPipelineByPropertyName = true, ParameterSetName = AgentSet)]
    public double Value { get; set; }

    /// <summary>B: the capacity of the agent's bucket in tokens, 0 or more; 4 by default, as in the paper. Given as an argument it holds for all agents; else each agent may bring its own.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true, ParameterSetName = AgentSet)]
    [Parameter(ParameterSetName = ColumnSet)]
    public double Capacity { get; set; } = 4;

    /// <summary>R: the tokens that remain in the agent's bucket, from 0 to its capacity; 0 by default.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true, ParameterSetName = AgentSet)]
    [Parameter(ParameterSetName = ColumnSet)]
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

    /// <summary>A file of agents as columns instead of objects, for a million of them: a .csv with a header and the column Value, and where it has them Agent (or Contributor), Capacity and Remaining; or a .npy with the values, one dimension of floats or integers. Wildcards may match one file.</summary>
    [Parameter(Mandatory = true, ParameterSetName = ColumnSet)]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string Path { get; set; } = string.Empty;

    /// <summary>A .npy with the capacity of each agent, where -Path is a .npy; by default all have -Capacity.</summary>
    [Parameter(ParameterSetName = ColumnSet)]
    [ValidateNotNullOrEmpty]
    public string? CapacityPath { get; set; }

    /// <summary>A .npy with the tokens that remain in each bucket, where -Path is a .npy; by default all have -Remaining.</summary>
    [Parameter(ParameterSetName = ColumnSet)]
    [ValidateNotNullOrEmpty]
    public string? RemainingPath { get; set; }

    /// <summary>Where the grants go, in the order of the agents: a .csv with Agent (where -Path has names), Value, Tokens and RewardRate, or a .npy with the tokens alone. The file appears whole or not at all.</summary>
    [Parameter(Mandatory = true, ParameterSetName = ColumnSet)]
    [ValidateNotNullOrEmpty]
    public string OutputPath { get; set; } = string.Empty;

    /// <inheritdoc/>
    protected override void Begin() => TokenAllocator.RequireSupply(Supply, Scheme);

    /// <inheritdoc/>
    protected override void Process()
    {
        if (ParameterSetName == ColumnSet)
        {
            AllocateColumns();
            return;
        }

        var agent = new TokenAgent { Agent = Agent, Value = Value, Capacity = Capacity, Remaining = Remaining };
        if (TryItem(agent, agent.Validate))
        {
            _agents.Add(agent);
        }
    }

    /// <inheritdoc/>
    protected override void End()
    {
        if (ParameterSetName == ColumnSet)
        {
            return;
        }

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

    private void AllocateColumns()
    {
        string[] paths = [.. ResolvePaths([Path], literal: false)];
        if (paths.Length != 1)
        {
            if (paths.Length > 1)
            {
                throw new QosValuationException("ColumnPathAmbiguous", FaultKind.InvalidArgument, $"'{Path}' matches {paths.Length} files; name one.", Path);
            }

            return;
        }

        bool isNpy = AgentColumns.IsNpy(paths[0]);
        string target = ResolveNewPath(OutputPath);
        AgentColumns.IsNpy(target);
        if (!isNpy && (CapacityPath ?? RemainingPath) is not null)
        {
            throw new QosValuationException("ColumnPathNotUsed", FaultKind.InvalidArgument, "A .csv holds its capacities and remaining tokens itself, in columns of these names; -CapacityPath and -RemainingPath go with a .npy.", CapacityPath ?? RemainingPath);
        }

        AgentColumns columns = isNpy
            ? AgentColumns.ReadNpy(paths[0], Existing(CapacityPath), Existing(RemainingPath), Capacity, Remaining)
            : AgentColumns.ReadCsv(paths[0], Capacity, Remaining, Cancellation);
        columns.Allocate(Scheme, Supply, WholeTokens, RandomSource.Create(Seed));
        FairnessReport report = columns.Measure(Supply);
        if (Output.ShouldProcess(target, $"Write the grants of {columns.Count} agents"))
        {
            columns.Write(target);
            Output.Verbose($"Wrote the grants of {columns.Count} agents to '{target}'.");
            WriteRecord(report);
        }
    }

    private string? Existing(string? path) => path is null ? null : ResolveNewPath(path);
}
