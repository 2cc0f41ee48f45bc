using System.Globalization;
using QosValuation.Onnx.Model;
using QosValuation.Reporting.Figures;
using QosValuation.Reporting.Page;

namespace QosValuation.Markets.Reports;

/// <summary>Sections on the ledger and on what its checks found.</summary>
internal static class LedgerSections
{
    private const int MostBars = 40;

    /// <summary>Records: what each account has been credited with.</summary>
    /// <param name="records">The rows.</param>
    public static IEnumerable<ReportSection> Records(IReadOnlyList<ReportRecord> records)
    {
        (string Address, double Total)[] totals = [.. records.GroupBy(record => record.Text("Address"), StringComparer.Ordinal).Select(group => (group.Key, group.Sum(record => record.Number("Value")))).OrderByDescending(total => total.Item2)];
        yield return SectionParts.Section(
            "Ledger records",
            "Each record ties a data value to the account that earned it, and holds the hash of the record before: a change anywhere breaks the chain, which Test-DatLedger shows.",
            records,
            [
                ReportFigure.Bars("ledger-totals", "Value recorded for each account", "Sum of the data values", totals.Take(MostBars).Select(total => (total.Address, total.Total, double.NaN))) with
                {
                    Note = totals.Length > MostBars ? string.Create(CultureInfo.InvariantCulture, $"The {MostBars} largest of {totals.Length} accounts.") : string.Empty,
                },
            ]);
    }

    /// <summary>Checks: the faults of each ledger or settlement, a row each.</summary>
    /// <param name="records">The rows.</param>
    public static IEnumerable<ReportSection> Checks(IReadOnlyList<ReportRecord> records)
    {
        int whole = records.Count(record => record.Flag("IsValid"));
        ReportTable table = new(
            ["Path", "IsValid", "Records", "HeadHash", "Fault"],
            [.. records.SelectMany(record => (record["Faults"] is IEnumerable<DatLedgerFault> faults && faults.Any() ? faults.Select(fault => (object?)fault.Message) : [null]).Select(fault => new[] { record["Path"], record["IsValid"], record["Records"], record["HeadHash"], fault }))]);
        yield return SectionParts.Section(
            "Checks of ledgers and settlements",
            string.Create(CultureInfo.InvariantCulture, $"{whole} of {records.Count} are whole. Every fault names the record concerned; a chain that was rewritten to its end shows only against a hash known from elsewhere, or a signed settlement."),
            records,
            []) with
        { Table = table };
    }
}
