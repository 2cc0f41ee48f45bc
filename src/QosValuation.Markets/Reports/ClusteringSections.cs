using System.Globalization;
using QosValuation.Onnx.Model;
using QosValuation.Reporting.Figures;
using QosValuation.Reporting.Page;

namespace QosValuation.Markets.Reports;

/// <summary>Sections on clusters and on what contributions are worth.</summary>
internal static class ClusteringSections
{
    private const int MostBars = 40;

    private static readonly string[] Novelties = ["Novel", "Normal", "Noise"];

    /// <summary>Clusters: their sizes.</summary>
    /// <param name="records">The rows.</param>
    public static IEnumerable<ReportSection> Clusters(IReadOnlyList<ReportRecord> records)
    {
        ReportRecord[] largest = [.. records.OrderByDescending(Size).Take(MostBars)];
        string[] names = [.. largest.Select(record => record.Has("ClusterId") ? record.Text("ClusterId") : record.Text("Id"))];
        var figure = new ReportFigure
        {
            Name = "cluster-sizes",
            Title = "Records by cluster, the largest first",
            Kind = FigureKind.Bar,
            Stacked = true,
            X = new FigureAxis("Cluster", FigureScale.Category) { Categories = names },
            Y = new FigureAxis("Records") { Zero = true },
            Series =
            [
                .. new[] { (Name: "Confirmed", Flag: true), (Name: "Not confirmed", Flag: false) }
                    .Select(part => new FigureSeries(part.Name, [.. largest.Select((record, i) => (record, i)).Where(item => item.record.Flag("IsConfirmed") == part.Flag).Select(item => new FigurePoint(item.i, Size(item.record)))]))
                    .Where(series => series.Points.Count > 0),
            ],
            Note = largest.Length < records.Count ? string.Create(CultureInfo.InvariantCulture, $"The {largest.Length} largest of {records.Count} clusters; the table has them all.") : string.Empty,
        };
        yield return SectionParts.Section(
            "Semantic clusters",
            string.Create(CultureInfo.InvariantCulture, $"Records of like meaning form a cluster; it is confirmed once it holds Γ records, and only then does its prototype count. Here {records.Count(record => record.Flag("IsConfirmed"))} of {records.Count} clusters are confirmed."),
            records,
            [figure]);
    }

    /// <summary>Data values: bars of value, and of what it is made of.</summary>
    /// <param name="records">The rows.</param>
    public static IEnumerable<ReportSection> Values(IReadOnlyList<ReportRecord> records)
    {
        ReportRecord[] largest = [.. records.OrderByDescending(record => record.Number("Value")).Take(MostBars)];
        string[] names = [.. largest.Select(record => record.Text("Contributor"))];
        string note = largest.Length < records.Count ? string.Create(CultureInfo.InvariantCulture, $"The {largest.Length} most valuable of {records.Count} contributors; the table has them all.") : string.Empty;
        var figures = new List<ReportFigure>
        {
            ReportFigure.Bars("data-values", "Value of each contributor's data", "Value f(d)", largest.Select((record, i) => (names[i], record.Number("Value"), double.NaN))) with { Note = note },
        };
        if (records.All(record => record.Has("Novel", "Normal", "Noise")))
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
                Series =
                [
                    .. Novelties
                        .Select(part => new FigureSeries(part, [.. largest.Select((record, i) => new FigurePoint(i, record.Number(part)))])),
                ],
                Note = "Novel records count fully, normal ones half, noise not at all.",
            });
        }

        yield return SectionParts.Section(
            "Data values",
            "What a contributor's records are worth: f(d) = φ(d)·ln(1 + |d|), their number on a logarithmic scale times their average novelty φ. Doubling a contribution adds at most φ·0.69.",
            records,
            figures);
    }

    /// <summary>Figure 6 of the paper: value over quantity, and what each Γ discovers.</summary>
    /// <param name="records">The rows.</param>
    public static IEnumerable<ReportSection> Valuation(IReadOnlyList<ReportRecord> records)
    {
        Func<ReportRecord, string> name = SectionParts.Naming(records, ["NoveltyThreshold", "SimilarityThreshold"], "Γ = " + records[0].Text("NoveltyThreshold"));

        // The tables of Figs. 6a and 6b share some numbers, not all with their standard errors.
        FigurePoint Point(double x, IEnumerable<ReportRecord> rows, string metric)
        {
            ReportRecord row = rows.OrderByDescending(candidate => double.IsFinite(candidate.Number(metric + "StandardError"))).First();
            return FigurePoint.WithError(x, row.Number(metric), row.Number(metric + "StandardError"));
        }

        ReportFigure Over(string metric, string title, string axis, string file) => new()
        {
            Name = file,
            Title = title,
            Kind = FigureKind.Line,
            X = new FigureAxis("Records that have arrived"),
            Y = new FigureAxis(axis) { Zero = true, Min = 0, Max = metric == "Coverage" ? 1 : null },
            Series =
            [
                .. records.Where(record => double.IsFinite(record.Number(metric))).GroupBy(name)
                    .Select(group => new FigureSeries(group.Key, [.. group.GroupBy(record => record.Number("Quantity")).OrderBy(point => point.Key).Select(point => Point(point.Key, point, metric))]))
                    .Where(series => series.Points.Count > 1),
            ],
            Note = SectionParts.ErrorNote,
        };

        // What was found in the end, by Γ: the rows of the largest quantity.
        ReportRecord[] last = [.. records.GroupBy(name).SelectMany(group => group.Where(record => record.Number("Quantity") == group.Max(other => other.Number("Quantity"))))];
        ReportFigure ByGamma(string metric, string title, string axis, string file) => new()
        {
            Name = file,
            Title = title,
            Kind = FigureKind.Line,
            X = new FigureAxis("Γ, the records that confirm a cluster"),
            Y = new FigureAxis(axis) { Zero = true, Min = 0 },
            Series =
            [
                .. last.Where(record => double.IsFinite(record.Number(metric))).GroupBy(SectionParts.Naming(last, ["SimilarityThreshold"], title))
                    .Select(group => new FigureSeries(group.Key, [.. group.GroupBy(record => record.Number("NoveltyThreshold")).OrderBy(point => point.Key).Select(point => Point(point.Key, point, metric))]))
                    .Where(series => series.Points.Count > 1),
            ],
            Note = SectionParts.ErrorNote,
        };
        yield return SectionParts.Section(
            "Data value against quantity (Fig. 6)",
            "How the value of a contribution grows as records arrive, for several Γ: the first Γ records of a cluster count as novel, later ones half. A cluster is confirmed at Γ records; before the first one is, nothing can be released with noise. A large Γ pays more for quantity and waits longer.",
            records,
            [
                Over("Value", "Data value against quantity", "Value f(d)", "value-over-quantity"),
                Over("Coverage", "Records in confirmed clusters", "Part of the records", "coverage-over-quantity"),
                ByGamma("Novel", "Novel records", "Records", "novel-over-gamma"),
                ByGamma("Confirmed", "Confirmed clusters", "Clusters", "confirmed-over-gamma"),
                ByGamma("ConfirmationDelay", "Records until a cluster is confirmed", "Records", "delay-over-gamma"),
                ByGamma("FirstConfirmation", "Records until noise can first be applied", "Records", "first-over-gamma"),
            ]);
    }

    private static double Size(ReportRecord record) => record.Number("Count", "Records");
}
