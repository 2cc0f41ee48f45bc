using QosValuation.Foundation.Randomness;

namespace QosValuation.Markets.Properties;

/// <summary>Looks for a winner that loses by asking less. The higher, winning report counts as the truth.</summary>
internal sealed class MonotonicitySearch : PropertySearch
{
    /// <inheritdoc/>
    public override MechanismProperty Name => MechanismProperty.Monotonicity;

    /// <inheritdoc/>
    public override Deviation? Find(ITestedMechanism mechanism, TestMarket market, bool isFixed, int size, RandomSource random)
    {
        int agent = random.NextInt32(market.Count);
        if (!mechanism.SellsOnce)
        {
            return FindOneByOne(mechanism, market, agent, random);
        }

        var line = new ReportLine(mechanism, market, agent, Reports(mechanism, market, agent, random));
        int loses = line.Points.FindIndex(point => !point.Wins);
        int wins = line.Points.FindLastIndex(point => point.Wins && (!isFixed || point.Report == market.Costs[agent]));
        return loses >= 0 && wins > loses
            ? Keep(mechanism, new() { Truth = market.WithCost(agent, line.Points[wins].Report), Agents = [agent], Reports = [line.Points[loses].Report] })
            : null;
    }

    /// <inheritdoc/>
    public override DeviationResult Judge(ITestedMechanism mechanism, Deviation deviation)
    {
        int agent = deviation.Agents[0];
        double[] costs = deviation.Truth.Column(deviation.Column);
        double honest = Earnings(mechanism, deviation.Truth, deviation.Truth, out bool[] wins)[agent];
        double lower = Earnings(mechanism, deviation.Reported(), deviation.Truth, out bool[] lowerWins)[agent];
        return new(honest, lower, [lower - honest], wins[agent] && !lowerWins[agent] ? costs[agent] - deviation.Reports[0] : 0);
    }
}
