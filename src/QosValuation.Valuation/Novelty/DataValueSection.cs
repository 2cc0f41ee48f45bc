using System.Globalization;
using QosValuation.Reporting.Figures;
using QosValuation.Reporting.Page;

namespace QosValuation.Valuation.Novelty;

/// <summary>Data values in a report: bars of value, and of what it is made of.</summary>
internal sealed class DataValueSection() : ResultSection<DataValue>(
    1000, nameof(DataValue.Contributor), nameof(DataValue.Quantity), nameof(DataValue.MeanNovelty), nameof(DataValue.Value))
{
    private const int MostBars = 40;

    private const string ByContributor = nameof(DataValue.Contributor);

    private static readonly string[] Parts = [nameof(DataValue.Novel), nameof(DataValue.Normal), nameof(DataValue.Noise)];

    /// <inheritdoc/>
    public override ReportSection Build(IReadOnlyList<ReportRecord> records, ReportContext context)
    {
        Func<ReportRecord, string> run = Runs.Names(records, ByContributor);
        ReportRecord[] largest = [.. records.OrderByDescending(record => record.Number("Value")).Take(MostBars)];
        string[] names = [.. largest.Select(record => Runs.Join(record.Text(ByContributor), run(record)))];
        string note = largest.Length < records.Count
            ? string.Create(CultureInfo.InvariantCulture, $"The {largest.Length} most valuable of {records.Count} contributors; the table has them all.")
            : string.Empty;
        var figures = new List<ReportFigure>
        {
            ReportFigure.Bars(
                "data-values",
                "Value of each contributor's data",
                "Value f(d)",
                largest.Select((record, i) => (names[i], record.Number("Value"), double.NaN))) with { Note = note },
        };
        if (records.All(record => record.Has(Parts)))
        {
            figures.Add(new ReportFigure
            {
                Name = "novelty",
                Title = "What each contribution consists of",
                Kind = FigureKind.Bar,
                Stacked = true,
                Horizontal = ReportFigure.LieDown(names),
                X = new FigureAxis(string.Empty, FigureScale.Category) { Categories = names },
                Y = new FigureAxis("Records") { Zero = true },
                Series = [.. Parts.Select(part => new FigureSeries(part, [.. largest.Select((record, i) => new FigurePoint(i, record.Number(part)))]))],
                Note = "Novel records count fully, normal ones half, noise not at all.",
            });
        }

        return SectionParts.Section(
            "Data values",
            "What a contributor's records are worth: f(d) = φ(d)·ln(1 + |d|), their number on a logarithmic scale times their average novelty φ. "
                + "Doubling a contribution adds at most φ·0.69.",
            records,
            figures);
    }

    /// <inheritdoc/>
    public override IEnumerable<SummarySentence> Summarise(IReadOnlyList<ReportRecord> records, PrivacyTerms terms)
    {
        IReadOnlyList<ReportRecord> run = Runs.First(records, out string name, ByContributor);
        string each = SectionParts.Range(run.Select(record => record.Number("Value")));
        string together = ReportNumber.Format(run.Sum(record => record.Number("Value")), 3);
        yield return new(
            SummaryHeading.AtStake,
            100,
            SectionParts.Say($"The records of {run.Count} contributors{name} are worth f(d) = {each} each, {together} together."));
    }
}
