using System.Globalization;
using QosValuation.Onnx.Model;
using QosValuation.Reporting.Figures;
using QosValuation.Reporting.Page;

namespace QosValuation.Markets.Reports;

/// <summary>Sections on who receives how many tokens, and how fair that is.</summary>
internal static class AllocationSections
{
    private const int MostBars = 40;

    private static readonly FigureAxis LorenzPopulation = new("Part of the agents, the least rewarded first") { Min = 0, Max = 1 };
    private static readonly FigureAxis LorenzShare = new("Part of all reward") { Min = 0, Max = 1 };
    private static readonly FigureSeries Equality = new("Perfect equality", [new(0, 0), new(1, 1)]) { IsReference = true };

    /// <summary>Grants: bars of tokens, and the Lorenz curve of the reward rates, a curve a scheme.</summary>
    /// <param name="records">The rows.</param>
    public static IEnumerable<ReportSection> Grants(IReadOnlyList<ReportRecord> records)
    {
        IGrouping<string, ReportRecord>[] schemes = [.. records.GroupBy(record => record.Text("Scheme"))];
        var figures = new List<ReportFigure>();
        string[] agents = [.. records.GroupBy(record => record.Text("Agent")).OrderByDescending(group => group.Max(record => record.Number("Value"))).Select(group => group.Key)];
        string[] shown = [.. agents.Take(MostBars)];
        if (schemes.Length == 1)
        {
            Dictionary<string, ReportRecord> of = schemes[0].GroupBy(record => record.Text("Agent")).ToDictionary(group => group.Key, group => group.First());
            figures.Add(ReportFigure.Bars("tokens", "Tokens by agent, the most valuable first", "Tokens", shown.Select(agent => (agent, of[agent].Number("Tokens"), double.NaN))) with
            {
                Note = shown.Length < agents.Length ? string.Create(CultureInfo.InvariantCulture, $"The {shown.Length} most valuable of {agents.Length} agents; the table has them all.") : string.Empty,
            });
        }
        else
        {
            // The reward rates of many schemes: a line each over the agents in the order of their value.
            figures.Add(new ReportFigure
            {
                Name = "reward-rates",
                Title = "Reward rate by the value of the agent",
                Kind = FigureKind.Line,
                X = new FigureAxis("Value v of the agent's data"),
                Y = new FigureAxis("Reward rate u/v") { Zero = true },
                Series = [.. schemes.Select(scheme => new FigureSeries(Named(scheme.Key), SectionParts.Thin(SectionParts.Points(scheme, "Value", "RewardRate") is { } points ? Array.ConvertAll(points, point => new FigurePoint(point.X, point.Y)) : [], 400)))],
                Note = "A flat line rewards every unit of value alike.",
            });
        }

        figures.Add(new ReportFigure
        {
            Name = "lorenz",
            Title = "Lorenz curve of the reward rates",
            Kind = FigureKind.Line,
            X = LorenzPopulation,
            Y = LorenzShare,
            Series = [.. schemes.Select(scheme => new FigureSeries(Named(scheme.Key), SectionParts.Lorenz(scheme.Select(record => record.Number("RewardRate"))))), Equality],
        });
        yield return SectionParts.Section(
            "Token grants",
            "Each agent's tokens u and its reward rate r = u/v, the tokens a unit of its data's value earns. The closer the Lorenz curve lies to the diagonal, the more alike all are rewarded; the area between the two is half the Gini coefficient.",
            records,
            figures);
    }

    /// <summary>Fairness figures: bars of Jain's index and the Gini coefficient, and Lorenz curves where they were asked for.</summary>
    /// <param name="records">The rows.</param>
    public static IEnumerable<ReportSection> Fairness(IReadOnlyList<ReportRecord> records)
    {
        (string Name, ReportRecord Record)[] named = [.. records.Select((record, i) => (record.Has("Scheme") && record.Text("Scheme").Length > 0 ? record.Text("Scheme") : records.Count == 1 ? "All agents" : "Result " + (i + 1).ToString(CultureInfo.InvariantCulture), record))];
        var figures = new List<ReportFigure>
        {
            Both("fairness", "Jain's index and Gini coefficient", named),
        };
        FigureSeries[] curves = [.. named.Where(item => item.Record["LorenzCurve"] is LorenzCurve).Select(item => new FigureSeries(item.Name, Curve((LorenzCurve)item.Record["LorenzCurve"]!)))];
        if (curves.Length > 0)
        {
            figures.Add(LorenzFigure(curves));
        }

        yield return SectionParts.Section(
            "Fairness",
            "Jain's index is 1 where every agent has the same reward rate and 1/n where one has all of it. The Gini coefficient is 0 in the first case and close to 1 in the second. Social welfare is Σ v·u.",
            records,
            figures,
            "LorenzCurve");
    }

    /// <summary>Lorenz curves on their own.</summary>
    /// <param name="records">The rows.</param>
    public static IEnumerable<ReportSection> Lorenz(IReadOnlyList<ReportRecord> records)
    {
        FigureSeries[] curves =
        [
            .. records.Select((record, i) => new FigureSeries(
                "Curve " + (i + 1).ToString(CultureInfo.InvariantCulture),
                SectionParts.Thin([.. record.Numbers("Population").Zip(record.Numbers("Share"), (x, y) => new FigurePoint(x, y))], 400))),
        ];
        ReportTable table = new(
            ["Curve", "Population", "Share"],
            [.. curves.SelectMany(curve => curve.Points.Select(point => new object?[] { curve.Name, point.X, point.Y }))]);
        yield return SectionParts.Section(
            "Lorenz curve",
            "The part of all reward that the least rewarded part of the agents has. Perfect equality is the diagonal; the deeper the curve sags, the less equal.",
            records,
            [LorenzFigure(curves)]) with
        { Table = table };
    }

    /// <summary>The trade between welfare and fairness.</summary>
    /// <param name="records">The rows.</param>
    public static IEnumerable<ReportSection> Frontier(IReadOnlyList<ReportRecord> records)
    {
        yield return SectionParts.Section(
            "What fairness costs",
            "Each point is an allocation: how fair it is, and which part of the highest possible welfare it gives up. Points further to the fair side at the same price are better; a scheme above the frontier's line pays more than it must.",
            records,
            [Frontier(records, "Jain", "Jain's index (1 is fair)", "JainFloor"), Frontier(records, "Gini", "Gini coefficient (0 is fair)", "GiniCeiling")]);
    }

    /// <summary>Figures 4 and 5 of the paper: fairness over the heterogeneity, and over the number of agents.</summary>
    /// <param name="records">The rows.</param>
    public static IEnumerable<ReportSection> Simulation(IReadOnlyList<ReportRecord> records)
    {
        var figures = new List<ReportFigure>();
        foreach (IGrouping<double, ReportRecord> group in Sweeps(records, "Agents", "Alpha"))
        {
            figures.AddRange(Sweep([.. group], "Alpha", "α, the evenness of the contributions", "alpha", "N = " + ReportNumber.Format(group.Key)));
        }

        foreach (IGrouping<double, ReportRecord> group in Sweeps(records, "Alpha", "Agents"))
        {
            figures.AddRange(Sweep([.. group], "Agents", "N, the number of agents", "agents", "α = " + ReportNumber.Format(group.Key)));
        }

        if (figures.Count == 0)
        {
            Func<ReportRecord, string> name = SectionParts.Naming(records, ["Scheme", "Agents", "Alpha"], "All");
            figures.Add(Both("simulation", "Jain's index and Gini coefficient", [.. records.Select(record => (name(record), record))]));
        }

        string claim = Claim(records);
        yield return SectionParts.Section(
            "Fairness in simulation (Figs. 4 and 5)",
            "The mean over many rounds of Jain's index (1 is fair) and of the Gini coefficient (0 is fair) of the reward rates, for each scheme. Small α means very uneven contributions. " + claim,
            records,
            figures);
    }

    private static string Named(string scheme) => scheme.Length == 0 ? "Grants" : scheme;

    private static FigurePoint[] Curve(LorenzCurve curve) =>
        SectionParts.Thin([.. curve.Population.Zip(curve.Share, (x, y) => new FigurePoint(x, y))], 400);

    private static ReportFigure LorenzFigure(IReadOnlyList<FigureSeries> curves) => new()
    {
        Name = "lorenz",
        Title = "Lorenz curve of the reward rates",
        Kind = FigureKind.Line,
        X = LorenzPopulation,
        Y = LorenzShare,
        Series = [.. curves, Equality],
    };

    private static ReportFigure Both(string name, string title, IReadOnlyList<(string Name, ReportRecord Record)> rows) => new()
    {
        Name = name,
        Title = title,
        Kind = FigureKind.Bar,
        Horizontal = ReportFigure.LieDown(rows.Select(row => row.Name)),
        X = new FigureAxis(string.Empty, FigureScale.Category) { Categories = [.. rows.Select(row => row.Name)] },
        Y = new FigureAxis("Index, from 0 to 1") { Min = 0, Max = 1, Zero = true },
        Series = [Index(rows, "Jain", "Jain's index"), Index(rows, "Gini", "Gini coefficient")],
    };

    private static FigureSeries Index(IReadOnlyList<(string Name, ReportRecord Record)> rows, string property, string name) => new(
        name,
        [.. rows.Select((row, i) => FigurePoint.WithError(i, row.Record.Number(property), row.Record.Number(property + "StandardError"))).Where(point => double.IsFinite(point.Y))]);

    private static ReportFigure Frontier(IReadOnlyList<ReportRecord> records, string property, string axis, string bound)
    {
        FigurePoint[] line =
        [
            .. records.Where(record => record.Text("Kind") == bound || record.Text("Kind") == "Unbounded")
                .Select(record => new FigurePoint(record.Number(property), record.Number("PriceOfFairness")))
                .Where(point => double.IsFinite(point.X) && double.IsFinite(point.Y))
                .OrderBy(point => point.X),
        ];
        IEnumerable<FigureSeries> schemes = records.Where(record => record.Text("Kind") == "Scheme" && double.IsFinite(record.Number("PriceOfFairness")))
            .Select(record => new FigureSeries(record.Text("Scheme"), [new FigurePoint(record.Number(property), record.Number("PriceOfFairness"))]));
        return new ReportFigure
        {
            Name = "frontier-" + property.ToLowerInvariant(),
            Title = "The price of fairness by " + (property == "Jain" ? "Jain's index" : "the Gini coefficient"),
            Kind = FigureKind.Line,
            X = new FigureAxis(axis),
            Y = new FigureAxis("Part of the welfare given up") { Zero = true },
            Series = [new FigureSeries("Frontier", line), .. schemes],
            Note = "Schemes that come to the same allocation lie on one another: hide one in the legend to see the next.",
        };
    }

    // The groups in which one quantity is varied while the other stands still.
    private static IEnumerable<IGrouping<double, ReportRecord>> Sweeps(IReadOnlyList<ReportRecord> records, string still, string varied) =>
        records.GroupBy(record => record.Number(still))
            .Where(group => group.Select(record => record.Number(varied)).Distinct().Skip(2).Any())
            .OrderBy(group => group.Key);

    private static IEnumerable<ReportFigure> Sweep(IReadOnlyList<ReportRecord> records, string x, string axis, string file, string at)
    {
        FigureScale scale = SectionParts.ScaleOf(records.Select(record => record.Number(x)));
        bool quantiles = records.All(record => double.IsFinite(record.Number("JainQ05")) && double.IsFinite(record.Number("JainQ95")));
        foreach ((string property, string title) in new[] { ("Jain", "Jain's index"), ("Gini", "Gini coefficient") })
        {
            double error = records.Select(record => record.Number(property + "StandardError")).Where(double.IsFinite).DefaultIfEmpty(double.NaN).Max();
            yield return new ReportFigure
            {
                Name = property.ToLowerInvariant() + "-over-" + file,
                Title = title + " against " + axis.Split(',')[0] + " at " + at,
                Kind = FigureKind.Line,
                X = new FigureAxis(axis, scale),
                Y = new FigureAxis(title),
                Series =
                [
                    .. records.GroupBy(record => record.Text("Scheme")).Select(scheme => new FigureSeries(scheme.Key, quantiles
                        ? [.. scheme.GroupBy(record => record.Number(x)).OrderBy(point => point.Key).Select(point => Spread(point.Key, point.MaxBy(record => record.Number("Rounds"))!, property))]
                        : [.. scheme.GroupBy(record => record.Number(x)).OrderBy(point => point.Key).Select(point => point.MaxBy(record => record.Number("Rounds")) ?? point.First())
                            .Select(record => FigurePoint.WithError(record.Number(x), record.Number(property), record.Number(property + "StandardError")))])),
                ],
                Note = quantiles
                    ? "Lines are means; bands hold the middle 90 % of the single rounds. " + (double.IsFinite(error) ? "The standard errors of the means are at most " + ReportNumber.Format(error, 2) + "." : string.Empty)
                    : SectionParts.ErrorNote,
            };
        }
    }

    private static FigurePoint Spread(double x, ReportRecord record, string property) =>
        new(x, record.Number(property), record.Number(property + "Q05"), record.Number(property + "Q95"));

    // The paper's claim, as measured by these rows.
    private static string Claim(IReadOnlyList<ReportRecord> records)
    {
        string[] paper = ["Proposed", "Random", "RoundRobin", "MaxMin"];
        var points = records.Where(record => paper.Contains(record.Text("Scheme"))).GroupBy(record => (record.Number("Agents"), record.Number("Alpha")))
            .Where(point => point.Any(record => record.Text("Scheme") == "Proposed") && point.Any(record => record.Text("Scheme") != "Proposed")).ToArray();
        if (points.Length == 0)
        {
            return string.Empty;
        }

        int holds = points.Count(point =>
        {
            ReportRecord proposed = point.First(record => record.Text("Scheme") == "Proposed");
            return point.Where(record => record.Text("Scheme") != "Proposed").All(other => other.Number("Jain") < proposed.Number("Jain") && other.Number("Gini") > proposed.Number("Gini"));
        });
        return string.Create(CultureInfo.InvariantCulture, $"As measured here, the paper's proposed scheme is the fairest of its four by both indices at {holds} of {points.Length} points.");
    }
}
