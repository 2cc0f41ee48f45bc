namespace QosValuation;

/// <summary>Why a provider won or lost an auction.</summary>
public enum AwardReason
{
    /// <summary>It won.</summary>
    Won,

    /// <summary>It was next, and what it asks, or what it would have to be paid, no longer fits the budget.</summary>
    Budget,

    /// <summary>Its data have no value, or no finite one, so that it may not take part, whatever it asks.</summary>
    ZeroValue,

    /// <summary>It asks more than the whole budget, or more than the price.</summary>
    TooDear,

    /// <summary>It stands behind a provider that did not fit the budget; the auction stops at the first.</summary>
    Blocked,

    /// <summary>Its group has as many winners as one may have.</summary>
    GroupLimit,
}
