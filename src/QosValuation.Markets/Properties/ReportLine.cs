namespace QosValuation.Markets.Properties;

/// <summary>What happens to one provider as its report moves and all others stay: a winning interval and a payment, for a threshold mechanism.</summary>
internal sealed class ReportLine
{
    private const int Halvings = 40;

    private readonly ITestedMechanism _mechanism;
    private readonly TestMarket _market;
    private readonly int _agent;

    /// <summary>
    /// Looks at given reports, and where these leave it open, at the threshold. Where all winning reports are paid alike, at p, and the provider
    /// wins just below p and loses just above, the line is that of a truthful mechanism and two more questions suffice. Else the threshold is
    /// found by bisection.
    /// </summary>
    /// <param name="mechanism">The mechanism.</param>
    /// <param name="market">The market.</param>
    /// <param name="agent">The provider.</param>
    /// <param name="reports">Reports in ascending order.</param>
    public ReportLine(ITestedMechanism mechanism, TestMarket market, int agent, double[] reports)
    {
        _mechanism = mechanism;
        _market = market;
        _agent = agent;
        foreach (double report in reports)
        {
            Look(report);
        }

        (double Report, bool Wins, double Payment)[] winning = [.. Points.Where(point => point.Wins)];
        if (winning.Length == 0 || !mechanism.UsesCosts)
        {
            return;
        }

        double price = winning[0].Payment;
        double step = 1e-7 * Math.Max(mechanism.Limit, price);
        bool isOnePrice = Array.TrueForAll(winning, point => Math.Abs(point.Payment - price) <= PropertySearch.Tolerance * Math.Max(1, mechanism.Limit));
        bool isThreshold = isOnePrice && (price <= step || Look(price - step).Wins) && !Look(price + step).Wins;
        if (!isThreshold)
        {
            Points.Sort((a, b) => a.Report.CompareTo(b.Report));
            for (int k = Points.Count - 2; k >= 0; k--)
            {
                if (Points[k].Wins && !Points[k + 1].Wins)
                {
                    Bisect(Points[k].Report, Points[k + 1].Report);
                    break;
                }
            }
        }

        Points.Sort((a, b) => a.Report.CompareTo(b.Report));
    }

    /// <summary>The reports looked at, ascending, and what became of them.</summary>
    public List<(double Report, bool Wins, double Payment)> Points { get; } = [];

    private (double Report, bool Wins, double Payment) Look(double report)
    {
        bool[] wins = new bool[_market.Count];
        double[] payments = new double[_market.Count];
        _mechanism.Run(_market.WithCost(_agent, report), wins, payments);
        Points.Add((report, wins[_agent], payments[_agent]));
        return Points[^1];
    }

    private void Bisect(double low, double high)
    {
        for (int k = 0; k < Halvings && high - low > 1e-12 * _mechanism.Limit; k++)
        {
            double middle = low + ((high - low) / 2);
            bool[] wins = new bool[_market.Count];
            double[] payments = new double[_market.Count];
            _mechanism.Run(_market.WithCost(_agent, middle), wins, payments);
            (low, high) = wins[_agent] ? (middle, high) : (low, middle);
        }

        double margin = 1e-7 * _mechanism.Limit;
        Look(Math.Max(0, low - margin));
        Look(high + margin);
    }
}
