namespace QosValuation;

/// <summary>How evenly reward rates are distributed.</summary>
public sealed record FairnessReport
{
    /// <summary>The name of the scheme that made the grants; null where only rates are known, and where the grants name no scheme or several.</summary>
    public string? Scheme { get; init; }

    /// <summary>N: the number of agents.</summary>
    public required int Count { get; init; }

    /// <summary>Jain's index J in [1/N, 1] (paper, Eq. 6); 1 is perfectly even.</summary>
    public required double Jain { get; init; }

    /// <summary>The Gini coefficient G in [0, 1) (paper, Eq. 8); 0 is perfectly even.</summary>
    public required double Gini { get; init; }

    /// <summary>The smallest reward rate over the largest, in [0, 1]; 1 is perfectly even.</summary>
    public required double MinMaxRatio { get; init; }

    /// <summary>Shannon's entropy of the shares r/Σr over ln N, in [0, 1]; 1 is perfectly even, 0 where one agent has everything.</summary>
    public required double Entropy { get; init; }

    /// <summary>Theil's T index in [0, ln N]; 0 is perfectly even.</summary>
    public required double Theil { get; init; }

    /// <summary>Atkinson's index in [0, 1] at <see cref="Aversion"/>; 0 is perfectly even.</summary>
    public required double Atkinson { get; init; }

    /// <summary>ε: the aversion to inequality of Atkinson's index.</summary>
    public required double Aversion { get; init; }

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

    /// <summary>The Lorenz curve where it was asked for; else null.</summary>
    public LorenzCurve? LorenzCurve { get; init; }
}
