namespace QosValuation;

/// <summary>What a point of the fairness frontier is.</summary>
public enum FairnessFrontierKind
{
    /// <summary>The optimum without fairness bounds (problem 14).</summary>
    Unbounded,

    /// <summary>The optimum with Jain's index at least the bound.</summary>
    JainFloor,

    /// <summary>The optimum with the Gini coefficient at most the bound.</summary>
    GiniCeiling,

    /// <summary>What a scheme reaches, against the optimum at least as fair.</summary>
    Scheme,
}

/// <summary>One point of the trade between social welfare and fairness.</summary>
public sealed record FairnessFrontierPoint
{
    /// <summary>What the point is.</summary>
    public required FairnessFrontierKind Kind { get; init; }

    /// <summary>The scheme that allocates; Optimal but for the points of other schemes.</summary>
    public required AllocationScheme Scheme { get; init; }

    /// <summary>The bound on Jain's index or the Gini coefficient; NaN where there is none.</summary>
    public required double Bound { get; init; }

    /// <summary>Σ v·u.</summary>
    public required double SocialWelfare { get; init; }

    /// <summary>J of the reward rates.</summary>
    public required double Jain { get; init; }

    /// <summary>G of the reward rates.</summary>
    public required double Gini { get; init; }

    /// <summary>
    /// 1 − SocialWelfare / (the optimum without fairness bounds): the part of the welfare that fairness, or the scheme, costs. NaN where that
    /// optimum is 0.
    /// </summary>
    public required double PriceOfFairness { get; init; }

    /// <summary>
    /// The highest welfare of any allocation at least as fair in both measures, within supply and buckets; NaN where there is none (a scheme that
    /// overfills buckets can be fairer than possible).
    /// </summary>
    public required double OptimalWelfare { get; init; }

    /// <summary>SocialWelfare / OptimalWelfare: 1 is on the frontier. Above 1 only where a scheme overfills buckets.</summary>
    public required double Efficiency { get; init; }

    /// <summary>The proven relative gap of OptimalWelfare.</summary>
    public required double RelativeGap { get; init; }
}
