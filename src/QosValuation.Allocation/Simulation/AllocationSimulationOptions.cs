namespace QosValuation.Allocation.Simulation;

/// <summary>What to simulate; the defaults are those of the paper's section V-A.</summary>
public sealed record AllocationSimulationOptions
{
    /// <summary>The numbers of agents N ≥ 1.</summary>
    public IReadOnlyList<int> Agents { get; init; } = [500];

    /// <summary>The concentrations α &gt; 0 of the Dirichlet distribution of values.</summary>
    public IReadOnlyList<double> Alphas { get; init; } = [0.5];

    /// <summary>The schemes.</summary>
    public IReadOnlyList<AllocationScheme> Schemes { get; init; } =
        [AllocationScheme.Proposed, AllocationScheme.Random, AllocationScheme.RoundRobin, AllocationScheme.MaxMin];

    /// <summary>V ≥ 0 in tokens.</summary>
    public double Supply { get; init; } = 1000;

    /// <summary>B ≥ 0 in tokens, the same for all agents; buckets start empty.</summary>
    public double Capacity { get; init; } = 4;

    /// <summary>The number of rounds ≥ 1.</summary>
    public int Rounds { get; init; } = 1000;

    /// <summary>The seed; null draws from the cryptographic generator.</summary>
    public int? Seed { get; init; }
}
