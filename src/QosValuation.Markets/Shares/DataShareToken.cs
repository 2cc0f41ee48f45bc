namespace QosValuation;

/// <summary>How tokens follow the scores where floors and caps bind.</summary>
public enum ShareProjection
{
    /// <summary>Tokens keep the ratios of the scores among all that no floor or cap holds: clip(θ·s, l, u).</summary>
    Proportional,

    /// <summary>The nearest point to the unbounded shares: clip(T·s + τ, l, u). It does not keep ratios.</summary>
    Euclidean,
}

/// <summary>What a provider brings to the division of data share tokens.</summary>
public sealed record DataShareClaim
{
    /// <summary>The provider's name.</summary>
    public required string Contributor { get; init; }

    /// <summary>The usable text tokens of its data, at least 0.</summary>
    public double Volume { get; init; }

    /// <summary>q ≥ 0: the measured quality.</summary>
    public double Quality { get; init; }

    /// <summary>The measured marginal gain; a negative one counts as 0.</summary>
    public double MarginalUtility { get; init; }

    /// <summary>l ≥ 0: the fewest tokens it may receive.</summary>
    public double Floor { get; init; }

    /// <summary>u: the most tokens it may receive; ∞ for no cap.</summary>
    public double Cap { get; init; } = double.PositiveInfinity;
}

/// <summary>A provider's data share tokens (seed 002, section 7).</summary>
public sealed record DataShareToken
{
    /// <summary>The provider's name.</summary>
    public required string Contributor { get; init; }

    /// <summary>The provider's part of the volume of all, from 0 to 1.</summary>
    public required double VolumeScore { get; init; }

    /// <summary>Its part of the quality of all.</summary>
    public required double QualityScore { get; init; }

    /// <summary>Its part of the marginal gain of all.</summary>
    public required double ImpactScore { get; init; }

    /// <summary>α·volume + β·quality + γ·impact, from 0 to 1. A component that is 0 for all is dropped and the other weights grow in proportion.</summary>
    public required double Score { get; init; }

    /// <summary>The tokens: within floor and cap, and T together.</summary>
    public required double Tokens { get; init; }

    /// <summary>l: its floor in tokens.</summary>
    public double Floor { get; init; }

    /// <summary>u: its cap in tokens.</summary>
    public double Cap { get; init; }

    /// <summary>T: the tokens that were divided.</summary>
    public double Supply { get; init; }
}
