using System.Globalization;
using System.Management.Automation;
using QosValuation.Allocation.Optimal;
using QosValuation.Allocation.Schemes;
using QosValuation.Foundation.IO;
using QosValuation.Foundation.Randomness;

namespace QosValuation.Cmdlets.Allocation;

/// <summary>Divides a supply of tokens among agents by the value of their data.</summary>
/// <remarks>
/// <para>Each agent has a token bucket: a capacity B and the tokens R that remain in it. A grant u never exceeds the room B − R, and all grants
/// together never exceed the supply V; only Random, the paper's unlimited benchmark, knows no room. Grants leave at the end, in the order of the
/// input, with their reward rate u/v (0 where v is 0). Several schemes divide the same supply among the same agents, each as if it were alone:
/// the grants of one scheme leave after those of the other, and Scheme tells them apart.</para>
/// <para>-Scheme says what each scheme does. The default gives each agent the share V·v/Σv, cut to its room (paper, Eq. 15). Schemes that look at
/// values give nothing to an agent of value 0, and where all have value 0, nobody receives anything.</para>
/// <para>Optimal finds the allocation with the most social welfare Σ v·u among all whose reward rates are fair enough (paper, problem 12): Jain's
/// index at least -JainFloor and the Gini coefficient at most -GiniCeiling. It proves how close it came: every grant has the property Proof with
/// the welfare, an upper bound on the welfare of any allocation (DualBound), the RelativeGap between them, at most 1e-6, and the prices of the
/// supply and of the bounds. Agents that can receive nothing count as rates of 0; where they make a bound unattainable, the error
/// JainFloorInfeasible or GiniCeilingInfeasible says by how much. -JainFloor and -GiniCeiling alone imply -Scheme Optimal.</para>
/// <para>Without agents nothing is emitted. Full buckets and a supply of 0 give grants of 0 tokens. An agent with a value, capacity or remaining
/// that is negative, infinite or not a number, or with more remaining than its capacity, costs one error record (AgentNotValid) and the others
/// share the supply without it. Numbers may come as text, such as 2.5 in every culture, or as the present culture writes them, with nothing
/// between thousands; an empty capacity or remaining means the default.</para>
/// <para>For very many agents, -Path and -OutputPath read and write columns directly, without an object for each agent: CSV files or NumPy
/// arrays. What comes out is one FairnessReport on all grants. There a faulty agent ends the command, because grants are matched to agents by
/// their order, and one file holds the grants of one scheme.</para>
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
/// $values | Invoke-TokenAllocation -Supply 100 -Scheme Proposed, WaterFilling, RoundRobin, MaxMin, Random -Seed 1 |
///     Measure-Fairness | Format-Table Scheme, Jain, Gini, SocialWelfare</code>
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
/// <example>
/// <summary>The next round: agents come again with what their buckets hold now, and here each has spent one token.</summary>
/// <code>$grants = $values | Invoke-TokenAllocation -Supply 100
/// $grants | Select-Object Agent, Value, Capacity, @{ n = 'Remaining'; e = { [Math]::Max(0.0, $_.Remaining + $_.Tokens - 1) } } |
///     Invoke-TokenAllocation -Supply 100</code>
/// <remarks>The property Remaining of a grant is what the bucket held before it.</remarks>
/// </example>
/// <example>
/// <summary>A million agents, from CSV to CSV and from NumPy to NumPy.</summary>
/// <code>Invoke-TokenAllocation -Path agents.csv -OutputPath grants.csv -Supply 2000000
/// Invoke-TokenAllocation -Path value.npy -CapacityPath capacity.npy -OutputPath tokens.npy -Supply 2000000 -Scheme WaterFilling</code>
/// </example>
/// <seealso>Measure-DataValue</seealso>
/// <seealso>Measure-Fairness</seealso>
/// <seealso>Get-FairnessFrontier</seealso>
/// <seealso>Invoke-AllocationSimulation</seealso>
[Cmdlet(VerbsLifecycle.Invoke, "TokenAllocation", DefaultParameterSetName = ObjectSet, SupportsShouldProcess = true)]
[OutputType(typeof(TokenGrant), ParameterSetName = [ObjectSet, AgentSet])]
[OutputType(typeof(FairnessReport), ParameterSetName = [ColumnSet])]
public sealed class InvokeTokenAllocationCommand : TokenAgentCommand
{
    private const string ColumnSet = "Columns";

    /// <summary>How to divide, by one scheme or by each of several; Proposed by default.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    [ValueList]
    public AllocationScheme[] Scheme { get; set; } = [AllocationScheme.Proposed];

    /// <summary>For Optimal: Jain's index of the reward rates is at least this, above 0 and at most 1; 1 means equal rates.</summary>
    [Parameter]
    [Number]
    public double JainFloor { get; set; } = double.NaN;

    /// <summary>For Optimal: the Gini coefficient of the reward rates is at most this, at least 0 and below 1; 0 means equal rates.</summary>
    [Parameter]
    [Number]
    public double GiniCeiling { get; set; } = double.NaN;

    /// <summary>
    /// Grant whole numbers of tokens. Proposed and WaterFilling round down and hand what is left to the largest fractions, so that no grant is
    /// more than one token away from the fraction; the other schemes deal whole tokens only. Not for Optimal.
    /// </summary>
    [Parameter]
    public SwitchParameter WholeTokens { get; set; }

    /// <summary>The seed of Random: the same seed gives the same grants. Without it draws are cryptographic. The other schemes draw nothing.</summary>
    [Parameter]
    [WholeNumber(MayBeAbsent = true)]
    public int? Seed { get; set; }

    /// <summary>
    /// B: the capacity of the agent's bucket in tokens, 0 or more; 4 by default, as in the paper. Given as an argument it holds for all agents;
    /// else each agent may bring its own.
    /// </summary>
    [Parameter(ParameterSetName = ObjectSet)]
    [Parameter(ValueFromPipelineByPropertyName = true, ParameterSetName = AgentSet)]
    [Parameter(ParameterSetName = ColumnSet)]
    [AgentNumberTransformation(WhenEmpty = DefaultCapacity)]
    public override double Capacity { get; set; } = DefaultCapacity;

    /// <summary>R: the tokens that remain in the agent's bucket, from 0 to its capacity; 0 by default.</summary>
    [Parameter(ParameterSetName = ObjectSet)]
    [Parameter(ValueFromPipelineByPropertyName = true, ParameterSetName = AgentSet)]
    [Parameter(ParameterSetName = ColumnSet)]
    [AgentNumberTransformation(WhenEmpty = 0)]
    public override double Remaining { get; set; }

    /// <summary>
    /// A file of agents as columns instead of objects, for a million of them: a .csv with a header and the column Value, and where it has them
    /// Agent (or Contributor), Capacity and Remaining; or a .npy with the values, one dimension of floats or integers. Wildcards may match one
    /// file.
    /// </summary>
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

    /// <summary>
    /// Where the grants go, in the order of the agents: a .csv with Agent (where -Path has names), Value, Tokens and RewardRate, or a .npy with
    /// the tokens alone. The file appears whole or not at all.
    /// </summary>
    [Parameter(Mandatory = true, ParameterSetName = ColumnSet)]
    [ValidateNotNullOrEmpty]
    public string OutputPath { get; set; } = string.Empty;

    /// <summary>
    /// Write names into a .csv as they are. By default one that a spreadsheet would take for a formula (it begins with =, +, -, @, a tab or a carriage
    /// return) gets an apostrophe before it.
    /// </summary>
    [Parameter(ParameterSetName = ColumnSet)]
    public SwitchParameter Raw { get; set; }

    // Null where neither bound is given.
    private OptimalAllocationOptions? Bounds => IsBound(nameof(JainFloor)) || IsBound(nameof(GiniCeiling))
        ? new()
        {
            JainFloor = IsBound(nameof(JainFloor)) ? JainFloor : null,
            GiniCeiling = IsBound(nameof(GiniCeiling)) ? GiniCeiling : null,
        }
        : null;

    /// <inheritdoc/>
    protected override void Begin()
    {
        if (Bounds is not null && !IsBound(nameof(Scheme)))
        {
            Scheme = [AllocationSchemes.Bounded.Name];
        }

        if (ParameterSetName == ColumnSet && Scheme.Length > 1)
        {
            throw new QosValuationException(
                Faults.ColumnSchemesNotSupported,
                $"-OutputPath holds the grants of one scheme, and -Scheme names {Scheme.Length}; run the command once for each.",
                Scheme);
        }

        foreach (AllocationScheme scheme in Scheme)
        {
            TokenAllocator.Require(scheme, Supply, WholeTokens, Bounds);
        }
    }

    /// <inheritdoc/>
    private protected override bool OnlyCollects => ParameterSetName != ColumnSet;

    /// <inheritdoc/>
    protected override void Process()
    {
        if (ParameterSetName == ColumnSet)
        {
            AllocateColumns();
            return;
        }

        base.Process();
    }

    /// <inheritdoc/>
    protected override void End()
    {
        if (ParameterSetName == ColumnSet)
        {
            return;
        }

        WarnOfAlikeNames();
        foreach (AllocationScheme scheme in Scheme)
        {
            TokenAllocation grants = TokenAllocator.Divide(Agents, Supply, scheme, WholeTokens, RandomSource.Create(Seed), Bounds, Cancellation);
            Comment(scheme, grants);
            foreach (TokenGrant grant in grants)
            {
                WriteRecord(grant);
            }
        }
    }

    private void Comment(AllocationScheme scheme, TokenAllocation grants)
    {
        if (grants.Count > 0 && AllocationSchemes.Find(scheme).UsesValue && !grants.HasValue)
        {
            WriteWarning($"No agent has a value above 0, so {scheme} gives nobody tokens.");
        }

        if (grants.Proof is OptimalityProof proof)
        {
            string gap = string.Create(
                CultureInfo.CurrentCulture, $"at most {proof.DualBound:G8} (gap {proof.RelativeGap:E1}) after {proof.Iterations} iterations");
            WriteVerbose(string.Create(
                CultureInfo.CurrentCulture, $"Social welfare {proof.SocialWelfare:G8}, {gap}; Jain {proof.Jain:F4}, Gini {proof.Gini:F4}."));
            if (proof.RelativeGap > (Bounds ?? new OptimalAllocationOptions()).RelativeGap)
            {
                WriteWarning(string.Create(
                    CultureInfo.CurrentCulture, $"The allocation is within the bounds, but proven only to {proof.RelativeGap:E1} of the optimum."));
            }
        }
    }

    private void AllocateColumns()
    {
        string[] paths = [.. ResolvePaths([Path], literal: false)];
        if (paths.Length != 1)
        {
            if (paths.Length > 1)
            {
                throw new QosValuationException(
                    Faults.ColumnPathAmbiguous, $"'{Path}' matches {paths.Length} files; name one.", Path);
            }

            return;
        }

        bool isNpy = CsvNumberTable.IsNpy(paths[0]);
        string target = ResolveNewPath(OutputPath);
        CsvNumberTable.IsNpy(target);
        if (!isNpy && (CapacityPath ?? RemainingPath) is not null)
        {
            throw new QosValuationException(
                Faults.ColumnPathNotUsed,
                "A .csv holds its capacities and remaining tokens itself, in columns of these names; -CapacityPath and -RemainingPath go with a .npy.",
                CapacityPath ?? RemainingPath);
        }

        AgentColumns columns = isNpy
            ? AgentColumns.ReadNpy(paths[0], Existing(CapacityPath), Existing(RemainingPath), Capacity, Remaining)
            : AgentColumns.ReadCsv(paths[0], Capacity, Remaining, Cancellation);
        columns.Allocate(Scheme[0], Supply, WholeTokens, RandomSource.Create(Seed), Bounds, Cancellation);
        FairnessReport report = columns.Measure(Supply);
        if (ShouldProcess(target, $"Write the grants of {columns.Count} agents"))
        {
            columns.Write(target, Raw);
            WriteVerbose($"Wrote the grants of {columns.Count} agents to '{target}'.");
            WriteRecord(report);
        }
    }

    private string? Existing(string? path) => path is null ? null : ResolveNewPath(path);
}
