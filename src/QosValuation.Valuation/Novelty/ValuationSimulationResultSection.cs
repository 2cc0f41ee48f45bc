using QosValuation.Reporting.Figures;
using QosValuation.Reporting.Page;

namespace QosValuation.Valuation.Novelty;

/// <summary>Figure 6 of the paper in a report: value over quantity, and what each Γ discovers.</summary>
internal sealed class ValuationSimulationResultSection() : ResultSection<ValuationSimulationResult>(
    900, nameof(ValuationSimulationResult.NoveltyThreshold), nameof(ValuationSimulationResult.Quantity), nameof(ValuationSimulationResult.Novel))
{
    private const string ByGamma = nameof(ValuationSimulationResult.NoveltyThreshold);
    private const string ByQuantity = nameof(ValuationSimulationResult.Quantity);

    /// <inheritdoc/>
    public override ReportSection Build(IReadOnlyList<ReportRecord> records, ReportContext context)
    {
        Func<ReportRecord, string> name = SectionParts.Naming(records, [ByGamma, "SimilarityThreshold"], "Γ = " + records[0].Text(ByGamma), ByQuantity);

        // What was found in the end, by Γ: the rows of the largest quantity.
        ReportRecord[] last =
        [
            .. records.GroupBy(name).SelectMany(group => group.Where(record => record.Number(ByQuantity) == group.Max(other => other.Number(ByQuantity)))),
        ];
        ReportFigure Over(string metric, string title, string axis, string file) => Figure(
            records,
            name,
            ByQuantity,
            metric,
            new FigureAxis("Records that have arrived"),
            new FigureAxis(axis) { Zero = true, Min = 0, Max = metric == "Coverage" ? 1 : null },
            title,
            file);
        ReportFigure AtEnd(string metric, string title, string axis, string file) => Figure(
            last,
            SectionParts.Naming(last, ["SimilarityThreshold"], title, ByGamma, ByQuantity),
            ByGamma,
            metric,
            new FigureAxis("Γ, the records that confirm a cluster"),
            new FigureAxis(axis) { Zero = true, Min = 0 },
            title,
            file);
        return SectionParts.Section(
            "Data value against quantity (Fig. 6)",
            "How the value of a contribution grows as records arrive, for several Γ: the first Γ records of a cluster count as novel, later ones half. A "
                + "cluster is confirmed at Γ records; before the first one is, nothing can be released with noise. A large Γ pays more for quantity and waits "
                    + "longer.",
            records,
            [
                Over("Value", "Data value against quantity", "Value f(d)", "value-over-quantity"),
                Over("Coverage", "Records in confirmed clusters", "Part of the records", "coverage-over-quantity"),
                AtEnd("Novel", "Novel records", "Records", "novel-over-gamma"),
                AtEnd("Confirmed", "Confirmed clusters", "Clusters", "confirmed-over-gamma"),
                AtEnd("ConfirmationDelay", "Records until a cluster is confirmed", "Records", "delay-over-gamma"),
                AtEnd("FirstConfirmation", "Records until noise can first be applied", "Records", "first-over-gamma"),
            ]);
    }

    private static ReportFigure Figure(
        IEnumerable<ReportRecord> rows,
        Func<ReportRecord, string> name,
        string x,
        string metric,
        FigureAxis horizontal,
        FigureAxis vertical,
        string title,
        string file) => new()
    {
        Name = file,
        Title = title,
        Kind = FigureKind.Line,
        X = horizontal,
        Y = vertical,
        Series =
        [
            .. rows.Where(record => double.IsFinite(record.Number(metric))).GroupBy(name)
                .Select(group => new FigureSeries(
                    group.Key,
                    [.. group.GroupBy(record => record.Number(x)).OrderBy(point => point.Key).Select(point => Point(point.Key, point, metric))]))
                .Where(series => series.Points.Count > 1),
        ],
        Note = SectionParts.ErrorNote,
    };

    // The tables of Figs. 6a and 6b share some numbers, not all with their standard errors.
    private static FigurePoint Point(double x, IEnumerable<ReportRecord> rows, string metric)
    {
        ReportRecord row = rows.OrderByDescending(candidate => double.IsFinite(candidate.Number(metric + "StandardError"))).First();
        return FigurePoint.WithError(x, row.Number(metric), row.Number(metric + "StandardError"));
    }
}
