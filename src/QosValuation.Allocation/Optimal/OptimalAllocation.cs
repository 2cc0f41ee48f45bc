namespace QosValuation.Allocation.Optimal;

/// <summary>What the optimal allocation must respect beyond supply and buckets, and how closely to solve for it.</summary>
public sealed record OptimalAllocationOptions
{
    /// <summary>Jmin: Jain's index of the reward rates is at least this, in (0, 1]; null for no bound (paper, Eq. 7).</summary>
    public double? JainFloor { get; init; }

    /// <summary>Gmax: the Gini coefficient of the reward rates is at most this, in [0, 1); null for no bound (paper, Eq. 9).</summary>
    public double? GiniCeiling { get; init; }

    /// <summary>The search ends when the proven gap is at most this fraction of the welfare; default 1e-6.</summary>
    public double RelativeGap { get; init; } = 1e-6;

    /// <summary>At most about so many solutions of the inner problem, each O(N log N); default 2000. It rarely takes 100.</summary>
    public int MaxIterations { get; init; } = 2000;

    /// <summary>Checks the numbers. O(1).</summary>
    /// <exception cref="QosValuationException"><c>FairnessBoundNotValid</c> or <c>SearchLimitNotValid</c>.</exception>
    public void Validate()
    {
        if (JainFloor is double jain && !(jain > 0 && jain <= 1))
        {
            throw new QosValuationException(
                Faults.FairnessBoundNotValid, $"The Jain floor is {jain}; give a number above 0 and at most 1.", jain);
        }

        if (GiniCeiling is double gini && !(gini >= 0 && gini < 1))
        {
            throw new QosValuationException(
                Faults.FairnessBoundNotValid, $"The Gini ceiling is {gini}; give a number of at least 0 and below 1.", gini);
        }

        if (!(RelativeGap > 0) || MaxIterations < 1)
        {
            throw new QosValuationException(
                Faults.SearchLimitNotValid,
                $"The relative gap is {RelativeGap} and the limit {MaxIterations} iterations; give a gap above 0 and at least 1 iteration.");
        }
    }
}

/// <summary>An allocation with a proof of how good it is.</summary>
public sealed record OptimalAllocation
{
    /// <summary>u: tokens, in the order of the agents given. Within supply, buckets and fairness bounds.</summary>
    public required double[] Tokens { get; init; }

    /// <summary>How good it is.</summary>
    public required OptimalityProof Proof { get; init; }

    /// <summary>Σ v·u of <see cref="Tokens"/>.</summary>
    public double SocialWelfare => Proof.SocialWelfare;

    /// <summary>No allocation within the bounds has a welfare above this.</summary>
    public double DualBound => Proof.DualBound;

    /// <summary>(<see cref="DualBound"/> − <see cref="SocialWelfare"/>) / <see cref="DualBound"/>.</summary>
    public double RelativeGap => Proof.RelativeGap;

    /// <summary>J of the reward rates over all agents.</summary>
    public double Jain => Proof.Jain;

    /// <summary>G of the reward rates over all agents.</summary>
    public double Gini => Proof.Gini;

    /// <summary>How often the inner problem was solved.</summary>
    public int Iterations => Proof.Iterations;

    /// <summary>λ: the welfare that one more token of supply would bring.</summary>
    public double SupplyPrice => Proof.SupplyPrice;

    /// <summary>α: the multiplier of Jain's bound.</summary>
    public double JainMultiplier => Proof.JainMultiplier;

    /// <summary>β: the multiplier of the Gini bound.</summary>
    public double GiniMultiplier => Proof.GiniMultiplier;
}
