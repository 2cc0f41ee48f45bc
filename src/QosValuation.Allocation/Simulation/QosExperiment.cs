using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using QosValuation.Foundation.Sharding;

namespace QosValuation.Allocation.Simulation;

/// <summary>
/// One or several runs of <see cref="QosSimulation"/>: settles who takes part, for how long and by which strategies, and runs one simulation
/// for each strategy that is named.
/// </summary>
public sealed class QosExperiment
{
    private const double DefaultAlpha = 0.5;
    private const int DefaultEpochs = 200;

    private readonly QosSimulationOptions[] _runs;
    private const int MostCoveringEpochs = 10_000_000;
    private readonly bool _measuresGain;

    /// <summary>Reads the trace, makes up agents and draws the seed where they are missing. Nothing is simulated yet.</summary>
    /// <param name="options">What to run.</param>
    /// <exception cref="QosValuationException"><c>TraceNotFound</c>, <c>TraceNotValid</c> or <c>StrategicAgentNotFound</c>.</exception>
    public QosExperiment(QosExperimentOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        QosSimulationOptions given = options.Simulation;
        RequestTrace? trace = options.TracePath is null ? null : RequestTrace.Read(options.TracePath);
        bool isMadeUp = given.Agents.Count == 0 && trace is null;
        IReadOnlyList<QosAgent> agents = given.Agents.Count > 0 ? given.Agents : MakeUp(options, trace);
        Simulation = given with
        {
            Agents = agents,
            ValueConcentration = options.Alpha ?? (isMadeUp ? DefaultAlpha : null),
            Epochs = options.Epochs ?? (trace is null ? DefaultEpochs : Covering(trace, given.EpochLength)),
            Arrivals = trace is not null ? ArrivalProcess.Trace : options.HasBursts ? ArrivalProcess.OnOff : ArrivalProcess.Poisson,
            Trace = trace,
            Seed = given.Seed ?? QosSimulation.DrawSeed(),
        };
        _measuresGain = options.MeasuresGain;
        IReadOnlyList<QosStrategy>? strategies = options.Strategies;
        if (strategies is null && options.MeasuresGain && agents.All(agent => agent.Strategy == QosStrategy.Honest))
        {
            strategies = [.. Enum.GetValues<QosStrategy>().Where(strategy => strategy != QosStrategy.Honest)];
        }

        _runs = strategies is null ? [Simulation] : [.. strategies.Select(strategy => Played(strategy, Strategic(agents, options.StrategicAgents)))];
    }

    /// <summary>The settings of the runs, with the agents as they came.</summary>
    public QosSimulationOptions Simulation { get; }

    /// <summary>The rounds of all schemes in all runs.</summary>
    public long TotalRounds => (long)_runs.Length * Simulation.Schemes.Count * Simulation.Rounds;

    /// <summary>Says in one line what is simulated, in the current culture.</summary>
    public string Description
    {
        get
        {
            string values = Simulation.ValueConcentration is double alpha ? string.Create(CultureInfo.CurrentCulture, $"Dirichlet({alpha})") : "as given";
            return string.Create(
                CultureInfo.CurrentCulture,
                $"{Simulation.Agents.Count} agents, {Simulation.Epochs} epochs, {Simulation.Rounds} rounds; requests: {Simulation.Arrivals}; ")
                + string.Create(CultureInfo.CurrentCulture, $"values: {values}; seed {Simulation.Seed}.");
        }
    }

    /// <summary>The names of the agents that take part.</summary>
    public IEnumerable<string> AgentNames => Simulation.Agents.Select(agent => agent.Name);

    /// <summary>Runs the simulations, one after the other.</summary>
    /// <param name="progress">Told how many of <see cref="TotalRounds"/> are done, on worker threads.</param>
    /// <param name="cancellationToken">Stops between epochs.</param>
    /// <returns><see cref="QosReport"/> rows, or <see cref="StrategyGain"/> rows where gains are measured, each as soon as its scheme is done.</returns>
    /// <exception cref="QosValuationException"><c>QosOptionNotValid</c>: an option lies outside its range, before anything runs.</exception>
    public IEnumerable<object> Run(IProgress<long>? progress = null, CancellationToken cancellationToken = default)
    {
        long roundsOfRun = TotalRounds / _runs.Length;
        IEnumerable<object>[] rows =
        [
            .. _runs.Select((run, index) =>
            {
                QosSimulationOptions told = run with { Progress = done => progress?.Report(index * roundsOfRun + done) };
                return _measuresGain ? QosSimulation.CompareStrategies(told, cancellationToken)
                    : (IEnumerable<object>)QosSimulation.Run(told, cancellationToken);
            }),
        ];
        return rows.SelectMany(run => run);
    }

    /// <summary>Runs the rounds of one shard of the simulations, one after the other.</summary>
    /// <param name="shard">Which rounds: a contiguous part of those of each scheme in each run.</param>
    /// <param name="progress">Told how many of the shard's rounds of all schemes and runs are done, on worker threads.</param>
    /// <param name="cancellationToken">Stops between epochs.</param>
    /// <returns>A row for each one of <see cref="Run"/>; <see cref="SimulationJoiner"/> makes those of the whole of them.</returns>
    /// <exception cref="QosValuationException"><c>QosOptionNotValid</c>: an option lies outside its range, before anything runs.</exception>
    public IEnumerable<SimulationShard> RunShard(Shard shard, IProgress<long>? progress = null, CancellationToken cancellationToken = default)
    {
        foreach (QosSimulationOptions run in _runs)
        {
            QosSimulation.Validate(run, _measuresGain);
        }

        var sharded = new ShardedRun(
            shard, Simulation.Seed, Simulation.Rounds, _runs.Sum(run => QosSimulation.RowsOf(run, _measuresGain)), Identity());
        long roundsOfRun = (long)Simulation.Schemes.Count * sharded.Count;
        return _runs.Select((run, index) => QosSimulation.RunShard(
            run with { Progress = done => progress?.Report(index * roundsOfRun + done) }, _measuresGain, sharded, cancellationToken)).SelectMany(rows => rows);
    }

    /// <summary>Names an agent that has no name.</summary>
    /// <param name="position">Its place in the order of the agents, from 1.</param>
    /// <returns>agent1, agent2 and so on.</returns>
    internal static string NameOf(int position) => "agent" + position.ToString(CultureInfo.InvariantCulture);

    // What is simulated, without what does not change it: the path of the trace, and how many threads there are.
    private string Identity()
    {
        var settings = new
        {
            MeasuresGain = _measuresGain,
            Options = Simulation with { Trace = null, Progress = null, MaxDegreeOfParallelism = -1 },
            Agents = _runs.Select(run => run.Agents).ToArray(),
        };
        IEnumerable<ReadOnlyMemory<byte>> requests = Simulation.Trace is not { } trace ? [] : trace.Agents.SelectMany(agent => new ReadOnlyMemory<byte>[]
        {
            Encoding.UTF8.GetBytes(agent + "\0"),
            MemoryMarshal.AsBytes(trace.Of(agent).Span).ToArray(),
        });
        return ShardedRun.IdentityOf(settings, requests);
    }

    private static QosAgent[] MakeUp(QosExperimentOptions options, RequestTrace? trace)
    {
        IEnumerable<string> names = trace?.Agents ?? Enumerable.Range(1, options.MadeUpAgents).Select(NameOf);
        return
        [
            .. names.Select(name => new QosAgent
            {
                Name = name,
                Value = 1,
                Capacity = options.MadeUpAgent.Capacity,
                Remaining = options.MadeUpAgent.Remaining,
                Quantity = options.MadeUpAgent.Quantity,
            }),
        ];
    }

    // One time that is wrong, such as a date in another unit, would make billions of epochs, and nothing would seem to happen.
    private static int Covering(RequestTrace trace, double epochLength)
    {
        double epochs = Math.Floor(trace.LastTime / epochLength) + 1;
        return epochs > MostCoveringEpochs && epochLength > 0
            ? throw new QosValuationException(
                Faults.TraceNotValid,
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"The last request of {trace.Name} comes at {trace.LastTime:R}, {epochs:R} epochs after the start; at most {MostCoveringEpochs} are made ")
                + "for a trace. Give a longer -EpochLength, or -Epochs, and check the unit of the times.",
                trace.LastTime)
            : (int)Math.Min(int.MaxValue, epochs);
    }

    private static int[] Strategic(IReadOnlyList<QosAgent> agents, IReadOnlyList<NamePattern>? patterns)
    {
        if (patterns is null)
        {
            return [0];
        }

        var found = new SortedSet<int>();
        foreach (NamePattern pattern in patterns)
        {
            int[] matching = [.. Enumerable.Range(0, agents.Count).Where(n => pattern.IsMatch(agents[n].Name))];
            if (matching.Length == 0)
            {
                throw new QosValuationException(
                    Faults.StrategicAgentNotFound,
                    $"No agent is named '{pattern.Text}'; -StrategicAgent takes names of agents that take part, wildcards permitted.",
                    pattern.Text);
            }

            found.UnionWith(matching);
        }

        return [.. found];
    }

    private QosSimulationOptions Played(QosStrategy strategy, int[] strategic)
    {
        QosAgent[] agents = [.. Simulation.Agents];
        foreach (int n in strategic)
        {
            agents[n] = agents[n] with { Strategy = strategy };
        }

        return Simulation with { Agents = agents };
    }
}
