using QosValuation.Allocation.Simulation;

namespace QosValuation.Tests;

public sealed class QosExperimentTests
{
    private static readonly QosSimulationOptions Short = new() { Agents = [], Epochs = 5, Rounds = 2, Seed = 1, Supply = 5 };

    [Fact]
    public void AgentsAreMadeUpWithDrawnValuesAndGivenOnesKeepTheirs()
    {
        var madeUp = new QosExperiment(new() { Simulation = Short, MadeUpAgents = 3, MadeUpAgent = new() { Capacity = 7 } });
        Assert.Equal(["agent1", "agent2", "agent3"], madeUp.Simulation.Agents.Select(agent => agent.Name));
        Assert.All(madeUp.Simulation.Agents, agent => Assert.Equal(7, agent.Capacity));
        Assert.Equal((0.5, 200), (madeUp.Simulation.ValueConcentration, madeUp.Simulation.Epochs));
        QosAgent[] own = [new QosAgentRow { Value = 2 }.ToAgent(1, false)];
        Assert.Null(new QosExperiment(new() { Simulation = Short with { Agents = own } }).Simulation.ValueConcentration);
        Assert.Equal(2, new QosExperiment(new() { Simulation = Short with { Agents = own }, Alpha = 2 }).Simulation.ValueConcentration);
    }

    [Fact]
    public void EveryNamedStrategyIsARunOfItsOwn()
    {
        var options = new QosExperimentOptions
        {
            Simulation = Short,
            MadeUpAgents = 4,
            Epochs = 5,
            Strategies = [QosStrategy.Hoarder, QosStrategy.Flooder],
            StrategicAgents = [new NamePattern("agent3", name => name == "agent3")],
        };
        var experiment = new QosExperiment(options);
        Assert.Equal(4, experiment.TotalRounds);
        var progress = new Recorder();
        Assert.Equal([QosStrategy.Hoarder, QosStrategy.Flooder], experiment.Run(progress).Cast<QosReport>().Select(report => report.Strategy));
        Assert.Equal(4, progress.Highest);
        Assert.Equal(
            ["agent3", "agent3"],
            new QosExperiment(options with { MeasuresGain = true }).Run().Cast<StrategyGain>().Select(gain => gain.Agent));
    }

    [Fact]
    public void GainsOfHonestAgentsCompareEveryStrategy()
    {
        var experiment = new QosExperiment(new() { Simulation = Short, MadeUpAgents = 2, Epochs = 5, MeasuresGain = true });
        Assert.Equal(
            [QosStrategy.Hoarder, QosStrategy.Flooder, QosStrategy.Sybil], experiment.Run().Cast<StrategyGain>().Select(gain => gain.Strategy));
    }

    [Fact]
    public void FaultyRowsAndUnknownStrategicAgentsAreNamed()
    {
        Assert.Equal("AgentNotValid", Assert.Throws<QosValuationException>(() => new QosAgentRow { Name = "x" }.ToAgent(1, false)).ErrorId);
        Assert.Equal(0, new QosAgentRow { Name = "x" }.ToAgent(1, true).Value);
        var torn = new QosAgentRow { Value = 1, Strategies = [QosStrategy.Hoarder, QosStrategy.Sybil] };
        Assert.Contains("agent2", Assert.Throws<QosValuationException>(() => torn.ToAgent(2, false)).Message, StringComparison.Ordinal);
        var options = new QosExperimentOptions { Simulation = Short, Strategies = [QosStrategy.Sybil], StrategicAgents = [new("nobody*", _ => false)] };
        Assert.Equal("StrategicAgentNotFound", Assert.Throws<QosValuationException>(() => new QosExperiment(options)).ErrorId);
    }

    private sealed class Recorder : IProgress<long>
    {
        private readonly Lock _lock = new();

        public long Highest { get; private set; }

        public void Report(long value)
        {
            lock (_lock)
            {
                Highest = Math.Max(Highest, value);
            }
        }
    }
}
