using System.Globalization;
using QosValuation.Reporting.Figures;
using QosValuation.Reporting.Page;

namespace QosValuation.Markets.Ledger;

/// <summary>Ledger records in a report: what each account has been credited with.</summary>
internal sealed class DatRecordSection() : ResultSection<DatRecord>(
    1600, nameof(DatRecord.Sequence), nameof(DatRecord.Address), nameof(DatRecord.Value), nameof(DatRecord.Pointer), nameof(DatRecord.Hash))
{
    private const int MostBars = 40;

    /// <inheritdoc/>
    public override ReportSection Build(IReadOnlyList<ReportRecord> records, ReportContext context)
    {
        Func<ReportRecord, string> run = Runs.Names(records, nameof(DatRecord.Sequence), nameof(DatRecord.Address));
        (string Address, double Total)[] totals =
        [
            .. records.GroupBy(record => Runs.Join(record.Text("Address"), run(record)), StringComparer.Ordinal)
                .Select(group => (Address: group.Key, Total: group.Sum(record => record.Number("Value"))))
                .OrderByDescending(total => total.Total),
        ];
        return SectionParts.Section(
            "Ledger records",
            "Each record ties a data value to the account that earned it, and holds the hash of the record before: a change anywhere breaks the chain, "
                + "which Test-DatLedger shows.",
            records,
            [
                ReportFigure.Bars(
                    "ledger-totals",
                    "Value recorded for each account",
                    "Sum of the data values",
                    totals.Take(MostBars).Select(total => (total.Address, total.Total, double.NaN))) with
                {
                    Note = totals.Length > MostBars
                        ? string.Create(CultureInfo.InvariantCulture, $"The {MostBars} largest of {totals.Length} accounts.")
                        : string.Empty,
                },
            ]);
    }
}
