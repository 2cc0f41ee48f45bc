using QosValuation.Foundation.Randomness;

namespace QosValuation.Markets.Properties;

/// <summary>Looks at how one provider fares as its report moves, and for two reports of which one, as the true cost, envies the other.</summary>
internal sealed class TruthfulnessSearch : PropertySearch
{
    /// <inheritdoc/>
    public override MechanismProperty Name => MechanismProperty.Truthfulness;

    /// <inheritdoc/>
    public override Deviation? Find(ITestedMechanism mechanism, TestMarket market, bool isFixed, int size, RandomSource random)
    {
        int agent = random.NextInt32(market.Count);
        if (!mechanism.SellsOnce)
        {
            return FindOneByOne(mechanism, market, agent, random);
        }

        var line = new ReportLine(mechanism, market, agent, Reports(mechanism, market, agent, random));
        double best = Tolerance * Math.Max(1, mechanism.Limit);
        (double Truth, double Report)? found = null;
        foreach ((double truth, bool wins, double payment) in line.Points)
        {
            if (isFixed && truth != market.Costs[agent])
            {
                continue;
            }

            double honest = payment - (wins ? truth : 0);
            foreach ((double report, bool lyingWins, double lyingPayment) in line.Points)
            {
                double gain = lyingPayment - (lyingWins ? truth : 0) - honest;
                if (gain > best)
                {
                    best = gain;
                    found = (truth, report);
                }
            }
        }

        return found is { } pair ? Keep(mechanism, new() { Truth = market.WithCost(agent, pair.Truth), Agents = [agent], Reports = [pair.Report] }) : null;
    }

    /// <inheritdoc/>
    public override DeviationResult Judge(ITestedMechanism mechanism, Deviation deviation) => Compare(mechanism, deviation);
}
