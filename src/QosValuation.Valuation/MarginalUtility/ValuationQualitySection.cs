using QosValuation.Reporting.Figures;
using QosValuation.Reporting.Page;

namespace QosValuation.Valuation.MarginalUtility;

/// <summary>The quality of values in a report: how soon wrong labels are found, and the removal curves, a line a method.</summary>
internal sealed class ValuationQualitySection() : ResultSection<ValuationQuality>(
    1040, nameof(ValuationQuality.Experiment), nameof(ValuationQuality.Fraction), nameof(ValuationQuality.Score), nameof(ValuationQuality.TwoMeansF1))
{
    private const string ByMethod = nameof(ValuationQuality.Method);
    private const string ByExperiment = nameof(ValuationQuality.Experiment);
    private const string ByFraction = nameof(ValuationQuality.Fraction);
    private const string Inspected = "Part of the items inspected, lowest values first";
    private const string Removed = "Part of the items removed";
    private const string Accuracy = "Test accuracy";

    /// <inheritdoc/>
    public override ReportSection Build(IReadOnlyList<ReportRecord> records, ReportContext context)
    {
        Func<ReportRecord, string> name = SectionParts.Naming(records, [ByMethod], records[0].Text(ByMethod), ByExperiment, ByFraction);
        ReportFigure Figure(ValuationExperiment experiment, string metric, string title, string x, string y, string file) => new()
        {
            Name = file,
            Title = title,
            Kind = FigureKind.Line,
            X = new FigureAxis(x) { Min = 0, Max = 1 },
            Y = new FigureAxis(y) { Min = 0, Max = 1 },
            Series =
            [
                .. records.Where(record => record.Text(ByExperiment) == experiment.ToString() && double.IsFinite(record.Number(metric)))
                    .GroupBy(name)
                    .Select(group => new FigureSeries(group.Key, [.. group.OrderBy(Fraction).GroupBy(Fraction).Select(point => Point(point, metric))])),
            ],
            Note = "Random is the baseline. " + SectionParts.ErrorNote,
        };
        return SectionParts.Section(
            "Quality of values",
            "Good values put wrong labels last, so that the curve of what is found rises far above the diagonal. Removing the most valuable items first "
                + "should spoil the learner at once, removing the least valuable ones should not: compare with random removal.",
            records,
            [
                Figure(
                    ValuationExperiment.NoisyLabelDetection,
                    "Score",
                    "Wrong labels found",
                    Inspected,
                    "Part of the wrong labels found",
                    "noisy-labels"),
                Figure(ValuationExperiment.NoisyLabelDetection, "F1", "F1 of the inspected items", Inspected, "F1", "noisy-f1"),
                Figure(ValuationExperiment.RemoveHighFirst, "Score", "Removing the most valuable first", Removed, Accuracy, "remove-high"),
                Figure(ValuationExperiment.RemoveLowFirst, "Score", "Removing the least valuable first", Removed, Accuracy, "remove-low"),
            ]);
    }

    private static double Fraction(ReportRecord record) => record.Number(ByFraction);

    private static FigurePoint Point(IGrouping<double, ReportRecord> rows, string metric)
    {
        if (metric == "Score" && rows.Count() == 1)
        {
            ReportRecord row = rows.First();
            double error = row.Number("StandardError");
            return FigurePoint.WithError(rows.Key, row.Number(metric), error > 0 ? error : double.NaN).Within(0, 1);
        }

        return FigurePoint.WithError(rows.Key, rows.Average(row => row.Number(metric)), double.NaN);
    }
}
