namespace QosValuation.Reporting;

/// <summary>Sections on private releases and on what they lose.</summary>
internal static class PrivacySections
{
    /// <summary>Released prototypes: the noise over the size of the cluster, and how much of the clean direction is left where that was measured.</summary>
    /// <param name="records">The rows.</param>
    public static IEnumerable<ReportSection> Prototypes(IReadOnlyList<ReportRecord> records)
    {
        Func<ReportRecord, string> name = SectionParts.Naming(records, ["Mechanism", "Epsilon", "Modality"], "Prototypes");
        var figures = new List<ReportFigure>
        {
            new()
            {
                Name = "noise",
                Title = "Noise by the size of the cluster",
                Kind = FigureKind.Scatter,
                X = new FigureAxis("Records in the cluster", SectionParts.ScaleOf(records.Select(record => record.Number("Count")))),
                Y = new FigureAxis("σ, the noise on each coordinate", SectionParts.ScaleOf(records.Select(record => record.Number("Sigma")).Where(sigma => sigma > 0))),
                Series =
                [
                    .. records.GroupBy(name).Select(group => new FigureSeries(
                        group.Key,
                        [.. group.Select(record => new FigurePoint(record.Number("Count"), record.Number("Sigma"), Label: "cluster " + record.Text("ClusterId"))).Where(point => double.IsFinite(point.X) && point.Y > 0)])).Where(series => series.Points.Count > 0),
                ],
            },
        };
        if (records.All(record => record.Has("CosineToClean")))
        {
            Func<ReportRecord, string> mechanism = SectionParts.Naming(records, ["Mechanism", "Epsilon"], records[0].Text("Mechanism"));
            (string Name, double Value, double StandardError) Over(IGrouping<string, ReportRecord> group, string property)
            {
                (double mean, double error) = SectionParts.Mean([.. group.Select(record => (property == "FindsOwnCluster" ? (record.Flag(property) ? 1.0 : 0) : record.Number(property), double.NaN))]);
                return (group.Key, mean, error);
            }

            figures.Add(ReportFigure.Bars("cosine-to-clean", "What is left of the clean prototype", "Mean cosine to the clean prototype", records.GroupBy(mechanism).Select(group => Over(group, "CosineToClean"))) with { Note = SectionParts.ErrorNote });
            if (records.All(record => record.Has("FindsOwnCluster")))
            {
                figures.Add(ReportFigure.Bars("finds-cluster", "Prototypes that still find their own cluster", "Part of the prototypes", records.GroupBy(mechanism).Select(group => Over(group, "FindsOwnCluster"))) with { Note = SectionParts.ErrorNote });
            }
        }

        yield return SectionParts.Section(
            "Released prototypes",
            "A prototype is the mean of a cluster's unit vectors with noise of standard deviation σ on each coordinate. The larger the cluster, the less a single record weighs and the less noise is needed for the same ε. A release that is not formal carries no guarantee.",
            records,
            figures);
    }

    /// <summary>Composed privacy losses.</summary>
    /// <param name="records">The rows.</param>
    public static IEnumerable<ReportSection> Losses(IReadOnlyList<ReportRecord> records)
    {
        Func<ReportRecord, string> name = SectionParts.Naming(records, ["Accountant", "Releases", "Delta"], records[0].Text("Accountant").Length == 0 ? "Loss" : records[0].Text("Accountant"));
        yield return SectionParts.Section(
            "Privacy loss of all releases together",
            "ε bounds how far the released numbers can shift an observer's belief about one record: by at most a factor e^ε, but for a chance of δ. Smaller is more private; ∞ means that some release has no guarantee.",
            records,
            records.Count > 1 ? [ReportFigure.Bars("privacy-loss", "ε of all releases together", "ε", records.Select(record => (name(record), record.Number("Epsilon"), double.NaN)))] : []);
    }
}
