using System.Management.Automation;
using QosValuation.Allocation.Schemes;
using QosValuation.Allocation.Simulation;
using QosValuation.Foundation.Names;
using QosValuation.Foundation.Sharding;

namespace QosValuation.Cmdlets.Allocation;

/// <summary>Simulates quality of service over time: token buckets, requests that wait or are dropped, and refills by each scheme.</summary>
/// <remarks>
/// <para>Agents hold token buckets. Requests arrive, cost tokens, and wait in their agent's queue until its bucket holds the cost, their patience
/// ends, or the run does. At the start of every epoch a scheme divides a limited supply among the buckets; what it does not grant expires. A bucket
/// that is full earns nothing (under Random, which has no bucket limit, it does): spend to earn more.</para>
/// <para>Without input, agents are made up: their values are shares drawn from a Dirichlet distribution (-Alpha), anew in each round, as in the
/// paper's Figs. 4 and 5. Or pipe agents: grants of Invoke-TokenAllocation, values of Measure-DataValue, rows of a CSV file, or any objects with the
/// properties Agent and Value, and where they differ Capacity, Remaining, ArrivalRate, RequestCost, Quantity and Strategy.</para>
/// <para>Requests come as a Poisson process, in bursts (-BurstOn and -BurstOff), or from a CSV trace (-TracePath). All schemes meet the same
/// requests, and the same seed gives the same figures on any number of threads.</para>
/// <para>Each scheme gives one report on the population, and with -PerAgent one on each agent. Waits are those of served requests; requests that
/// gave up or still wait are counted in Abandoned and Waiting and lower ServedRatio. OutageRatio is the part of the requests that could not be
/// served at the instant of their arrival, OutageTime the part of the time in which requests wait or a bucket holds less than the mean cost of a
/// request. Jain and Gini are those of reward rates (granted tokens per value), ServiceJain and ServiceGini those of tokens spent on genuine
/// requests per value.</para>
/// <para>Agents may play a strategy: Hoarder (withholds its requests), Flooder (adds junk to its own requests) or Sybil (poses as several agents).
/// With -StrategyGain the output is what each strategy gains under each scheme, against honest play with the same requests.</para>
/// <para>At one instant, refills come first, then waiting requests are served in the order of agents, then requests whose patience ends leave, then
/// requests arrive. RoundRobin, and the order in which MaxMin breaks ties, go on after the agent that received the last token.</para>
/// </remarks>
/// <example>
/// <summary>Compare the schemes on 500 agents with values as uneven as the paper's</summary>
/// <code>Invoke-QosSimulation -Seed 1</code>
/// </example>
/// <example>
/// <summary>The quality of service that the contributors of a dataset would see</summary>
/// <code>Get-ClipEmbedding ./photos -Recurse | Measure-DataValue |
///     Invoke-QosSimulation -Supply 20 -Scheme Proposed, WaterFilling, Vtc -PerAgent</code>
/// </example>
/// <example>
/// <summary>Bursts, impatient requests and heavy-tailed costs</summary>
/// <code>Invoke-QosSimulation -BurstOn 1 -BurstOff 9 -Patience 3 -CostDistribution LogNormal -CostVariation 1.5 -Capacity 20 -Seed 1</code>
/// </example>
/// <example>
/// <summary>What hoarding, flooding and posing as four agents gain under each scheme</summary>
/// <code>Invoke-QosSimulation -StrategyGain -Seed 1</code>
/// </example>
/// <example>
/// <summary>Does handing in the same data under five names pay, and whom does it cost?</summary>
/// <code>Invoke-QosSimulation -Agents 50 -Supply 50 -Strategy Sybil -Identities 5 -SybilSplit Duplicate -StrategyGain -Seed 1 |
///     Select-Object Scheme, ServedGain, OthersServedGain</code>
/// </example>
/// <example>
/// <summary>Replay a trace with the columns Time, Agent and Cost</summary>
/// <code>Import-Csv agents.csv | Invoke-QosSimulation -TracePath requests.csv -Supply 50 -EpochLength 60</code>
/// </example>
/// <seealso>Join-Simulation</seealso>
/// <seealso>Invoke-TokenAllocation</seealso>
/// <seealso>Invoke-AllocationSimulation</seealso>
/// <seealso>Measure-DataValue</seealso>
[Cmdlet(VerbsLifecycle.Invoke, "QosSimulation")]
[OutputType(typeof(QosReport), typeof(StrategyGain), typeof(SimulationShard))]
public sealed class InvokeQosSimulationCommand : QosCmdlet
{
    private const double DefaultArrivalRate = 2;
    private const double DefaultRequestCost = 1;

    private readonly List<QosAgent> _agents = [];
    private readonly AlikeNames _names = new();
    private QosStrategy[]? _strategies;

    /// <summary>How many agents are made up where none come from the pipeline; 500 by default.</summary>
    [Parameter(Position = 0)]
    [ValidateRange(1, 10_000_000)]
    [WholeNumber]
    public int Agents { get; set; } = 500;

    /// <summary>
    /// α: the concentration of the Dirichlet distribution from which values are drawn in each round; above 0, 0.5 by default. Small values make them
    /// uneven. With agents from the pipeline or a trace it replaces their values only where it is given.
    /// </summary>
    [Parameter]
    [Number]
    public double Alpha { get; set; } = 0.5;

    /// <summary>An agent's name; names differ. By default agent1, agent2 and so on.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [Alias("Contributor", "Address")]
    [ValidateNotNullOrEmpty]
    public string? Agent { get; set; }

    /// <summary>v: an agent's data value; finite and at least 0.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [AgentNumberTransformation(MayBeAbsent = true)]
    public double? Value { get; set; }

    /// <summary>B: the capacity of an agent's bucket in tokens; above 0, 4 by default.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [AgentNumberTransformation(WhenEmpty = TokenAgentCommand.DefaultCapacity)]
    public double Capacity { get; set; } = TokenAgentCommand.DefaultCapacity;

    /// <summary>R: the tokens in an agent's bucket at the start; from 0, the default, to its capacity.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [AgentNumberTransformation(WhenEmpty = 0)]
    public double Remaining { get; set; }

    /// <summary>The requests that an agent sends in a unit of time, in the long run; 2 by default.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [AgentNumberTransformation(WhenEmpty = DefaultArrivalRate)]
    public double ArrivalRate { get; set; } = DefaultArrivalRate;

    /// <summary>The mean cost of a request in tokens; above 0, 1 by default. A request that costs more than its bucket's capacity is dropped.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [AgentNumberTransformation(WhenEmpty = DefaultRequestCost)]
    public double RequestCost { get; set; } = DefaultRequestCost;

    /// <summary>|d|: how many records stand behind an agent's value; needed for -SybilSplit Concave.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [AgentNumberTransformation(MayBeAbsent = true)]
    public double? Quantity { get; set; }

    /// <summary>
    /// How agents play: Honest, Hoarder, Flooder or Sybil. From the pipeline it is the agent's own; given here, each named strategy is simulated in
    /// turn, played by -StrategicAgent while all others are honest.
    /// </summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ValueList]
    public QosStrategy[]? Strategy { get; set; }

    /// <summary>Who plays -Strategy: names of agents, wildcards permitted; the first agent by default.</summary>
    [Parameter]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[]? StrategicAgent { get; set; }

    /// <summary>
    /// Emits what strategies gain against honest play, a StrategyGain for each scheme and strategic agent, instead of reports. Without -Strategy, and
    /// where no agent has one of its own, all of Hoarder, Flooder and Sybil are compared.
    /// </summary>
    [Parameter]
    public SwitchParameter StrategyGain { get; set; }

    /// <summary>The part of its requests that a hoarder sends, from 0 (the default) to 1.</summary>
    [Parameter]
    [ValidateRange(0.0, 1.0)]
    [Number]
    public double HoarderSpending { get; set; }

    /// <summary>How many times its own requests a flooder sends in all, junk included; at least 1, 10 by default.</summary>
    [Parameter]
    [Number]
    public double FloodFactor { get; set; } = 10;

    /// <summary>As how many agents a Sybil poses; 4 by default.</summary>
    [Parameter]
    [ValidateRange(1, 1_000_000)]
    [WholeNumber]
    public int Identities { get; set; } = 4;

    /// <summary>
    /// The value of each of the k identities of a Sybil: Equal (v/k, the default), Duplicate (v: the same data handed in k times), or Concave (the
    /// data dealt out and valued anew: φ·ln(1 + |d|/k), paper, Eq. 20).
    /// </summary>
    [Parameter]
    [SingleValue]
    public SybilSplit SybilSplit { get; set; }

    /// <summary>Gives the identities of a Sybil one capacity together, instead of one each.</summary>
    [Parameter]
    public SwitchParameter SharedCapacity { get; set; }

    /// <summary>The schemes to compare; by default all that need no search.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    [ValueList]
    public AllocationScheme[] Scheme { get; set; } = AllocationSchemes.ClosedForm;

    /// <summary>V: the tokens offered at the start of every epoch; at least 0, 1000 by default.</summary>
    [Parameter]
    [Number]
    public double Supply { get; set; } = 1000;

    /// <summary>The number of epochs, warm-up included; 200 by default, and with a trace as many as cover it.</summary>
    [Parameter]
    [ValidateRange(1, int.MaxValue)]
    [WholeNumber]
    public int Epochs { get; set; } = 200;

    /// <summary>How many epochs run before anything is measured; 0 by default.</summary>
    [Parameter]
    [ValidateRange(0, int.MaxValue)]
    [WholeNumber]
    public int WarmupEpochs { get; set; }

    /// <summary>The length of an epoch in units of time; above 0, 1 by default. Rates, patience, bursts and traces use the same unit.</summary>
    [Parameter]
    [Number]
    public double EpochLength { get; set; } = 1;

    /// <summary>
    /// The mean length of a burst in units of time; above 0, 1 by default. Giving it or -BurstOff makes requests come in bursts that keep the mean
    /// rate.
    /// </summary>
    [Parameter]
    [Number]
    public double BurstOn { get; set; } = 1;

    /// <summary>The mean silence between bursts in units of time; above 0, 4 by default.</summary>
    [Parameter]
    [Number]
    public double BurstOff { get; set; } = 4;

    /// <summary>
    /// A CSV file of requests with the columns Time, Agent and, where costs differ, Cost. Without agents from the pipeline, those of the trace take
    /// part, each with the value 1 unless -Alpha is given.
    /// </summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? TracePath { get; set; }

    /// <summary>
    /// How costs are drawn around their mean: Fixed (the default), Geometric (whole tokens), Exponential or LogNormal (heavy-tailed). A trace names
    /// its costs.
    /// </summary>
    [Parameter]
    [SingleValue]
    public CostDistribution CostDistribution { get; set; }

    /// <summary>The coefficient of variation of log-normal costs; above 0, 1 by default.</summary>
    [Parameter]
    [Number]
    public double CostVariation { get; set; } = 1;

    /// <summary>How long a request waits before it gives up, in units of time; at least 0, for ever by default. 0: it is served at once or lost.</summary>
    [Parameter]
    [Number]
    public double Patience { get; set; } = double.PositiveInfinity;

    /// <summary>How many requests of an agent may wait; those beyond are dropped. 100 by default.</summary>
    [Parameter]
    [ValidateRange(0, int.MaxValue)]
    [WholeNumber]
    public int QueueLimit { get; set; } = 100;

    /// <summary>Emits a report on each agent after the one on the population.</summary>
    [Parameter]
    public SwitchParameter PerAgent { get; set; }

    /// <summary>Independent rounds, over which figures are averaged; 10 by default.</summary>
    [Parameter]
    [Alias("Replications", "Repetition")]
    [ValidateRange(1, (1 << 24) - 1)]
    [WholeNumber]
    public int Rounds { get; set; } = 10;

    /// <summary>The seed: the same seed gives the same figures. Without it one is drawn from the operating system, and the reports name it.</summary>
    [Parameter]
    [WholeNumber(MayBeAbsent = true)]
    public int? Seed { get; set; }

    /// <summary>How many rounds run at a time; by default as many as there are processors. It does not change the results.</summary>
    [Parameter]
    [Alias("ThrottleLimit")]
    [ValidateRange(1, int.MaxValue)]
    [WholeNumber(MayBeAbsent = true)]
    public int? MaxDegreeOfParallelism { get; set; }

    /// <summary>
    /// Simulates only the rounds of one of n shards, such as -Shard 3/8 for the third of eight: a contiguous part of them, of every row. Emits
    /// SimulationShard rows, of which Join-Simulation makes those of the whole run, to the last bit. Needs -Seed, the same for all shards.
    /// </summary>
    [Parameter]
    [Shard]
    [ArgumentCompleter(typeof(ShardCompleter))]
    public Shard? Shard { get; set; }

    /// <inheritdoc/>
    protected override void Begin()
    {
        ShardedRun.RequireSeed(Shard, Seed);
        _strategies = IsBound(nameof(Strategy)) ? Strategy : null;
    }

    /// <inheritdoc/>
    protected override void Process()
    {
        if (Agent is null && Value is null)
        {
            return;
        }

        // Strategies that are given as an argument replace those of the agents.
        var row = new QosAgentRow
        {
            Name = Agent,
            Value = Value,
            Capacity = Capacity,
            Remaining = Remaining,
            ArrivalRate = ArrivalRate,
            RequestCost = RequestCost,
            Quantity = Quantity,
            Strategies = _strategies is null ? Strategy ?? [] : [],
        };
        TryItem(Agent, () =>
        {
            QosAgent agent = row.ToAgent(_agents.Count + 1, IsBound(nameof(Alpha)));
            if (_names.Contains(agent.Name))
            {
                throw TokenAgent.Repeated(agent.Name);
            }

            _agents.Add(agent);
            _names.Add(agent.Name);
        });
    }

    /// <inheritdoc/>
    protected override void End()
    {
        if (_agents.Count == 0 && MyInvocation?.ExpectingInput == true)
        {
            return;
        }

        var experiment = new QosExperiment(new QosExperimentOptions
        {
            Simulation = Settings(),
            MadeUpAgents = Agents,
            MadeUpAgent = new QosAgentRow { Capacity = Capacity, Remaining = Remaining, Quantity = Quantity },
            Alpha = IsBound(nameof(Alpha)) ? Alpha : null,
            Epochs = IsBound(nameof(Epochs)) ? Epochs : null,
            HasBursts = IsBound(nameof(BurstOn)) || IsBound(nameof(BurstOff)),
            TracePath = TracePath is null ? null : ResolveNewPath(TracePath),
            Strategies = _strategies,
            StrategicAgents = StrategicAgent is null ? null : [.. StrategicAgent.Select(Pattern)],
            MeasuresGain = StrategyGain,
        });
        WriteVerbose(experiment.Description);
        var names = new AlikeNames();
        foreach (string name in experiment.AgentNames)
        {
            names.Add(name);
        }

        if (names.Warning is string warning)
        {
            WriteWarning(warning);
        }

        var meter = new ProgressMeter(this, "Simulating quality of service", "rounds");
        var done = new ProgressCount();
        long rounds = experiment.TotalRounds / Rounds * (Shard?.PartOf(Rounds).Count ?? Rounds);
        BackgroundWork.Stream(
            token => Shard is null ? experiment.Run(done, token) : experiment.RunShard(Shard, done, token),
            WriteRecord,
            () => meter.Report(done.Value, rounds),
            Cancellation);
        meter.Complete();
    }

    private static NamePattern Pattern(string text)
    {
        var wildcard = new WildcardPattern(text, WildcardOptions.IgnoreCase | WildcardOptions.CultureInvariant);
        return new NamePattern(text, wildcard.IsMatch);
    }

    private QosSimulationOptions Settings() => new()
    {
        Agents = _agents,
        Schemes = Scheme,
        Supply = Supply,
        WarmupEpochs = WarmupEpochs,
        EpochLength = EpochLength,
        ArrivalRate = ArrivalRate,
        MeanOn = BurstOn,
        MeanOff = BurstOff,
        RequestCost = RequestCost,
        CostDistribution = CostDistribution,
        CostVariation = CostVariation,
        Patience = Patience,
        QueueLimit = QueueLimit,
        HoarderSpending = HoarderSpending,
        FloodFactor = FloodFactor,
        SybilIdentities = Identities,
        SybilSplit = SybilSplit,
        SybilSharesCapacity = SharedCapacity,
        Rounds = Rounds,
        Seed = Seed,
        PerAgent = PerAgent,
        MaxDegreeOfParallelism = MaxDegreeOfParallelism ?? -1,
    };
}
