namespace QosValuation;

/// <summary>What a round of a model market was checked for: payments that sum up to 0, nobody worse off, nobody better off by a false cost.</summary>
public sealed record ModelMarketCheck
{
    /// <summary>The sum of all payments, which cancel.</summary>
    public required double PaymentSum { get; init; }

    /// <summary>Whether the payments sum up to 0, but for a rounding of 10⁻⁹ of what was paid.</summary>
    public required bool IsZeroSum { get; init; }

    /// <summary>Clients whose utility is below 0.</summary>
    public required string[] Losers { get; init; }

    /// <summary>The least utility of a client.</summary>
    public required double LeastUtility { get; init; }

    /// <summary>How many false costs were tried.</summary>
    public required int Probes { get; init; }

    /// <summary>How many of them a client would have gained by.</summary>
    public required int Lies { get; init; }

    /// <summary>The client that would have gained most; empty for none.</summary>
    public required string Liar { get; init; }

    /// <summary>Its true cost; NaN for none.</summary>
    public required double TrueCost { get; init; }

    /// <summary>The cost by which it would have gained most; NaN for none.</summary>
    public required double FalseCost { get; init; }

    /// <summary>What it would have gained over the truth, all others alike; 0 for none.</summary>
    public required double LieGain { get; init; }

    /// <summary>Whether nobody is worse off than without the market.</summary>
    public bool IsRational => Losers.Length == 0;

    /// <summary>Whether no false cost was found that gains. It is a search, not a proof.</summary>
    public bool IsTruthful => Lies == 0;
}
