namespace QosValuation.Allocation.Simulation;

/// <summary>One agent of a quality-of-service simulation.</summary>
public sealed record QosAgent
{
    /// <summary>The agent's name; names are distinct.</summary>
    public required string Name { get; init; }

    /// <summary>v: its data value, finite and at least 0.</summary>
    public required double Value { get; init; }

    /// <summary>B: its bucket's capacity in tokens, above 0 and finite.</summary>
    public double Capacity { get; init; } = 4;

    /// <summary>R: the tokens in its bucket at the start, from 0 to <see cref="Capacity"/>.</summary>
    public double Remaining { get; init; }

    /// <summary>Requests in a unit of time; null takes <see cref="QosSimulationOptions.ArrivalRate"/>.</summary>
    public double? ArrivalRate { get; init; }

    /// <summary>The mean cost of a request in tokens; null takes <see cref="QosSimulationOptions.RequestCost"/>.</summary>
    public double? RequestCost { get; init; }

    /// <summary>|d|: the records behind the value, where known; needed by <see cref="SybilSplit.Concave"/>.</summary>
    public double? Quantity { get; init; }

    /// <summary>How it plays.</summary>
    public QosStrategy Strategy { get; init; }
}

/// <summary>What <see cref="QosSimulation"/> runs.</summary>
public sealed record QosSimulationOptions
{
    /// <summary>The agents, in the fixed order that schemes and ties use.</summary>
    public required IReadOnlyList<QosAgent> Agents { get; init; }

    /// <summary>The schemes to compare; every one meets the same requests.</summary>
    public IReadOnlyList<AllocationScheme> Schemes { get; init; } = [AllocationScheme.Proposed];

    /// <summary>α: where given, the agents' values are drawn anew for each round from a symmetric Dirichlet distribution.</summary>
    public double? ValueConcentration { get; init; }

    /// <summary>V: the tokens offered at the start of every epoch, finite and at least 0. What a scheme does not grant expires.</summary>
    public double Supply { get; init; } = 1000;

    /// <summary>The number of epochs, at least 1.</summary>
    public int Epochs { get; init; } = 200;

    /// <summary>Epochs at the start that run but are not measured; below <see cref="Epochs"/>.</summary>
    public int WarmupEpochs { get; init; }

    /// <summary>The length of an epoch in units of time, above 0.</summary>
    public double EpochLength { get; init; } = 1;

    /// <summary>How requests come.</summary>
    public ArrivalProcess Arrivals { get; init; }

    /// <summary>Requests of an agent in a unit of time (the long-run mean of bursts), finite and at least 0.</summary>
    public double ArrivalRate { get; init; } = 2;

    /// <summary>The mean length of a burst in units of time, above 0.</summary>
    public double MeanOn { get; init; } = 1;

    /// <summary>The mean length of the silence between bursts in units of time, above 0.</summary>
    public double MeanOff { get; init; } = 4;

    /// <summary>The requests, for <see cref="ArrivalProcess.Trace"/>.</summary>
    public RequestTrace? Trace { get; init; }

    /// <summary>The mean cost of a request in tokens, above 0.</summary>
    public double RequestCost { get; init; } = 1;

    /// <summary>How costs are drawn.</summary>
    public CostDistribution CostDistribution { get; init; }

    /// <summary>The coefficient of variation of log-normal costs, above 0.</summary>
    public double CostVariation { get; init; } = 1;

    /// <summary>How long a request waits before it leaves, at least 0; infinite by default. 0 makes a loss system.</summary>
    public double Patience { get; init; } = double.PositiveInfinity;

    /// <summary>How many requests of one identity may wait, at least 0.</summary>
    public int QueueLimit { get; init; } = 100;

    /// <summary>The part of its requests that a <see cref="QosStrategy.Hoarder"/> sends, in [0, 1].</summary>
    public double HoarderSpending { get; init; }

    /// <summary>k: a <see cref="QosStrategy.Flooder"/> sends k times its own requests in all, at least 1; the rest is junk.</summary>
    public double FloodFactor { get; init; } = 10;

    /// <summary>k: the identities of a <see cref="QosStrategy.Sybil"/>, at least 1.</summary>
    public int SybilIdentities { get; init; } = 4;

    /// <summary>What value the identities carry.</summary>
    public SybilSplit SybilSplit { get; init; }

    /// <summary>Whether the identities share one capacity (B/k each) instead of having B each.</summary>
    public bool SybilSharesCapacity { get; init; }

    /// <summary>Independent runs, at least 1.</summary>
    public int Rounds { get; init; } = 10;

    /// <summary>The seed; null draws one from the operating system's generator, and reports carry it.</summary>
    public int? Seed { get; init; }

    /// <summary>Whether one report for each agent follows that of the population.</summary>
    public bool PerAgent { get; init; }

    /// <summary>How many rounds run at a time; −1 takes every processor. Results do not depend on it.</summary>
    public int MaxDegreeOfParallelism { get; init; } = -1;

    /// <summary>Called after each round with the number done, from any thread.</summary>
    public Action<int>? Progress { get; init; }

    /// <summary>How many waits above 0 a round keeps for quantiles; beyond it a uniform sample of that size is kept.</summary>
    internal int WaitSampleSize { get; init; } = 1 << 22;
}
