using System.Globalization;
using QosValuation.Reporting.Figures;
using QosValuation.Reporting.Page;

namespace QosValuation.Allocation.Fairness;

/// <summary>Fairness figures in a report: bars of Jain's index and the Gini coefficient, and Lorenz curves where they were asked for.</summary>
internal sealed class FairnessReportSection() : ResultSection<FairnessReport>(
    1200,
    nameof(FairnessReport.Jain),
    nameof(FairnessReport.Gini),
    nameof(FairnessReport.SocialWelfare),
    nameof(FairnessReport.Allocated),
    nameof(FairnessReport.MinRate))
{
    private const string Curve = nameof(FairnessReport.LorenzCurve);

    /// <inheritdoc/>
    public override ReportSection Build(IReadOnlyList<ReportRecord> records, ReportContext context)
    {
        Func<ReportRecord, string> run = Runs.Names(records, "Scheme");
        string[] names = [.. records.Select(record => Runs.Join(record.Text("Scheme"), run(record)))];
        bool distinct = names.Distinct(StringComparer.Ordinal).Count() == names.Length;
        (string Name, ReportRecord Record)[] named =
        [
            .. records.Select((record, i) => (Runs.Join(names[i], distinct && names[i].Length > 0 ? string.Empty : Numbered(i, records.Count)), record)),
        ];
        var figures = new List<ReportFigure> { FairnessFigures.Indices("fairness", named) };
        FigureSeries[] curves =
        [
            .. named.Where(item => item.Record.Inner(Curve) is not null)
                .Select(item => new FigureSeries(item.Name, FairnessFigures.Points(item.Record.Inner(Curve)!))),
        ];
        if (curves.Length > 0)
        {
            figures.Add(FairnessFigures.Lorenz(curves));
        }

        return SectionParts.Section(
            "Fairness",
            "Jain's index is 1 where every agent has the same reward rate and 1/n where one has all of it. The Gini coefficient is 0 in the first case and "
                + "close to 1 in the second. Social welfare is Σ v·u.",
            records,
            figures,
            Curve);
    }

    private static string Numbered(int index, int count) =>
        count == 1 ? "All agents" : "Result " + (index + 1).ToString(CultureInfo.InvariantCulture);
}
