namespace QosValuation;

/// <summary>A case in which a mechanism breaks a property, as small as the search could make it. It can be replayed.</summary>
public sealed record MechanismViolation
{
    /// <summary>The property that is broken.</summary>
    public required MechanismProperty Property { get; init; }

    /// <summary>The mechanism's name.</summary>
    public required string Mechanism { get; init; }

    /// <summary>The providers that deviate, or that the property concerns.</summary>
    public required string[] Agents { get; init; }

    /// <summary>The true costs of the agents.</summary>
    public required double[] Truth { get; init; }

    /// <summary>The costs that the agents report; of a Sybil those of its names.</summary>
    public required double[] Report { get; init; }

    /// <summary>
    /// What the agents earn together when honest: payments less true costs. Of a Sybil the most that it earns under one name. For Budget the limit.
    /// </summary>
    public required double UtilityBefore { get; init; }

    /// <summary>What they earn together with their reports. For Budget the payments.</summary>
    public required double UtilityAfter { get; init; }

    /// <summary>What they gain together; for Monotonicity by how much the losing report is lower than the winning one.</summary>
    public required double Gain { get; init; }

    /// <summary>What each agent gains.</summary>
    public required double[] MemberGains { get; init; }

    /// <summary>All offers as reported: pipe them into Invoke-DataAuction to see <see cref="UtilityAfter"/> happen.</summary>
    public required DataOffer[] Offers { get; init; }

    /// <summary>All offers as they would be if everyone were honest.</summary>
    public required DataOffer[] HonestOffers { get; init; }

    /// <summary>Of a market of models the clients with what they report; pipe them into Invoke-ModelMarket. Else empty.</summary>
    public ModelTrader[] Traders { get; init; } = [];

    /// <summary>Of a market of models the distances, for -Distance; else null.</summary>
    public double[][]? Distance { get; init; }

    /// <summary>B: the budget of the auction.</summary>
    public required double Budget { get; init; }

    /// <summary>The command that replays the reported offers; $violation stands for this object. Empty for a script block.</summary>
    public required string Command { get; init; }

    /// <summary>The trial that found it, from 1.</summary>
    public required long Trial { get; init; }

    /// <summary>The seed of the search.</summary>
    public required int Seed { get; init; }
}
