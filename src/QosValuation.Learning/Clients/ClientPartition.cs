namespace QosValuation.Learning.Clients;

/// <summary>Who has which records. Numbers are those of the rows that were given.</summary>
public sealed record ClientPartition
{
    /// <summary>The training rows of each client, ascending.</summary>
    public required IReadOnlyList<int[]> Train { get; init; }

    /// <summary>The rows of the common test set, ascending.</summary>
    public required int[] Test { get; init; }

    /// <summary>The class of each row: as given, or wrong where the kind makes noise. Test rows keep theirs.</summary>
    public required int[] Labels { get; init; }

    /// <summary>The cluster or domain of each client, from 0; empty where the kind has none.</summary>
    public IReadOnlyList<int> Clusters { get; init; } = [];

    /// <summary>What is added to the vectors of each domain, training and test alike; empty where nothing is.</summary>
    public IReadOnlyList<float[]> Shifts { get; init; } = [];
}
