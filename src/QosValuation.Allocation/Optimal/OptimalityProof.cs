namespace QosValuation;

/// <summary>How good an allocation of the scheme Optimal is, and the prices that prove it.</summary>
public sealed record OptimalityProof
{
    /// <summary>Σ v·u of the allocation (paper, Eq. 10).</summary>
    public required double SocialWelfare { get; init; }

    /// <summary>
    /// No allocation within supply, buckets and fairness bounds has a welfare above this: by weak duality, whatever the search did, rounding
    /// included.
    /// </summary>
    public required double DualBound { get; init; }

    /// <summary>(DualBound − SocialWelfare) / DualBound: at most this part of the welfare is missing. 0 where nothing can be allocated.</summary>
    public required double RelativeGap { get; init; }

    /// <summary>J of the reward rates over all agents (paper, Eq. 6).</summary>
    public required double Jain { get; init; }

    /// <summary>G of the reward rates over all agents (paper, Eq. 8).</summary>
    public required double Gini { get; init; }

    /// <summary>How often the inner problem was solved.</summary>
    public required int Iterations { get; init; }

    /// <summary>λ ≥ 0: the welfare that one more token of supply would bring.</summary>
    public required double SupplyPrice { get; init; }

    /// <summary>α ≥ 0: the multiplier of Σr − √(N·Jmin)·‖r‖ ≥ 0, in welfare per unit of rate.</summary>
    public required double JainMultiplier { get; init; }

    /// <summary>β ≥ 0: the multiplier of Gmax·Σr − Σ_{i&lt;j}|rᵢ − rⱼ|/N ≥ 0, in welfare per unit of rate.</summary>
    public required double GiniMultiplier { get; init; }
}
