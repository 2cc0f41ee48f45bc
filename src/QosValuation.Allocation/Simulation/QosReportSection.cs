using QosValuation.Reporting.Figures;
using QosValuation.Reporting.Page;

namespace QosValuation.Allocation.Simulation;

/// <summary>What the agents get over time, in a report: a figure for each measure of service.</summary>
internal sealed class QosReportSection() : ResultSection<QosReport>(
    1800, nameof(QosReport.Scheme), nameof(QosReport.ServedRatio), nameof(QosReport.OutageRatio), nameof(QosReport.P95Wait), nameof(QosReport.Utilisation))
{
    private const string Wait = "Time, in the unit of EpochLength";

    private static readonly (string Property, string Title, string Quantity, string File)[] Metrics =
    [
        ("ServedRatio", "Part of the requests served", "Part of the requests", "served"),
        ("OutageRatio", "Part of the requests that found no tokens (outage)", "Part of the requests", "outage"),
        ("P95Wait", "Wait that 95 % of the served requests do not exceed", Wait, "wait"),
        ("Utilisation", "Part of the tokens spent", "Part of the tokens", "utilisation"),
        ("Jain", "Jain's index of the reward rates", "Jain's index", "service-jain"),
        ("Gini", "Gini coefficient of the reward rates", "Gini coefficient", "service-gini"),
    ];

    /// <inheritdoc/>
    public override ReportSection Build(IReadOnlyList<ReportRecord> records, ReportContext context)
    {
        ReportRecord[] population = [.. records.Where(record => record.Text("Agent").Length == 0)];
        ReportRecord[] shown = population.Length > 0 ? population : [.. records.Take(40)];
        Func<ReportRecord, string> name = SectionParts.Naming(shown, ["Scheme", "Strategy", "Agents", "Agent"], shown[0].Text("Scheme"));
        return SectionParts.Section(
            "Quality of service over time",
            "Agents send requests that spend tokens, and their buckets are refilled by each scheme. High served ratios, few outages and short waits are good "
                + "service; Jain's index near 1 means that it is shared in proportion to value. " + SectionParts.ErrorNote,
            records,
            Metrics.Select(metric => ReportFigure.Bars(
                metric.File,
                metric.Title,
                metric.Quantity,
                shown.Select(record => (name(record), record.Number(metric.Property), record.Number(metric.Property + "StandardError"))),
                lowest: 0,
                highest: metric.Quantity == Wait ? double.PositiveInfinity : 1)));
    }
}
