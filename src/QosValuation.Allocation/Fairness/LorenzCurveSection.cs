using System.Globalization;
using QosValuation.Reporting.Figures;
using QosValuation.Reporting.Page;

namespace QosValuation.Allocation.Fairness;

/// <summary>Lorenz curves on their own in a report.</summary>
internal sealed class LorenzCurveSection() : ResultSection<LorenzCurve>(1400, nameof(LorenzCurve.Population), nameof(LorenzCurve.Share))
{
    /// <inheritdoc/>
    public override ReportSection Build(IReadOnlyList<ReportRecord> records, ReportContext context)
    {
        Func<ReportRecord, string> run = Runs.Names(records);
        FigureSeries[] curves =
        [
            .. records.Select((record, i) => new FigureSeries(
                Runs.Join("Curve " + (i + 1).ToString(CultureInfo.InvariantCulture), run(record)),
                FairnessFigures.Points(record))),
        ];
        ReportTable table = new(
            ["Curve", "Population", "Share"],
            [.. curves.SelectMany(curve => curve.Points.Select(point => new object?[] { curve.Name, point.X, point.Y }))]);
        return SectionParts.Section(
            "Lorenz curve",
            "The part of all reward that the least rewarded part of the agents has. Perfect equality is the diagonal; the deeper the "
                + "curve sags, the less equal.",
            records,
            [FairnessFigures.Lorenz(curves)]) with
        { Table = table };
    }
}
