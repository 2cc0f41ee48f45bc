using QosValuation.Reporting.Page;

namespace QosValuation.Markets.Ledger;

/// <summary>Checks of ledgers and settlements in a report: a row for each fault.</summary>
internal sealed class DatLedgerReportSection() : ResultSection<DatLedgerReport>(
    1700, nameof(DatLedgerReport.IsValid), nameof(DatLedgerReport.Records), nameof(DatLedgerReport.HeadHash))
{
    /// <inheritdoc/>
    public override ReportSection Build(IReadOnlyList<ReportRecord> records, ReportContext context)
    {
        int whole = records.Count(record => record.Flag("IsValid"));
        string[] own = [nameof(DatLedgerReport.Path), nameof(DatLedgerReport.IsValid), nameof(DatLedgerReport.Records), nameof(DatLedgerReport.HeadHash)];
        string[] runs = [.. Runs.Keys(records, nameof(DatLedgerReport.Path))];
        return SectionParts.Section(
            "Checks of ledgers and settlements",
            SectionParts.Say($"{whole} of {records.Count} are whole. Every fault names the record concerned; a chain that was rewritten to its end shows only ")
                + "against a hash known from elsewhere, or a signed settlement.",
            records,
            []) with
        { Table = SectionParts.FaultTable(records, [.. own, .. runs], nameof(DatLedgerReport.Faults), nameof(DatLedgerFault.Message)) };
    }
}
