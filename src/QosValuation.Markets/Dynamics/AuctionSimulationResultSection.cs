using QosValuation.Reporting.Figures;
using QosValuation.Reporting.Page;

namespace QosValuation.Markets.Dynamics;

/// <summary>Repeated auctions in a report: what a learner gains over the truth, round by round and mechanism by mechanism.</summary>
internal sealed class AuctionSimulationResultSection() : ResultSection<AuctionSimulationResult>(
    1495,
    nameof(AuctionSimulationResult.Mechanism),
    nameof(AuctionSimulationResult.Round),
    nameof(AuctionSimulationResult.TotalGain),
    nameof(AuctionSimulationResult.TwinGain))
{
    /// <inheritdoc/>
    public override ReportSection Build(IReadOnlyList<ReportRecord> records, ReportContext context)
    {
        string[] keys = [nameof(AuctionSimulationResult.Mechanism), nameof(AuctionSimulationResult.Liquidity)];
        Func<ReportRecord, string> mechanism = SectionParts.Naming(
            records,
            keys,
            records[0].Text(nameof(AuctionSimulationResult.Mechanism)),
            nameof(AuctionSimulationResult.Corrected),
            nameof(AuctionSimulationResult.Round));
        string Name(ReportRecord record) => Runs.Join(mechanism(record), Form(record));
        IGrouping<string, ReportRecord>[] runs = [.. records.GroupBy(Name)];
        ReportFigure Lines(string file, string title, string property) => new()
        {
            Name = file,
            Title = title,
            Kind = FigureKind.Line,
            X = new FigureAxis("Round"),
            Y = new FigureAxis("Gain, in units of the budget") { Zero = true },
            Series =
            [
                .. runs.Select(run => new FigureSeries(
                    run.Key, SectionParts.Thin(SectionParts.Points(run, nameof(AuctionSimulationResult.Round), property), 200))),
            ],
            Note = SectionParts.ErrorNote,
        };
        ReportRecord[] last = [.. runs.Select(run => run.MaxBy(record => record.Number(nameof(AuctionSimulationResult.Round)))!)];
        return SectionParts.Section(
            "What a bidder gains that learns",
            "The same providers sell in every round; one of them learns by multiplicative weights which multiple of its cost to report. The first "
                + "figure compares its reports with the truth in the same state of the market: where the mechanism is truthful the line cannot rise. The "
                + "second compares it with a twin that told the truth from the start, so that a report also moves later rounds. The table shows the last "
                + "round of each run.",
            last,
            [
                Lines("learner-gain", "Gain over the truth within rounds, summed over rounds", nameof(AuctionSimulationResult.TotalGain)),
                Lines("learner-twin-gain", "Gain over a twin that tells the truth, over all rounds so far", nameof(AuctionSimulationResult.TwinGain)),
            ]);
    }

    // Of a mixed auction, which of the two it is.
    private static string Form(ReportRecord record) =>
        double.IsNaN(record.Number(nameof(AuctionSimulationResult.Liquidity))) ? string.Empty
            : record.Text(nameof(AuctionSimulationResult.Corrected)) == bool.TrueString ? "corrected"
            : "as published";
}
