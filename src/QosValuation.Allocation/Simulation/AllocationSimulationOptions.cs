using QosValuation.Allocation.Schemes;

namespace QosValuation.Allocation.Simulation;

/// <summary>What to simulate; the defaults are those of the paper's section V-A.</summary>
public sealed record AllocationSimulationOptions
{
    /// <summary>The numbers of agents N ≥ 1.</summary>
    public IReadOnlyList<int> Agents { get; init; } = [500];

    /// <summary>The concentrations α &gt; 0 of the Dirichlet distribution of values.</summary>
    public IReadOnlyList<double> Alphas { get; init; } = [0.5];

    /// <summary>The schemes; those of the paper by default.</summary>
    public IReadOnlyList<AllocationScheme> Schemes { get; init; } = AllocationSchemes.InPaper;

    /// <summary>V ≥ 0 in tokens.</summary>
    public double Supply { get; init; } = 1000;

    /// <summary>B ≥ 0 in tokens, the same for all agents; buckets start empty.</summary>
    public double Capacity { get; init; } = 4;

    /// <summary>The number of rounds ≥ 1 that are averaged at each point.</summary>
    public int Rounds { get; init; } = 1000;

    /// <summary>The number of points: combinations of a number of agents and a concentration.</summary>
    public int Points => Agents.Count * Alphas.Count;

    /// <summary>The rounds of all points.</summary>
    public long TotalRounds => (long)Points * Rounds;

    /// <summary>The seed; null draws from the cryptographic generator.</summary>
    public int? Seed { get; init; }
}
