using System.Globalization;
using QosValuation.Reporting.Figures;
using QosValuation.Reporting.Page;

namespace QosValuation.Markets.Auctions;

/// <summary>Awards in a report: what was asked and paid per provider, or how many won under each mechanism.</summary>
internal sealed class DataAwardSection() : ResultSection<DataAward>(
    1420, nameof(DataAward.Contributor), nameof(DataAward.Density), nameof(DataAward.IsWinner), nameof(DataAward.Reason), nameof(DataAward.Payment))
{
    private const int MostBars = 30;

    /// <inheritdoc/>
    public override ReportSection Build(IReadOnlyList<ReportRecord> records, ReportContext context)
    {
        Func<ReportRecord, string> naming = SectionParts.Naming(
            records, [nameof(DataAward.Mechanism)], records[0].Text(nameof(DataAward.Mechanism)), nameof(DataAward.Contributor));
        IGrouping<string, ReportRecord>[] auctions = [.. records.GroupBy(naming)];
        return SectionParts.Section(
            "Data awards",
            "Who sells data, for how much. Providers stand by what they ask per unit of value, ψ = c/v, the cheapest first. A truthful mechanism pays a winner "
                + "the most it could have asked, so the payment lies above the cost.",
            records,
            auctions.Length == 1 ? [Payments([.. records])] : [Winners(auctions), Spread(auctions)]);
    }

    /// <inheritdoc/>
    public override IEnumerable<SummarySentence> Summarise(IReadOnlyList<ReportRecord> records, PrivacyTerms terms)
    {
        IReadOnlyList<ReportRecord> run = Runs.First(
            [.. records.GroupBy(record => record.Text(nameof(DataAward.Mechanism))).First()], out string name, nameof(DataAward.Contributor));
        ReportRecord[] winners = [.. run.Where(record => record.Flag(nameof(DataAward.IsWinner)))];
        string paid = ReportNumber.Format(winners.Sum(record => record.Number(nameof(DataAward.Payment))), 3);
        string asked = ReportNumber.Format(winners.Sum(record => record.Number(nameof(DataAward.Cost))), 3);
        string mechanism = run[0].Text(nameof(DataAward.Mechanism));
        yield return new(
            SummaryHeading.AtStake,
            260,
            SectionParts.Say(
                $"The auction {mechanism}{name} buys from {winners.Length} of {run.Count} providers and pays {paid} for data that cost them {asked}."));
    }

    private static ReportFigure Payments(ReportRecord[] records)
    {
        ReportRecord[] shown =
        [
            .. records.Where(record => double.IsFinite(record.Number(nameof(DataAward.Density))))
                .OrderBy(record => record.Number(nameof(DataAward.Density))).Take(MostBars),
        ];
        FigureSeries Series(string name, string property) =>
            new(name, [.. shown.Select((record, i) => new FigurePoint(i, record.Number(property)))]);
        string[] names = [.. shown.Select(record => record.Text(nameof(DataAward.Contributor)))];
        return new ReportFigure
        {
            Name = "awards",
            Title = "What providers ask and are paid, the cheapest per value first",
            Kind = FigureKind.Bar,
            Horizontal = ReportFigure.LieDown(names),
            X = new FigureAxis(string.Empty, FigureScale.Category) { Categories = names },
            Y = new FigureAxis("Cost and payment") { Zero = true },
            Series = [Series("Cost asked", nameof(DataAward.Cost)), Series("Payment", nameof(DataAward.Payment))],
            Note = records.Length > shown.Length
                ? string.Create(CultureInfo.InvariantCulture, $"{shown.Length} of {records.Length} providers; the table has them all. Losers are paid 0.")
                : "Losers are paid 0.",
        };
    }

    private static ReportFigure Winners(IGrouping<string, ReportRecord>[] auctions) => ReportFigure.Bars(
        "award-value",
        "Value bought under each mechanism",
        "Sum of the winners' values",
        auctions.Select(auction => (
            auction.Key, auction.Where(record => record.Flag(nameof(DataAward.IsWinner))).Sum(record => record.Number(nameof(DataAward.Value))), double.NaN)));

    private static ReportFigure Spread(IGrouping<string, ReportRecord>[] auctions) => new()
    {
        Name = "award-payments",
        Title = "Payment per unit of value, by what was asked",
        Kind = FigureKind.Scatter,
        X = new FigureAxis("Cost per value ψ = c/v"),
        Y = new FigureAxis("Payment per value p/v") { Zero = true },
        Series =
        [
            .. auctions.Select(auction => new FigureSeries(auction.Key, SectionParts.Thin(
            [
                .. auction.Where(record => record.Flag(nameof(DataAward.IsWinner)))
                    .Select(record => new FigurePoint(
                        record.Number(nameof(DataAward.Density)), record.Number(nameof(DataAward.Payment)) / record.Number(nameof(DataAward.Value))))
                    .Where(point => double.IsFinite(point.X) && double.IsFinite(point.Y)).OrderBy(point => point.X),
            ], 400))),
        ],
        Note = "Winners only. One price per value lies on a level line.",
    };
}
