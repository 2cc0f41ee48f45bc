using QosValuation.Reporting.Figures;
using QosValuation.Reporting.Page;

namespace QosValuation.Markets.Shares;

/// <summary>Data share tokens in a report: what each provider's score is made of, and its tokens.</summary>
internal sealed class DataShareTokenSection() : ResultSection<DataShareToken>(
    1480, nameof(DataShareToken.Contributor), nameof(DataShareToken.VolumeScore), nameof(DataShareToken.ImpactScore), nameof(DataShareToken.Tokens))
{
    private const int MostBars = 40;

    /// <inheritdoc/>
    public override ReportSection Build(IReadOnlyList<ReportRecord> records, ReportContext context)
    {
        Func<ReportRecord, string> run = Runs.Names(records, nameof(DataShareToken.Contributor));
        ReportRecord[] shown =
        [
            .. records.GroupBy(run).First().OrderByDescending(record => record.Number(nameof(DataShareToken.Tokens))).Take(MostBars),
        ];
        string[] names = [.. shown.Select(record => record.Text(nameof(DataShareToken.Contributor)))];
        FigureSeries Series(string name, string property) =>
            new(name, [.. shown.Select((record, i) => new FigurePoint(i, record.Number(property)))]);
        return SectionParts.Section(
            "Data share tokens",
            "Tokens follow the score, a weighted mean of the provider's parts of volume, quality and impact, except where a floor or a cap holds them.",
            records,
            [
                ReportFigure.Bars(
                    "share-tokens",
                    "Tokens by provider, the most first",
                    "Tokens",
                    shown.Select(record => (record.Text(nameof(DataShareToken.Contributor)), record.Number(nameof(DataShareToken.Tokens)), double.NaN))),
                new ReportFigure
                {
                    Name = "share-scores",
                    Title = "What the scores are made of",
                    Kind = FigureKind.Bar,
                    Horizontal = ReportFigure.LieDown(names),
                    X = new FigureAxis(string.Empty, FigureScale.Category) { Categories = names },
                    Y = new FigureAxis("Part of the sum over all") { Zero = true },
                    Series =
                    [
                        Series("Volume", nameof(DataShareToken.VolumeScore)),
                        Series("Quality", nameof(DataShareToken.QualityScore)),
                        Series("Impact", nameof(DataShareToken.ImpactScore)),
                    ],
                },
            ]);
    }
}
