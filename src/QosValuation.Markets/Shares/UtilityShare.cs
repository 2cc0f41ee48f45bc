namespace QosValuation;

/// <summary>A provider's part of a pool of future utility under a marginal utility token (MUT) contract (seed 002, section 6).</summary>
public sealed record UtilityShare
{
    /// <summary>The provider's name.</summary>
    public required string Contributor { get; init; }

    /// <summary>q: the measured quality.</summary>
    public required double Quality { get; init; }

    /// <summary>φ: the marginal utility that counts, after rescaling where that was asked.</summary>
    public required double MarginalUtility { get; init; }

    /// <summary>s = q·max(φ, 0)/Σ: from 0 to 1; 0 for all where the sum is 0.</summary>
    public required double Share { get; init; }

    /// <summary>x = s·U: the provider's part of the pool.</summary>
    public required double Payout { get; init; }

    /// <summary>u(x) = x^(1−γ)/(1−γ), and ln x for γ = 1; −∞ for x = 0 and γ ≥ 1. The cost stays outside.</summary>
    public required double Utility { get; init; }

    /// <summary>u(x) − c (seed 002, section 8.6).</summary>
    public required double NetUtility { get; init; }

    /// <summary>γ: the coefficient of relative risk aversion.</summary>
    public double RiskAversion { get; init; }

    /// <summary>U: the pool that was divided.</summary>
    public double Pool { get; init; }
}
