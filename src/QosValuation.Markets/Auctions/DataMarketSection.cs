using QosValuation.Reporting.Figures;
using QosValuation.Reporting.Page;

namespace QosValuation.Markets.Auctions;

/// <summary>
/// Ways of buying data under one budget, in a report. Its rows are made by the script DataMarket.ps1, which names their type QosValuation.DataMarketRow.
/// </summary>
internal sealed class DataMarketSection : IReportSection
{
    private const string Buying = "Buying";
    private const string Accuracy = "Accuracy";
    private const string AccuracyError = "AccuracyStandardError";
    private const string Less = "LessThanProportionalShare";
    private const string LessError = "LessStandardError";

    /// <inheritdoc/>
    public string TypeName => "DataMarketRow";

    /// <inheritdoc/>
    public Type? ResultType => null;

    /// <inheritdoc/>
    public IReadOnlyList<string> Required { get; } = [Buying, Accuracy, Less];

    /// <inheritdoc/>
    public IReadOnlyCollection<string> Properties { get; } =
        [Buying, "Rounds", Accuracy, AccuracyError, Less, LessError, "Winners", "Photographs", "Paid", "PaidStandardError"];

    /// <inheritdoc/>
    public int Place => 1450;

    /// <inheritdoc/>
    public ReportSection Build(IReadOnlyList<ReportRecord> records, ReportContext context)
    {
        Func<ReportRecord, string> name = SectionParts.Naming(records, [Buying], "Buying", "Rounds", "Seed");
        return SectionParts.Section(
            "Buying data under one budget",
            "What a classifier that was trained on the bought photographs gains over guessing, the mean over rounds. QMia may pay more than the budget; "
                + "compare its bar with what it paid.",
            records,
            [
                ReportFigure.Bars(
                    "data-market-accuracy",
                    "Usefulness of what was bought",
                    "Accuracy above guessing",
                    records.Select(record => (name(record), record.Number(Accuracy), record.Number(AccuracyError)))),
                ReportFigure.Bars(
                    "data-market-paid",
                    "Money spent",
                    "Payments over the budget",
                    records.Select(record => (name(record), record.Number("Paid"), record.Number("PaidStandardError")))),
            ]);
    }
}
