using System.Globalization;
using QosValuation.Allocation.Fairness;
using QosValuation.Reporting.Figures;
using QosValuation.Reporting.Page;

namespace QosValuation.Allocation.Schemes;

/// <summary>Grants in a report: bars of tokens, and the Lorenz curves of the reward rates, one for each scheme and run.</summary>
internal sealed class TokenGrantSection() : ResultSection<TokenGrant>(
    1100, nameof(TokenGrant.Agent), nameof(TokenGrant.Value), nameof(TokenGrant.Tokens), nameof(TokenGrant.RewardRate))
{
    private const int MostBars = 40;

    private const string ByScheme = nameof(TokenGrant.Scheme);
    private const string ByAgent = nameof(TokenGrant.Agent);

    /// <inheritdoc/>
    public override ReportSection Build(IReadOnlyList<ReportRecord> records, ReportContext context)
    {
        bool oneScheme = records.All(record => record.Text(ByScheme) == records[0].Text(ByScheme));
        string otherwise = oneScheme && records[0].Text(ByScheme).Length > 0 ? records[0].Text(ByScheme) : "Grants";
        IGrouping<string, ReportRecord>[] series = [.. records.GroupBy(SectionParts.Naming(records, [ByScheme], otherwise, ByAgent))];
        return SectionParts.Section(
            "Token grants",
            "Each agent's tokens u and its reward rate r = u/v, the tokens a unit of its data's value earns. The closer the Lorenz curve lies to the "
                + "diagonal, the more alike all are rewarded; the area between the two is half the Gini coefficient.",
            records,
            [
                series.Length == 1 ? Tokens(records) : Rates(series),
                FairnessFigures.Lorenz(series.Select(group =>
                    new FigureSeries(group.Key, SectionParts.Lorenz(group.Select(record => record.Number("RewardRate")))))),
            ]);
    }

    /// <inheritdoc/>
    public override IEnumerable<SummarySentence> Summarise(IReadOnlyList<ReportRecord> records, PrivacyTerms terms)
    {
        IGrouping<string, ReportRecord> scheme = records.GroupBy(record => record.Text(ByScheme)).OrderByDescending(group => group.Key == "Proposed").First();
        IReadOnlyList<ReportRecord> run = Runs.First([.. scheme], out string name, ByScheme, ByAgent);
        double tokens = run.Sum(record => record.Number("Tokens"));
        double value = run.Sum(record => record.Number("Value"));
        string which = (scheme.Key.Length > 0 ? "The scheme " + scheme.Key : "The scheme") + name;
        string rate = ReportNumber.Format(tokens / value, 3);
        yield return new(
            SummaryHeading.AtStake,
            200,
            SectionParts.Say($"{which} grants {ReportNumber.Format(tokens, 3)} tokens to {run.Count} agents, {rate} for a unit of value."));
    }

    private static ReportFigure Tokens(IReadOnlyList<ReportRecord> records)
    {
        (string Agent, ReportRecord[] Rows)[] agents =
        [
            .. records.GroupBy(record => record.Text(ByAgent)).Select(group => (Agent: group.Key, Rows: group.ToArray()))
                .OrderByDescending(agent => agent.Rows.Max(record => record.Number("Value"))),
        ];
        return ReportFigure.Bars(
            "tokens",
            "Tokens by agent, the most valuable first",
            "Tokens",
            agents.Take(MostBars).Select(agent => (agent.Agent, agent.Rows[0].Number("Tokens"), double.NaN))) with
        {
            Note = agents.Length > MostBars
                ? string.Create(CultureInfo.InvariantCulture, $"The {MostBars} most valuable of {agents.Length} agents; the table has them all.")
                : string.Empty,
        };
    }

    // Many schemes: a line for each over the agents in the order of their value.
    private static ReportFigure Rates(IEnumerable<IGrouping<string, ReportRecord>> series) => new()
    {
        Name = "reward-rates",
        Title = "Reward rate by the value of the agent",
        Kind = FigureKind.Line,
        X = new FigureAxis("Value v of the agent's data"),
        Y = new FigureAxis("Reward rate u/v") { Zero = true },
        Series =
        [
            .. series.Select(group => new FigureSeries(
                group.Key,
                SectionParts.Thin(Array.ConvertAll(SectionParts.Points(group, "Value", "RewardRate"), point => new FigurePoint(point.X, point.Y)), 400))),
        ],
        Note = "A flat line rewards every unit of value alike.",
    };
}
