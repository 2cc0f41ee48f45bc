namespace QosValuation.Valuation.MarginalUtility;

/// <summary>What a test point counts: whole numbers, also with noise.</summary>
/// <param name="Within">The training points within τ.</param>
/// <param name="Matches">Those of them of its class.</param>
internal readonly record struct NeighborCounts(long Within, long Matches);
