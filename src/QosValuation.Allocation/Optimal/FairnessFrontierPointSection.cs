using QosValuation.Reporting.Figures;
using QosValuation.Reporting.Page;

namespace QosValuation.Allocation.Optimal;

/// <summary>The trade between welfare and fairness in a report.</summary>
internal sealed class FairnessFrontierPointSection() : ResultSection<FairnessFrontierPoint>(
    1300,
    nameof(FairnessFrontierPoint.Kind),
    nameof(FairnessFrontierPoint.Bound),
    nameof(FairnessFrontierPoint.SocialWelfare),
    nameof(FairnessFrontierPoint.PriceOfFairness))
{
    /// <inheritdoc/>
    public override ReportSection Build(IReadOnlyList<ReportRecord> records, ReportContext context) => SectionParts.Section(
        "What fairness costs",
        "Each point is an allocation: how fair it is, and which part of the highest possible welfare it gives up. Points further to the fair side at the same "
            + "price are better; a scheme above the frontier's line pays more than it must.",
        records,
        [Frontier(records, "Jain", "Jain's index (1 is fair)", "JainFloor"), Frontier(records, "Gini", "Gini coefficient (0 is fair)", "GiniCeiling")]);

    private static ReportFigure Frontier(IReadOnlyList<ReportRecord> records, string property, string axis, string bound)
    {
        Func<ReportRecord, string> run = Runs.Names(records, "Kind", "Scheme", "Bound");
        FigurePoint Point(ReportRecord record) => new(record.Number(property), record.Number("PriceOfFairness"));
        FigureSeries[] lines =
        [
            .. records.Where(record => record.Text("Kind") == bound || record.Text("Kind") == "Unbounded")
                .GroupBy(run)
                .Select(group => new FigureSeries(
                    Runs.Join("Frontier", group.Key),
                    [.. group.Select(Point).Where(point => double.IsFinite(point.X) && double.IsFinite(point.Y)).OrderBy(point => point.X)])),
        ];
        IEnumerable<FigureSeries> schemes = records.Where(record => record.Text("Kind") == "Scheme" && double.IsFinite(record.Number("PriceOfFairness")))
            .Select(record => new FigureSeries(Runs.Join(record.Text("Scheme"), run(record)), [Point(record)]));
        return new ReportFigure
        {
            Name = "frontier-" + property.ToLowerInvariant(),
            Title = "The price of fairness by " + (property == "Jain" ? "Jain's index" : "the Gini coefficient"),
            Kind = FigureKind.Line,
            X = new FigureAxis(axis),
            Y = new FigureAxis("Part of the welfare given up") { Zero = true },
            Series = [.. lines.Length == 0 ? [new FigureSeries("Frontier", [])] : lines, .. schemes],
            Note = "Schemes that come to the same allocation lie on one another: hide one in the legend to see the next.",
        };
    }
}
