using QosValuation.Embeddings.Models;

namespace QosValuation.Valuation.Novelty;

/// <summary>What to simulate of data value against quantity (paper, section V-C, Fig. 6).</summary>
public sealed record ValuationSimulationOptions
{
    /// <summary>The thresholds Γ ≥ 1 that are compared.</summary>
    public IReadOnlyList<int> NoveltyThresholds { get; init; } = [10, 25, 50, 100];

    /// <summary>The numbers of records after which a value is taken, each from 1 to the number of records; null takes twenty, evenly spaced.</summary>
    public IReadOnlyList<int>? Quantities { get; init; }

    /// <summary>The number of random orders of arrival that are averaged, at least 1.</summary>
    public int Repetitions { get; init; } = 50;

    /// <summary>The cosine, from 0 to 1, from which a cluster takes a record.</summary>
    public double SimilarityThreshold { get; init; } = SimilarityThresholds.General.Online;

    /// <summary>The seed; null draws from the cryptographic generator.</summary>
    public int? Seed { get; init; }

    /// <summary>The most threads used; −1 for as many as there are cores. The result does not depend on it.</summary>
    public int MaximumThreads { get; init; } = -1;
}
