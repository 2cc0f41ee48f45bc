namespace QosValuation;

/// <summary>How evenly reward rates are distributed.</summary>
public sealed record FairnessReport
{
    /// <summary>N: the number of agents.</summary>
    public required int Count { get; init; }

    /// <summary>Jain's index J in [1/N, 1] (paper, Eq. 6); 1 is perfectly even.</summary>
    public required double Jain { get; init; }

    /// <summary>The Gini coefficient G in [0, 1) (paper, Eq. 8); 0 is perfectly even.</summary>
    public required double Gini { get; init; }

    /// <summary>Σ v·u (paper, Eq. 10); NaN where only rates are known.</summary>
    public required double SocialWelfare { get; init; }

    /// <summary>Σ u in tokens; NaN where only rates are known.</summary>
    public required double Allocated { get; init; }

    /// <summary>V in tokens; NaN where it is not known.</summary>
    public required double Supply { get; init; }

    /// <summary>The smallest reward rate.</summary>
    public required double MinRate { get; init; }

    /// <summary>The largest reward rate.</summary>
    public required double MaxRate { get; init; }
}
