using QosValuation.Foundation.Randomness;

namespace QosValuation.Markets.Properties;

/// <summary>
/// Looks for a coalition all of whose members gain by joint reports: at random, and then one member's report at a time, as long as the member
/// that gains least gains more.
/// </summary>
internal sealed class CollusionSearch : PropertySearch
{
    private const int Draws = 6;
    private const int Sweeps = 2;

    /// <inheritdoc/>
    public override MechanismProperty Name => MechanismProperty.Collusion;

    /// <inheritdoc/>
    public override Deviation? Find(ITestedMechanism mechanism, TestMarket market, bool isFixed, int size, RandomSource random)
    {
        int members = Math.Min(market.Count, size == 2 ? 2 : 2 + random.NextInt32(size - 1));
        if (members < 2)
        {
            return null;
        }

        int[] all = [.. Enumerable.Range(0, market.Count)];
        random.Shuffle<int>(all);
        int[] agents = all[..members];
        Array.Sort(agents);
        double[][] choices = Array.ConvertAll(agents, agent => Reports(mechanism, market, agent, random));
        double[] honest = Earnings(mechanism, market, market, out _);
        double[] best = [];
        double score = double.NegativeInfinity;
        for (int draw = 0; draw < Draws; draw++)
        {
            double[] reports = draw == 0 && mechanism.SellsOnce
                ? new double[members]
                : Array.ConvertAll(choices, choice => choice[random.NextInt32(choice.Length)]);
            double gain = Score(reports);
            if (gain > score)
            {
                (best, score) = (reports, gain);
            }
        }

        for (int sweep = 0; sweep < Sweeps && score <= Tolerance * Math.Max(1, mechanism.Limit); sweep++)
        {
            for (int k = 0; k < members; k++)
            {
                foreach (double report in choices[k])
                {
                    double[] reports = [.. best];
                    reports[k] = report;
                    double gain = Score(reports);
                    if (gain > score)
                    {
                        (best, score) = (reports, gain);
                    }
                }
            }
        }

        return score > Tolerance * Math.Max(1, mechanism.Limit)
            ? Keep(mechanism, new() { Truth = market, Agents = agents, Reports = best, Column = mechanism.ReportColumn })
            : null;

        double Score(double[] reports)
        {
            var deviation = new Deviation { Truth = market, Agents = agents, Reports = reports, Column = mechanism.ReportColumn };
            double[] lying = Earnings(mechanism, deviation.Reported(), market, out _);
            return agents.Min(agent => lying[agent] - honest[agent]);
        }
    }

    /// <inheritdoc/>
    public override DeviationResult Judge(ITestedMechanism mechanism, Deviation deviation) =>
        deviation.Agents.Length < 2 ? default : Compare(mechanism, deviation);
}
