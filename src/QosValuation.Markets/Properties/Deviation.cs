namespace QosValuation.Markets.Properties;

/// <summary>A market, the providers that deviate in it, and what they report.</summary>
internal sealed record Deviation
{
    /// <summary>The market as it is: costs are true.</summary>
    public required TestMarket Truth { get; init; }

    /// <summary>The offers of those who deviate.</summary>
    public required int[] Agents { get; init; }

    /// <summary>The costs that they report, one for each; or the numbers of another column.</summary>
    public required double[] Reports { get; init; }

    /// <summary>The column of the market that is reported.</summary>
    public int Column { get; init; }

    /// <summary>
    /// For a Sybil the marginal utilities of its names, else null. Each name asks the part of the cost that its marginal utility is of the
    /// agent's; one with a negative marginal utility asks nothing.
    /// </summary>
    public double[]? Names { get; init; }

    /// <summary>The market as reported. The further names of a Sybil stand at the end.</summary>
    public TestMarket Reported()
    {
        if (Names is null)
        {
            TestMarket market = Truth;
            for (int k = 0; k < Agents.Length; k++)
            {
                market = market.With(Column, Agents[k], Reports[k]);
            }

            return market;
        }

        int agent = Agents[0];
        double cost = Truth.Costs[agent];
        double utility = Truth.Utilities[agent];
        double Part(double own) => utility > 0 && own > 0 ? cost * Math.Min(1, own / utility) : 0;
        TestMarket changed = Truth.With(2, agent, Names[0]).WithCost(agent, Part(Names[0]));
        return new TestMarket
        {
            Names = [.. changed.Names, .. Enumerable.Range(2, Names.Length - 1).Select(k => $"{Truth.Names[agent]} as {k}")],
            Costs = [.. changed.Costs, .. Names.Skip(1).Select(Part)],
            Qualities = [.. changed.Qualities, .. Names.Skip(1).Select(_ => Truth.Qualities[agent])],
            Utilities = [.. changed.Utilities, .. Names.Skip(1)],
            Vectors = Truth.Vectors is { } vectors ? [.. vectors, .. Names.Skip(1).Select(_ => vectors[agent])] : null,
        };
    }
}

/// <summary>What a deviation comes to.</summary>
/// <param name="Before">What the agents earn together when honest.</param>
/// <param name="After">What they earn with their reports.</param>
/// <param name="Members">What each gains.</param>
/// <param name="Score">How far the property is broken; at most 0 where it is not.</param>
internal readonly record struct DeviationResult(double Before, double After, double[] Members, double Score);
