using QosValuation.Foundation.Randomness;

namespace QosValuation.Markets.Properties;

/// <summary>
/// The search for violations of one property. An instance holds no state and is thread-safe. To add a property, add its name to
/// <see cref="MechanismProperty"/>, its class to this folder and one line to <see cref="MechanismProperties"/>.
/// </summary>
internal abstract class PropertySearch
{
    /// <summary>What is less than this part of the budget is rounding.</summary>
    public const double Tolerance = 1e-9;

    /// <summary>The property.</summary>
    public abstract MechanismProperty Name { get; }

    /// <summary>Looks for a violation in a market.</summary>
    /// <param name="mechanism">The mechanism.</param>
    /// <param name="market">The market; costs are true.</param>
    /// <param name="isFixed">Whether the costs are given; else any other may be taken for true.</param>
    /// <param name="size">The size of coalitions, and the number of a Sybil's names.</param>
    /// <param name="random">The source of everything drawn.</param>
    /// <returns>A deviation that breaks the property, or null.</returns>
    public abstract Deviation? Find(ITestedMechanism mechanism, TestMarket market, bool isFixed, int size, RandomSource random);

    /// <summary>What a deviation comes to.</summary>
    /// <param name="mechanism">The mechanism.</param>
    /// <param name="deviation">The deviation.</param>
    public abstract DeviationResult Judge(ITestedMechanism mechanism, Deviation deviation);

    /// <summary>The deviation where it breaks the property, else null.</summary>
    protected Deviation? Keep(ITestedMechanism mechanism, Deviation deviation) =>
        Judge(mechanism, deviation).Score > Tolerance * Math.Max(1, mechanism.Limit) ? deviation : null;

    /// <summary>What each provider earns, by what is true.</summary>
    protected static double[] Earnings(ITestedMechanism mechanism, TestMarket reported, TestMarket truth, out bool[] wins)
    {
        wins = new bool[reported.Count];
        return mechanism.Earn(reported, truth, wins);
    }

    /// <summary>The best for the agent of some reports, where it breaks the property; the reports are tried one by one.</summary>
    protected Deviation? FindOneByOne(ITestedMechanism mechanism, TestMarket market, int agent, RandomSource random)
    {
        Deviation? found = null;
        double best = Tolerance * Math.Max(1, mechanism.Limit);
        foreach (double report in mechanism.Reports(market, agent, random))
        {
            var deviation = new Deviation { Truth = market, Agents = [agent], Reports = [report], Column = mechanism.ReportColumn };
            double score = Judge(mechanism, deviation).Score;
            if (score > best)
            {
                (found, best) = (deviation, score);
            }
        }

        return found;
    }

    /// <summary>What the agents of a deviation earn honestly and with their reports; the score is the least that one of them gains.</summary>
    protected static DeviationResult Compare(ITestedMechanism mechanism, Deviation deviation)
    {
        double[] honest = Earnings(mechanism, deviation.Truth, deviation.Truth, out _);
        double[] lying = Earnings(mechanism, deviation.Reported(), deviation.Truth, out _);
        double[] members = Array.ConvertAll(deviation.Agents, agent => lying[agent] - honest[agent]);
        return new(deviation.Agents.Sum(agent => honest[agent]), deviation.Agents.Sum(agent => lying[agent]), members, members.Min());
    }

    /// <summary>
    /// Reports at which an outcome may change: nothing, the budget, the costs per value of the others, what the others leave of the budget; and
    /// numbers at random.
    /// </summary>
    protected static double[] Reports(ITestedMechanism mechanism, TestMarket market, int agent, RandomSource random)
    {
        if (!mechanism.SellsOnce)
        {
            return mechanism.Reports(market, agent, random);
        }

        if (!mechanism.UsesCosts)
        {
            return [0];
        }

        var reports = new List<double> { market.Costs[agent], 0, mechanism.Budget, mechanism.Budget * 1.1 * random.NextDouble() };
        double Value(int i) => market.Qualities[i] * market.Utilities[i];
        if (market.Count > 1)
        {
            int other = (agent + 1 + random.NextInt32(market.Count - 1)) % market.Count;
            double tie = Value(other) > 0 ? Value(agent) * market.Costs[other] / Value(other) : 0;
            reports.Add(tie * (1 + 1e-6));
            reports.Add(Math.Max(0, mechanism.Budget - market.Costs[other]));
            reports.Add(market.Costs[agent] * (0.5 + random.NextDouble()));
        }

        return [.. reports.Where(double.IsFinite).Distinct().Order()];
    }
}
