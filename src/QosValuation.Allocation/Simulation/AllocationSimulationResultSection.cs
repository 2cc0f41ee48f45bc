using QosValuation.Allocation.Fairness;
using QosValuation.Reporting.Figures;
using QosValuation.Reporting.Page;

namespace QosValuation.Allocation.Simulation;

/// <summary>Figures 4 and 5 of the paper in a report: fairness over the heterogeneity, and over the number of agents.</summary>
internal sealed class AllocationSimulationResultSection() : ResultSection<AllocationSimulationResult>(
    1500,
    nameof(AllocationSimulationResult.Scheme),
    nameof(AllocationSimulationResult.Agents),
    nameof(AllocationSimulationResult.Alpha),
    nameof(AllocationSimulationResult.Jain),
    nameof(AllocationSimulationResult.Gini))
{
    private static readonly string[] Identity = ["Scheme", "Agents", "Alpha"];

    /// <inheritdoc/>
    public override ReportSection Build(IReadOnlyList<ReportRecord> records, ReportContext context)
    {
        Func<ReportRecord, string> run = Runs.Names(records, Identity);
        var figures = new List<ReportFigure>();
        foreach (IGrouping<double, ReportRecord> group in Sweeps(records, "Agents", "Alpha"))
        {
            figures.AddRange(Sweep([.. group], run, "Alpha", "α, the evenness of the contributions", "alpha", "N = " + ReportNumber.Format(group.Key)));
        }

        foreach (IGrouping<double, ReportRecord> group in Sweeps(records, "Alpha", "Agents"))
        {
            figures.AddRange(Sweep([.. group], run, "Agents", "N, the number of agents", "agents", "α = " + ReportNumber.Format(group.Key)));
        }

        if (figures.Count == 0)
        {
            Func<ReportRecord, string> name = SectionParts.Naming(records, Identity, "All");
            figures.Add(FairnessFigures.Indices("simulation", [.. records.Select(record => (name(record), record))]));
        }

        return SectionParts.Section(
            "Fairness in simulation (Figs. 4 and 5)",
            "The mean over many rounds of Jain's index (1 is fair) and of the Gini coefficient (0 is fair) of the reward rates, for each scheme. "
                + "Small α means very uneven contributions. " + AllocationClaim.Of(records, run),
            records,
            figures);
    }

    // The groups in which one quantity is varied while the other stands still.
    private static IEnumerable<IGrouping<double, ReportRecord>> Sweeps(IReadOnlyList<ReportRecord> records, string still, string varied) =>
        records.GroupBy(record => record.Number(still))
            .Where(group => group.Select(record => record.Number(varied)).Distinct().Skip(2).Any())
            .OrderBy(group => group.Key);

    private static IEnumerable<ReportFigure> Sweep(
        IReadOnlyList<ReportRecord> records, Func<ReportRecord, string> run, string x, string axis, string file, string at)
    {
        FigureScale scale = SectionParts.ScaleOf(records.Select(record => record.Number(x)));
        bool quantiles = records.All(record => double.IsFinite(record.Number("JainQ05")) && double.IsFinite(record.Number("JainQ95")));
        foreach ((string property, string title) in new[] { ("Jain", "Jain's index"), ("Gini", "Gini coefficient") })
        {
            double error = records.Select(record => record.Number(property + "StandardError")).Where(double.IsFinite).DefaultIfEmpty(double.NaN).Max();
            FigurePoint Point(ReportRecord record) => quantiles
                ? new(record.Number(x), record.Number(property), record.Number(property + "Q05"), record.Number(property + "Q95"))
                : FigurePoint.WithError(record.Number(x), record.Number(property), record.Number(property + "StandardError"));
            yield return new ReportFigure
            {
                Name = property.ToLowerInvariant() + "-over-" + file,
                Title = title + " against " + axis.Split(',')[0] + " at " + at,
                Kind = FigureKind.Line,
                X = new FigureAxis(axis, scale),
                Y = new FigureAxis(title),
                Series =
                [
                    // Of one point measured twice, as in the two figures, the row of more rounds counts.
                    .. records.GroupBy(record => Runs.Join(record.Text("Scheme"), run(record))).Select(scheme => new FigureSeries(
                        scheme.Key,
                        [
                            .. scheme.GroupBy(record => record.Number(x)).OrderBy(point => point.Key)
                                .Select(point => Point(point.MaxBy(record => record.Number("Rounds")) ?? point.First())),
                        ])),
                ],
                Note = quantiles
                    ? "Lines are means; bands hold the middle 90 % of the single rounds. "
                        + (double.IsFinite(error) ? "The standard errors of the means are at most " + ReportNumber.Format(error, 2) + "." : string.Empty)
                    : SectionParts.ErrorNote,
            };
        }
    }
}
