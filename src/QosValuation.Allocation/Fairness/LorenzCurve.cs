namespace QosValuation;

/// <summary>
/// The Lorenz curve of reward rates (Lorenz 1905): the agents with the smallest rates, Population of all, have Share of all rates.
/// Both run from 0 to 1, and Share never exceeds Population. The area under the curve is (1 − Gini)/2.
/// </summary>
/// <remarks>With up to 1,000 agents there is a point an agent; with more, 1,001 points at equal steps, each exact.</remarks>
public sealed record LorenzCurve
{
    /// <summary>The part of the agents, those with the smallest rates first; ascending from 0 to 1.</summary>
    public required IReadOnlyList<double> Population { get; init; }

    /// <summary>The part of the sum of all rates that they have; ascending from 0 to 1.</summary>
    public required IReadOnlyList<double> Share { get; init; }

    /// <summary>The number of points, the origin included.</summary>
    public int Count => Population.Count;

    /// <summary>The curve in short.</summary>
    /// <returns>The number of points and the share of the poorer half.</returns>
    public override string ToString()
    {
        if (Count == 0)
        {
            return "no points";
        }

        int half = Count / 2;
        return string.Create(System.Globalization.CultureInfo.CurrentCulture, $"{Count} points; the poorest {Population[half]:P0} have {Share[half]:P1}");
    }
}
