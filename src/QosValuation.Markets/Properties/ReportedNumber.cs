namespace QosValuation;

/// <summary>Which of its numbers a client of a model market may report falsely.</summary>
public enum ReportedNumber
{
    /// <summary>c: what each export costs it.</summary>
    Cost,

    /// <summary>K: its gain scale.</summary>
    GainScale,

    /// <summary>N: its number of training records.</summary>
    Size,
}
