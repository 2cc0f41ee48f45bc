using System.Globalization;
using QosValuation.Reporting.Figures;
using QosValuation.Reporting.Page;

namespace QosValuation.Embeddings.Clustering;

/// <summary>Clusters in a report: their sizes.</summary>
internal sealed class SemanticClusterSection() : ResultSection<SemanticCluster>(100, nameof(SemanticCluster.IsConfirmed), nameof(SemanticCluster.ConfirmedAt))
{
    private const int MostBars = 40;

    /// <inheritdoc/>
    public override IReadOnlyCollection<string> Properties => [.. base.Properties, "ClusterId", "Records"];

    /// <inheritdoc/>
    public override ReportSection Build(IReadOnlyList<ReportRecord> records, ReportContext context)
    {
        Func<ReportRecord, string> run = Runs.Names(records, "Id", "ClusterId");
        ReportRecord[] largest = [.. records.OrderByDescending(Size).Take(MostBars)];
        (string Name, bool Flag)[] parts = [("Confirmed", true), ("Not confirmed", false)];
        var figure = new ReportFigure
        {
            Name = "cluster-sizes",
            Title = "Records by cluster, the largest first",
            Kind = FigureKind.Bar,
            Stacked = true,
            X = new FigureAxis("Cluster", FigureScale.Category)
            {
                Categories = [.. largest.Select(record => Runs.Join(record.Has("ClusterId") ? record.Text("ClusterId") : record.Text("Id"), run(record)))],
            },
            Y = new FigureAxis("Records") { Zero = true },
            Series =
            [
                .. parts
                    .Select(part => new FigureSeries(
                        part.Name,
                        [
                            .. largest.Select((record, i) => (record, i)).Where(item => item.record.Flag("IsConfirmed") == part.Flag)
                                .Select(item => new FigurePoint(item.i, Size(item.record))),
                        ]))
                    .Where(series => series.Points.Count > 0),
            ],
            Note = largest.Length < records.Count
                ? string.Create(CultureInfo.InvariantCulture, $"The {largest.Length} largest of {records.Count} clusters; the table has them all.")
                : string.Empty,
        };
        int confirmed = records.Count(record => record.Flag("IsConfirmed"));
        return SectionParts.Section(
            "Semantic clusters",
            "Records of like meaning form a cluster; it is confirmed once it holds Γ records, and only then does its prototype count. "
                + SectionParts.Say($"Here {confirmed} of {records.Count} clusters are confirmed."),
            records,
            [figure]);
    }

    private static double Size(ReportRecord record) => record.Number("Count", "Records");
}
