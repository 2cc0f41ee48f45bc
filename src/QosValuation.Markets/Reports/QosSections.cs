using System.Globalization;
using QosValuation.Reporting.Figures;
using QosValuation.Reporting.Page;

namespace QosValuation.Markets.Reports;

/// <summary>Sections on quality of service over time.</summary>
internal static class QosSections
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

    /// <summary>What the agents get: a figure a measure.</summary>
    /// <param name="records">The rows.</param>
    public static IEnumerable<ReportSection> Service(IReadOnlyList<ReportRecord> records)
    {
        ReportRecord[] population = [.. records.Where(record => record.Text("Agent").Length == 0)];
        ReportRecord[] shown = population.Length > 0 ? population : [.. records.Take(40)];
        Func<ReportRecord, string> name = SectionParts.Naming(shown, ["Scheme", "Strategy", "Agents", "Agent"], shown[0].Text("Scheme"));
        yield return SectionParts.Section(
            "Quality of service over time",
            "Agents send requests that spend tokens, and their buckets are refilled by each scheme. High served ratios, few outages and short waits are good service; Jain's index near 1 means that it is shared in proportion to value. " + SectionParts.ErrorNote,
            records,
            Metrics.Select(metric => ReportFigure.Bars(
                metric.File,
                metric.Title,
                metric.Quantity,
                shown.Select(record => (name(record), record.Number(metric.Property), record.Number(metric.Property + "StandardError"))),
                lowest: 0,
                highest: metric.Quantity == Wait ? double.PositiveInfinity : 1)));
    }

    /// <summary>What hoarding, flooding or posing as several agents gains.</summary>
    /// <param name="records">The rows.</param>
    public static IEnumerable<ReportSection> Strategies(IReadOnlyList<ReportRecord> records)
    {
        ReportRecord[] shown = [.. records.Take(40)];
        Func<ReportRecord, string> name = SectionParts.Naming(shown, ["Scheme", "Strategy", "Identities", "Agent"], shown[0].Text("Scheme") + " · " + shown[0].Text("Strategy"));
        ReportFigure Gain(string property, string title, string file) =>
            ReportFigure.Bars(file, title, title, shown.Select(record => (name(record), record.Number(property), record.Number(property + "StandardError"))));
        yield return SectionParts.Section(
            "What dishonest play gains",
            string.Create(CultureInfo.InvariantCulture, $"The relative change against honest play: 0 gains nothing, 0.1 is ten percent more. A scheme resists a strategy where its gain is not above 0. {SectionParts.ErrorNote}"),
            records,
            [Gain("ServedGain", "Gain in service of the deviating agent", "strategy-gain"), Gain("OthersServedGain", "Change of the others' service", "strategy-others")]);
    }
}
