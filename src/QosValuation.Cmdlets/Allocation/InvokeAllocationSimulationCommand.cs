using System.Globalization;
using System.Management.Automation;
using QosValuation.Allocation.Schemes;
using QosValuation.Allocation.Simulation;
using QosValuation.Foundation.Sharding;

namespace QosValuation.Cmdlets.Allocation;

/// <summary>Simulates token allocation under uneven contributions, and averages the fairness of each scheme.</summary>
/// <remarks>
/// <para>In every round the values of the agents are shares drawn from a symmetric Dirichlet distribution of concentration α: a small α makes
/// contributions uneven, a large one alike. Each scheme divides the same supply among empty buckets, and Jain's index and the Gini coefficient
/// of the reward rates are averaged over the rounds, with their standard errors, and with the 5 %, 50 % and 95 % quantiles over the rounds
/// (paper, section V-B; Figs. 4 and 5).</para>
/// <para>One row leaves for each number of agents, α and scheme, as soon as it is known. All schemes see the same values. Rounds run on all
/// cores. The same seed gives the same rows for any number of them, and a row does not depend on which others are simulated beside it.</para>
/// </remarks>
/// <example>
/// <summary>The paper's setting: 500 agents, 1,000 tokens, buckets of 4, α = 0.5.</summary>
/// <code>Invoke-AllocationSimulation -Seed 1</code>
/// </example>
/// <example>
/// <summary>Fig. 4: fairness over heterogeneity.</summary>
/// <code>Invoke-AllocationSimulation -Alpha 0.1, 0.3, 0.5, 0.7, 0.9 -Seed 1 | Export-Csv fig4.csv</code>
/// </example>
/// <example>
/// <summary>Two thousand rounds in four shards, here one after the other: the rows of one run.</summary>
/// <code>1..4 | ForEach-Object { Invoke-AllocationSimulation -Rounds 2000 -Seed 1 -Shard "$_/4" } | Join-Simulation</code>
/// </example>
/// <example>
/// <summary>Fig. 5: fairness over the number of agents.</summary>
/// <code>Invoke-AllocationSimulation -Agents 100, 300, 500, 700, 900 -Seed 1 | Export-Csv fig5.csv</code>
/// </example>
/// <seealso>Join-Simulation</seealso>
/// <seealso>Invoke-TokenAllocation</seealso>
/// <seealso>Measure-Fairness</seealso>
[Cmdlet(VerbsLifecycle.Invoke, "AllocationSimulation")]
[OutputType(typeof(AllocationSimulationResult), typeof(SimulationShard))]
public sealed class InvokeAllocationSimulationCommand : QosCmdlet
{
    /// <summary>N: the numbers of agents, each at least 1; 500 by default.</summary>
    [Parameter(Position = 0)]
    [ValidateNotNullOrEmpty]
    [ValidateRange(1, 10_000_000)]
    [WholeNumber(TakesList = true)]
    public int[] Agents { get; set; } = [500];

    /// <summary>
    /// α: the concentrations of the Dirichlet distribution of values, each above 0; 0.5 by default. 0.1 is very uneven, 1 moderate, 100 nearly
    /// even.
    /// </summary>
    [Parameter(Position = 1)]
    [ValidateNotNullOrEmpty]
    [Number(TakesList = true)]
    public double[] Alpha { get; set; } = [0.5];

    /// <summary>V: the tokens to divide in a round, 0 or more; 1000 by default.</summary>
    [Parameter]
    [Number]
    public double Supply { get; set; } = 1000;

    /// <summary>B: the capacity of every bucket in tokens, 0 or more; 4 by default.</summary>
    [Parameter]
    [Number]
    public double Capacity { get; set; } = 4;

    /// <summary>The number of rounds that are averaged, at least 1; 1000 by default.</summary>
    [Parameter]
    [ValidateRange(1, int.MaxValue)]
    [WholeNumber]
    public int Rounds { get; set; } = 1000;

    /// <summary>The schemes; those that the paper compares by default.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    [ValueList]
    public AllocationScheme[] Scheme { get; set; } = AllocationSchemes.InPaper;

    /// <summary>The seed: the same seed gives the same rows. Without it draws are cryptographic.</summary>
    [Parameter]
    [WholeNumber(MayBeAbsent = true)]
    public int? Seed { get; set; }

    /// <summary>
    /// Simulates only the rounds of one of n shards, such as -Shard 3/8 for the third of eight: a contiguous part of them, of every row. Emits
    /// SimulationShard rows, of which Join-Simulation makes those of the whole run, to the last bit. Needs -Seed, the same for all shards.
    /// </summary>
    [Parameter]
    [Shard]
    [ArgumentCompleter(typeof(ShardCompleter))]
    public Shard? Shard { get; set; }

    /// <inheritdoc/>
    protected override void Begin() => ShardedRun.RequireSeed(Shard, Seed);

    /// <inheritdoc/>
    protected override void End()
    {
        var options = new AllocationSimulationOptions
        {
            Agents = Agents,
            Alphas = Alpha,
            Schemes = Scheme,
            Supply = Supply,
            Capacity = Capacity,
            Rounds = Rounds,
            Seed = Seed,
        };
        WriteVerbose(string.Create(
            CultureInfo.CurrentCulture,
            $"{options.Points} points of {Rounds} rounds with {Scheme.Length} schemes; "
            + $"{(Seed is int seed ? $"draws from the seed {seed}" : "cryptographic draws")}."));
        var meter = new ProgressMeter(this, "Simulating token allocation", "rounds");
        var done = new ProgressCount();
        long rounds = (long)options.Points * (Shard?.PartOf(Rounds).Count ?? Rounds);
        BackgroundWork.Stream<object>(
            token => Shard is null ? AllocationSimulation.Run(options, done, cancellationToken: token)
                : AllocationSimulation.RunShard(options, Shard, done, cancellationToken: token),
            WriteRecord,
            () => meter.Report(done.Value, rounds),
            Cancellation);
        meter.Complete();
    }
}
