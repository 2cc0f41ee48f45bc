namespace QosValuation.Allocation.Simulation;

/// <summary>What <see cref="QosExperiment"/> runs.</summary>
public sealed record QosExperimentOptions
{
    /// <summary>
    /// The settings that all runs share. The experiment replaces <see cref="QosSimulationOptions.Agents"/> where it is empty, and sets Epochs,
    /// Arrivals, Trace, ValueConcentration and Seed.
    /// </summary>
    public required QosSimulationOptions Simulation { get; init; }

    /// <summary>Agents that are made up where the simulation has none and there is no trace: their number and what they have in common.</summary>
    public int MadeUpAgents { get; init; } = 500;

    /// <summary>What made-up agents, and those of a trace, have in common. Its name and value are not used.</summary>
    public QosAgentRow MadeUpAgent { get; init; } = new();

    /// <summary>α: draws the agents' values anew for each round. Null draws them with 0.5 where agents are made up, and else keeps theirs.</summary>
    public double? Alpha { get; init; }

    /// <summary>The number of epochs; null for 200, and with a trace for as many as cover it.</summary>
    public int? Epochs { get; init; }

    /// <summary>Whether requests come in bursts.</summary>
    public bool HasBursts { get; init; }

    /// <summary>A CSV file of requests; null for drawn requests.</summary>
    public string? TracePath { get; init; }

    /// <summary>Strategies, each played in a run of its own by the strategic agents; null where agents play their own.</summary>
    public IReadOnlyList<QosStrategy>? Strategies { get; init; }

    /// <summary>Selects the strategic agents by name; null for the first agent.</summary>
    public IReadOnlyList<NamePattern>? StrategicAgents { get; init; }

    /// <summary>Whether to measure what strategies gain against honest play, instead of reporting on the quality of service.</summary>
    public bool MeasuresGain { get; init; }
}

/// <summary>A pattern of names.</summary>
/// <param name="Text">The pattern as it was given, for messages.</param>
/// <param name="IsMatch">Tells whether a name matches.</param>
public sealed record NamePattern(string Text, Func<string, bool> IsMatch);
