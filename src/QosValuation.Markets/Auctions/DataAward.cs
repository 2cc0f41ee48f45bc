namespace QosValuation;

/// <summary>The part of an auction that a provider took part in.</summary>
public enum AuctionTranche
{
    /// <summary>The main part of the budget.</summary>
    Main,

    /// <summary>The part reserved for under-served providers (seed 002, appendix E).</summary>
    Diversity,
}

/// <summary>What an auction decided for one provider of data.</summary>
public sealed record DataAward
{
    /// <summary>The provider's name.</summary>
    public required string Contributor { get; init; }

    /// <summary>The place by ascending cost per value among the eligible providers of its tranche, from 1; 0 where its value is 0.</summary>
    public required int Rank { get; init; }

    /// <summary>c: the reported cost.</summary>
    public required double Cost { get; init; }

    /// <summary>v = u(q^η·(φ+κ)^γ): what the data are worth.</summary>
    public required double Value { get; init; }

    /// <summary>ψ = c/v: the virtual cost, by which providers are ordered; ∞ where v is 0.</summary>
    public required double Density { get; init; }

    /// <summary>Whether the provider's data are bought.</summary>
    public required bool IsWinner { get; init; }

    /// <summary>Why it won or lost.</summary>
    public required AwardReason Reason { get; init; }

    /// <summary>All that the provider is paid: <see cref="Cash"/> and <see cref="Deferred"/>; 0 for losers.</summary>
    public required double Payment { get; init; }

    /// <summary>The supremum of the reports with which this winner still wins; NaN for losers, and where the outcome was drawn at random.</summary>
    public required double CriticalCost { get; init; }

    /// <summary>s: the winner's share of the utility pool, from 0 to 1; 0 without one.</summary>
    public required double Share { get; init; }

    /// <summary>The part of the payment in money now.</summary>
    public required double Cash { get; init; }

    /// <summary>The part of the payment in shares of the pool.</summary>
    public required double Deferred { get; init; }

    /// <summary>The part of the budget that the provider competed for.</summary>
    public AuctionTranche Tranche { get; init; }

    /// <summary>The group that a limit on winners counts; empty for none.</summary>
    public string Group { get; init; } = string.Empty;

    /// <summary>q: the measured quality, for what comes after the auction.</summary>
    public double Quality { get; init; }

    /// <summary>φ: the measured marginal utility, for what comes after the auction.</summary>
    public double MarginalUtility { get; init; }

    /// <summary>The offer's digest, which Add-DatRecord takes as the pointer of the award; empty for none.</summary>
    public string Hash { get; init; } = string.Empty;

    /// <summary>The mechanism that decided.</summary>
    public AuctionMechanism Mechanism { get; init; }
}
