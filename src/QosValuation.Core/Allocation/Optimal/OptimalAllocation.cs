namespace QosValuation.Allocation;

/// <summary>What the optimal allocation must respect beyond supply and buckets.</summary>
public sealed record OptimalAllocationOptions
{
    /// <summary>Jmin: Jain's index of the reward rates is at least this, in (0, 1]; null for no bound (paper, Eq. 7).</summary>
    public double? JainFloor { get; init; }

    /// <summary>Gmax: the Gini coefficient of the reward rates is at most this, in [0, 1); null for no bound (paper, Eq. 9).</summary>
    public double? GiniCeiling { get; init; }

    /// <summary>The search ends when the proven gap is at most this fraction of the welfare; default 1e-6.</summary>
    public double RelativeGap { get; init; } = 1e-6;

    /// <summary>At most so many solutions of the inner problem, each O(N log N); default 2000. It rarely takes 100.</summary>
    public int MaxIterations { get; init; } = 2000;
}

/// <summary>An allocation with a proof of how good it is.</summary>
public sealed record OptimalAllocation
{
    /// <summary>u: tokens, in the order of the agents given. Within supply, buckets and fairness bounds.</summary>
    public required double[] Tokens { get; init; }

    /// <summary>Σ v·u of <see cref="Tokens"/>.</summary>
    public required double SocialWelfare { get; init; }

    /// <summary>No allocation within the bounds has a welfare above this (by weak duality, whatever the search did).</summary>
    public required double DualBound { get; init; }

    /// <summary>(<see cref="DualBound"/> − <see cref="SocialWelfare"/>) / <see cref="DualBound"/>; 0 where nothing can be allocated.</summary>
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
