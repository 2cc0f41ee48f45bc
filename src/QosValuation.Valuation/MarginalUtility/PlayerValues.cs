namespace QosValuation.Valuation.MarginalUtility;

/// <summary>What a method found, a number a player.</summary>
/// <param name="Values">The values.</param>
/// <param name="Evaluations">How many utilities were asked for.</param>
internal sealed record PlayerValues(double[] Values, long Evaluations)
{
    /// <summary>The standard errors; null where the values are exact.</summary>
    public double[]? StandardErrors { get; init; }

    /// <summary>The standard error that was asked for; +∞ where none was.</summary>
    public double Target { get; init; } = double.PositiveInfinity;

    /// <summary>How far truncation may have moved each value; null without.</summary>
    public double[]? BiasBounds { get; init; }

    /// <summary>Whether a seed decided what was drawn.</summary>
    public bool IsDrawn { get; init; }
}
