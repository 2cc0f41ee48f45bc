using QosValuation.Reporting.Figures;
using QosValuation.Reporting.Page;

namespace QosValuation.Markets.Auctions;

/// <summary>Auctions in a report: what each bought, and whether it stayed within its budget.</summary>
internal sealed class AuctionReportSection() : ResultSection<AuctionReport>(
    1440, nameof(AuctionReport.Mechanism), nameof(AuctionReport.TotalPayment), nameof(AuctionReport.Overrun), nameof(AuctionReport.IsTruthful))
{
    /// <inheritdoc/>
    public override ReportSection Build(IReadOnlyList<ReportRecord> records, ReportContext context)
    {
        string[] keys = [nameof(AuctionReport.Mechanism), nameof(AuctionReport.Budget), nameof(AuctionReport.Pool)];
        Func<ReportRecord, string> name = SectionParts.Naming(records, keys, records[0].Text(nameof(AuctionReport.Mechanism)));
        ReportRecord[] shown = [.. records.Take(40)];
        ReportFigure Bars(string file, string title, string quantity, Func<ReportRecord, double> value) =>
            ReportFigure.Bars(file, title, quantity, shown.Select(record => (name(record), value(record), double.NaN)));
        return SectionParts.Section(
            "Auctions",
            "What each auction bought and paid. Above 1 the payments exceed the budget (and the pool, where there is one). Truthful means that nobody gains by "
                + "asking another price than its own cost.",
            records,
            [
                Bars("auction-value", "Value of the bought data", "Value V(S)", record => record.Number(nameof(AuctionReport.Value))),
                Bars(
                    "auction-payment",
                    "Payments as a part of the budget",
                    "Payments over budget and pool",
                    record => record.Number(nameof(AuctionReport.TotalPayment))
                        / (record.Number(nameof(AuctionReport.Budget)) + Math.Max(0, record.Number(nameof(AuctionReport.Pool))))),
            ]);
    }
}
