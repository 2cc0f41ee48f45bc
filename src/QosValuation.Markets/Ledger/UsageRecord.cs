namespace QosValuation;

/// <summary>How data earned.</summary>
public enum UsageKind
{
    /// <summary>Calls of an interface that the data feed.</summary>
    ApiCall,

    /// <summary>Revenue of a licence.</summary>
    License,

    /// <summary>Any other revenue.</summary>
    Other,
}

/// <summary>Revenue that the market's data earned: what marginal-utility shares are paid from (seed 002, section 5).</summary>
public sealed record UsageRecord
{
    /// <summary>The position in the ledger.</summary>
    public required long Sequence { get; init; }

    /// <summary>What earned it, such as the name of an interface or of a licensee.</summary>
    public required string Source { get; init; }

    /// <summary>How it was earned.</summary>
    public required UsageKind Kind { get; init; }

    /// <summary>The number of calls or licences; at least 0.</summary>
    public required long Quantity { get; init; }

    /// <summary>The revenue, in the market's unit of money; finite and at least 0.</summary>
    public required double Revenue { get; init; }

    /// <summary>When it was recorded (UTC).</summary>
    public required DateTime Timestamp { get; init; }

    /// <summary>The record's hash in the ledger.</summary>
    public required string Hash { get; init; }

}
