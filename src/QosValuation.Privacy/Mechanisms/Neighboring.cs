namespace QosValuation;

/// <summary>Which datasets count as neighbours.</summary>
public enum Neighboring
{
    /// <summary>One record is exchanged for another; the count is public.</summary>
    ReplaceOne,

    /// <summary>One record is added or removed.</summary>
    AddRemove,
}
