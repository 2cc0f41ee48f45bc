namespace QosValuation.Valuation.MarginalUtility;

/// <summary>How values are tried.</summary>
public sealed record ValuationQualityOptions
{
    /// <summary>The part of the labels that are exchanged for wrong ones, from 0 to below 1; 0 leaves the labels as they are.</summary>
    public double NoiseRate { get; init; } = 0.1;

    /// <summary>The step of the curves, above 0 and at most 0.5.</summary>
    public double Step { get; init; } = 0.05;

    /// <summary>The number of random orders of the baseline, at least 2.</summary>
    public int Rounds { get; init; } = 10;

    /// <summary>The methods that are tried.</summary>
    public IReadOnlyList<MarginalUtilityMethod> Methods { get; init; } = [MarginalUtilityMethod.KnnShapley];

    /// <summary>How they measure; the learner is also the one that the removals are tried on. Method and Rescale are not used.</summary>
    public MarginalUtilityOptions Measurement { get; init; } = new();
}
