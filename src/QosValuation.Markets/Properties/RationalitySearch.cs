using QosValuation.Foundation.Randomness;

namespace QosValuation.Markets.Properties;

/// <summary>Looks for an honest winner that is paid less than its cost.</summary>
internal sealed class RationalitySearch : PropertySearch
{
    /// <inheritdoc/>
    public override MechanismProperty Name => MechanismProperty.IndividualRationality;

    /// <inheritdoc/>
    public override Deviation? Find(ITestedMechanism mechanism, TestMarket market, bool isFixed, int size, RandomSource random)
    {
        int agent = random.NextInt32(market.Count);
        if (!mechanism.SellsOnce)
        {
            double honest = market.Column(mechanism.ReportColumn)[agent];
            return Keep(mechanism, new() { Truth = market, Agents = [agent], Reports = [honest], Column = mechanism.ReportColumn });
        }

        double[] costs = isFixed ? [market.Costs[agent]] : Reports(mechanism, market, agent, random);
        var line = new ReportLine(mechanism, market, agent, costs);
        double worst = -Tolerance * Math.Max(1, mechanism.Limit);
        double? found = null;
        foreach ((double cost, bool wins, double payment) in line.Points)
        {
            double earning = payment - (wins ? cost : 0);
            if (earning < worst && (!isFixed || cost == market.Costs[agent]))
            {
                (worst, found) = (earning, cost);
            }
        }

        return found is double truth ? Keep(mechanism, new() { Truth = market.WithCost(agent, truth), Agents = [agent], Reports = [truth] }) : null;
    }

    /// <inheritdoc/>
    public override DeviationResult Judge(ITestedMechanism mechanism, Deviation deviation)
    {
        int agent = deviation.Agents[0];
        double earning = Earnings(mechanism, deviation.Reported(), deviation.Truth, out _)[agent];
        bool isHonest = deviation.Reports[0] == deviation.Truth.Column(deviation.Column)[agent];
        return new(0, earning, [earning], isHonest ? -earning : 0);
    }
}
