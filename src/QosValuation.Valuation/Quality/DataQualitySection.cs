using System.Globalization;
using QosValuation.Reporting.Figures;
using QosValuation.Reporting.Page;

namespace QosValuation.Valuation.Quality;

/// <summary>Data quality in a report: bars of the score, and of its four components.</summary>
internal sealed class DataQualitySection() : ResultSection<DataQuality>(
    1050, nameof(DataQuality.Contributor), nameof(DataQuality.Quality), nameof(DataQuality.Cleanliness), nameof(DataQuality.NormalizedEntropy))
{
    private const int MostBars = 40;

    private static readonly (string Property, string Name)[] Components =
    [
        (nameof(DataQuality.Cleanliness), "Cleanliness"),
        (nameof(DataQuality.NormalizedEntropy), "Diversity H/ln k"),
        (nameof(DataQuality.Novelty), "Novelty"),
        (nameof(DataQuality.Metadata), "Metadata"),
    ];

    /// <inheritdoc/>
    public override ReportSection Build(IReadOnlyList<ReportRecord> records, ReportContext context)
    {
        Func<ReportRecord, string> run = Runs.Names(records, nameof(DataQuality.Contributor));
        ReportRecord[] best = [.. records.OrderByDescending(record => record.Number(nameof(DataQuality.Quality))).Take(MostBars)];
        string[] names = [.. best.Select(record => Runs.Join(record.Text(nameof(DataQuality.Contributor)), run(record)))];
        string note = best.Length < records.Count
            ? string.Create(CultureInfo.InvariantCulture, $"The {best.Length} best of {records.Count} contributors; the table has them all.")
            : string.Empty;
        var figures = new List<ReportFigure>
        {
            ReportFigure.Bars(
                "data-quality",
                "Quality of each contributor's documents",
                "Quality q",
                best.Select((record, i) => (names[i], record.Number(nameof(DataQuality.Quality)), double.NaN))) with { Note = note },
        };
        (string Property, string Name)[] measured = [.. Components.Where(component => best.Any(record => double.IsFinite(record.Number(component.Property))))];
        if (measured.Length > 0)
        {
            figures.Add(new ReportFigure
            {
                Name = "data-quality-components",
                Title = "What the quality is made of",
                Kind = FigureKind.Bar,
                Horizontal = ReportFigure.LieDown(names),
                X = new FigureAxis(string.Empty, FigureScale.Category) { Categories = names },
                Y = new FigureAxis("From 0 to 1") { Zero = true },
                Series = [.. measured.Select(component => new FigureSeries(
                    component.Name,
                    [.. best.Select((record, i) => new FigurePoint(i, record.Number(component.Property)))]))],
                Note = "A component that was not measured has no bar; the weights of the others are rescaled.",
            });
        }

        return SectionParts.Section(
            "Data quality",
            "Quality q is the weighted mean of cleanliness (1 − 50 times the errors per word), diversity (the entropy of the documents over clusters of their "
                + "embeddings), novelty (1 − the mean cosine of sentences to their nearest in a public corpus) and metadata (the share of required fields that "
                + "are filled). It is comparable between scores of the same parameters alone.",
            records,
            figures);
    }

    /// <inheritdoc/>
    public override IEnumerable<SummarySentence> Summarise(IReadOnlyList<ReportRecord> records, PrivacyTerms terms)
    {
        IReadOnlyList<ReportRecord> run = Runs.First(records, out string name, nameof(DataQuality.Contributor));
        string each = SectionParts.Range(run.Select(record => record.Number(nameof(DataQuality.Quality))));
        yield return new(
            SummaryHeading.AtStake, 105, SectionParts.Say($"The documents of {run.Count} contributors{name} have a quality of q = {each}."));
    }
}
