namespace QosValuation.Reporting.Page;

/// <summary>The parts of a report's summary, in their order.</summary>
public enum SummaryHeading
{
    /// <summary>What the guarantee costs.</summary>
    Costs,

    /// <summary>What the guarantee buys.</summary>
    Buys,

    /// <summary>What the data are worth.</summary>
    AtStake,
}

/// <summary>A sentence or two that a section adds to the summary.</summary>
/// <param name="Heading">The part it belongs to.</param>
/// <param name="Place">Its place in the part; smaller numbers come first. The same text is said once.</param>
/// <param name="Text">The sentences.</param>
public sealed record SummarySentence(SummaryHeading Heading, int Place, string Text);

/// <summary>A guarantee of (ε, δ)-differential privacy that results tell of.</summary>
/// <param name="Epsilon">ε; what is not above 0 and finite is no guarantee and is passed over.</param>
/// <param name="Delta">δ; NaN where the results do not tell it.</param>
public readonly record struct PrivacyTerms(double Epsilon, double Delta = double.NaN);
