namespace QosValuation;

/// <summary>What a method of valuation is tried on.</summary>
public enum ValuationExperiment
{
    /// <summary>Looking for wrong labels among the items of the lowest value.</summary>
    NoisyLabelDetection,

    /// <summary>Removing the most valuable items first: the sooner the learner gets worse, the better the values.</summary>
    RemoveHighFirst,

    /// <summary>Removing the least valuable items first: the longer the learner stays good, the better the values.</summary>
    RemoveLowFirst,
}

/// <summary>One point of a curve that tells how good values are.</summary>
public sealed record ValuationQuality
{
    /// <summary>The method of valuation, or Random for the baseline.</summary>
    public required string Method { get; init; }

    /// <summary>What it was tried on.</summary>
    public required ValuationExperiment Experiment { get; init; }

    /// <summary>The part of the items that was inspected or removed, from 0 to 1.</summary>
    public required double Fraction { get; init; }

    /// <summary>The part of the wrong labels that were found, or the learner's test accuracy without the items removed.</summary>
    public required double Score { get; init; }

    /// <summary>The standard error of the score over random orders; 0 for a single order.</summary>
    public required double StandardError { get; init; }

    /// <summary>F1 of the inspected items as a guess of the wrong labels; NaN for removals.</summary>
    public required double F1 { get; init; }

    /// <summary>F1 of the lower of two clusters of the values (2-means) as a guess of the wrong labels; NaN for removals and the baseline.</summary>
    public required double TwoMeansF1 { get; init; }

    /// <summary>The number of items.</summary>
    public required int Items { get; init; }

    /// <summary>The number of wrong labels.</summary>
    public required int Noisy { get; init; }

    /// <summary>The number of random orders of the baseline.</summary>
    public required int Rounds { get; init; }

    /// <summary>The seed of what was drawn.</summary>
    public required int Seed { get; init; }
}
