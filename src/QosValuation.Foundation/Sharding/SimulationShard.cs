namespace QosValuation;

/// <summary>
/// A row of one shard of a simulation: the figures of its rounds alone, and the numbers of each round, from which the row of the whole is made.
/// </summary>
/// <remarks>
/// Every shard emits every row, also where none of the rounds is its own. A round is what the simulation averages over: a round of an allocation or of
/// quality of service, a repetition of auctions or of orders of arrival.
/// </remarks>
public sealed record SimulationShard
{
    /// <summary>The type of the rows, such as <c>AllocationSimulationResult</c>.</summary>
    public required string Simulation { get; init; }

    /// <summary>Which shard this is: <c>i/n</c>.</summary>
    public required string Shard { get; init; }

    /// <summary>The seed of the run.</summary>
    public required int Seed { get; init; }

    /// <summary>SHA-256 of the settings and of what is simulated: the same for all shards of a run, whatever their number.</summary>
    public required string Run { get; init; }

    /// <summary>The version of the module that simulated, such as 1.2.0: another may draw other numbers from the same seed.</summary>
    public required string ModuleVersion { get; init; }

    /// <summary>Which row of the run this is, from 1.</summary>
    public required int Row { get; init; }

    /// <summary>How many rows the run has.</summary>
    public required int Rows { get; init; }

    /// <summary>The first of the shard's rounds, from 1.</summary>
    public required int First { get; init; }

    /// <summary>The last of the shard's rounds; one less than <see cref="First"/> where it has none.</summary>
    public required int Last { get; init; }

    /// <summary>How many rounds the whole run has.</summary>
    public required int Total { get; init; }

    /// <summary>The row of these rounds alone as a JSON object; its figures are "NaN" or null where there are none.</summary>
    public required string Result { get; init; }

    /// <summary>The numbers of the rounds, round by round: as many of each as the simulation needs for its figures.</summary>
    public required double[] Values { get; init; }

    /// <summary>SHA-256 of what the row says, in hexadecimal digits, but for the figures of <see cref="Result"/>, which follow from it.</summary>
    public required string Hash { get; init; }

    /// <summary>Whether the run makes the rows of a summary alone.</summary>
    public bool IsSummary { get; init; }
}
