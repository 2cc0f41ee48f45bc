using QosValuation.Reporting.Figures;
using QosValuation.Reporting.Page;

namespace QosValuation.Allocation.Simulation;

/// <summary>What hoarding, flooding or posing as several agents gains, in a report.</summary>
internal sealed class StrategyGainSection() : ResultSection<StrategyGain>(
    1900, nameof(StrategyGain.Scheme), nameof(StrategyGain.Strategy), nameof(StrategyGain.ServedGain), nameof(StrategyGain.GrantedGain))
{
    /// <inheritdoc/>
    public override ReportSection Build(IReadOnlyList<ReportRecord> records, ReportContext context)
    {
        ReportRecord[] shown = [.. records.Take(40)];
        Func<ReportRecord, string> name = SectionParts.Naming(
            shown, ["Scheme", "Strategy", "Identities", "Agent"], shown[0].Text("Scheme") + " · " + shown[0].Text("Strategy"));
        ReportFigure Gain(string property, string title, string file) => ReportFigure.Bars(
            file, title, title, shown.Select(record => (name(record), record.Number(property), record.Number(property + "StandardError"))));
        return SectionParts.Section(
            "What dishonest play gains",
            "The relative change against honest play: 0 gains nothing, 0.1 is ten percent more. A scheme resists a strategy where its gain is not above 0. "
                + SectionParts.ErrorNote,
            records,
            [
                Gain("ServedGain", "Gain in service of the deviating agent", "strategy-gain"),
                Gain("OthersServedGain", "Change of the others' service", "strategy-others"),
            ]);
    }
}
