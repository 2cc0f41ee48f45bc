namespace QosValuation;

/// <summary>What an auction bought, and for how much.</summary>
public sealed record AuctionReport
{
    /// <summary>The mechanism.</summary>
    public required AuctionMechanism Mechanism { get; init; }

    /// <summary>The number of offers that took part.</summary>
    public required int Offers { get; init; }

    /// <summary>The number of winners.</summary>
    public required int Winners { get; init; }

    /// <summary>Σp: all payments, those in shares of the pool included.</summary>
    public required double TotalPayment { get; init; }

    /// <summary>Σc: what the winners ask together.</summary>
    public required double TotalCost { get; init; }

    /// <summary>B: the budget.</summary>
    public required double Budget { get; init; }

    /// <summary>U: the utility pool of a mixed auction; 0 without one.</summary>
    public required double Pool { get; init; }

    /// <summary>What the payments exceed the budget and the pool by; 0 where they do not.</summary>
    public required double Overrun { get; init; }

    /// <summary>V(S): what the bought data are worth; the sum of values, or less where they overlap.</summary>
    public required double Value { get; init; }

    /// <summary>π: the one price per unit of value; NaN where the mechanism has none.</summary>
    public required double UnitPrice { get; init; }

    /// <summary>Whether the payments stay within budget and pool, up to a rounding of 10⁻¹².</summary>
    public bool IsBudgetFeasible => Overrun <= 1e-12 * (Budget + Pool);

    /// <summary>Whether no provider can gain by reporting another cost than its own, whatever the others report.</summary>
    public required bool IsTruthful { get; init; }
}
