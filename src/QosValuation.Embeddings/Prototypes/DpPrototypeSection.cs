using QosValuation.Reporting.Figures;
using QosValuation.Reporting.Page;

namespace QosValuation.Embeddings.Prototypes;

/// <summary>Released prototypes in a report: the noise over the size of the cluster, and what is left of the clean direction where that was measured.</summary>
internal sealed class DpPrototypeSection() : ResultSection<DpPrototype>(
    200,
    nameof(DpPrototype.ClusterId),
    nameof(DpPrototype.Mechanism),
    nameof(DpPrototype.Epsilon),
    nameof(DpPrototype.Delta),
    nameof(DpPrototype.Sigma))
{
    private const string ByCluster = nameof(DpPrototype.ClusterId);
    private const string ByModality = nameof(DpPrototype.Modality);

    /// <inheritdoc/>
    public override IReadOnlyCollection<string> Properties => [.. base.Properties, "CosineToClean", "FindsOwnCluster"];

    /// <inheritdoc/>
    public override ReportSection Build(IReadOnlyList<ReportRecord> records, ReportContext context)
    {
        // The noise depends on the count alone: modalities and mechanisms of the same noise are one series, for they would hide each other.
        Func<ReportRecord, string> name = SectionParts.Naming(records, ["Mechanism", "Epsilon"], "Prototypes", ByCluster, ByModality);
        FigurePoint Point(ReportRecord record) => new(record.Number("Count"), record.Number("Sigma"), Label: "cluster " + record.Text(ByCluster));
        var figures = new List<ReportFigure>
        {
            new()
            {
                Name = "noise",
                Title = "Noise by the size of the cluster",
                Kind = FigureKind.Scatter,
                X = new FigureAxis("Records in the cluster", SectionParts.ScaleOf(records.Select(record => record.Number("Count")))),
                Y = new FigureAxis(
                    "σ, the noise on each coordinate",
                    SectionParts.ScaleOf(records.Select(record => record.Number("Sigma")).Where(sigma => sigma > 0))),
                Series =
                [
                    .. Merged(records.GroupBy(name)
                        .Select(group => new FigureSeries(
                            group.Key,
                            [.. group.Select(Point).Where(point => double.IsFinite(point.X) && point.Y > 0).DistinctBy(point => (point.X, point.Y))]))
                        .Where(series => series.Points.Count > 0)),
                ],
            },
        };
        if (records.All(record => record.Has("CosineToClean")))
        {
            Func<ReportRecord, string> mechanism = SectionParts.Naming(
                records, ["Mechanism", "Epsilon"], records[0].Text("Mechanism"), ByCluster, ByModality);
            IGrouping<string, ReportRecord>[] groups = [.. records.GroupBy(mechanism)];
            figures.Add(ReportFigure.Bars("cosine-to-clean", "What is left of the clean prototype", "Mean cosine to the clean prototype", groups.Select(group =>
            {
                (double mean, double error) = SectionParts.Mean([.. group.Select(record => (record.Number("CosineToClean"), double.NaN))]);
                return (group.Key, mean, error);
            })) with { Note = SectionParts.ErrorNote });
            if (records.All(record => record.Has("FindsOwnCluster")))
            {
                figures.Add(Found(groups));
            }
        }

        return SectionParts.Section(
            "Released prototypes",
            "A prototype is the mean of a cluster's unit vectors with noise of standard deviation σ on each coordinate. The larger the cluster, the less a "
                + "single record weighs and the less noise is needed for the same ε. A release that is not formal carries no guarantee.",
            records,
            figures);
    }

    /// <inheritdoc/>
    public override IEnumerable<PrivacyTerms> Terms(IReadOnlyList<ReportRecord> records)
    {
        ReportRecord[] formal = [.. records.Where(IsFormal)];
        return PrivacySentences.Preferred(formal).Concat(formal).Select(record => new PrivacyTerms(record.Number("Epsilon"), record.Number("Delta")));
    }

    /// <inheritdoc/>
    public override IEnumerable<SummarySentence> Summarise(IReadOnlyList<ReportRecord> records, PrivacyTerms terms)
    {
        ReportRecord[] formal = [.. records.Where(record => IsFormal(record) && record.Number("Epsilon") == terms.Epsilon)];
        if (formal.Length == 0)
        {
            yield break;
        }

        yield return PrivacySentences.Guarantee(terms);
        ReportRecord[] released = PrivacySentences.Preferred(formal);
        if (released.Length == 0)
        {
            yield break;
        }

        double[] lengths =
        [
            .. released.Where(record => record.Length("Vector") > 0).Select(record => record.Number("Sigma") * Math.Sqrt(record.Length("Vector"))).Order(),
        ];
        string length = lengths.Length == 0
            ? string.Empty
            : SectionParts.Say($" In the median release the noise vector is about {ReportNumber.Format(lengths[lengths.Length / 2], 3)} long; ")
                + "the mean that it hides is at most 1 long.";
        string sigma = SectionParts.Range(released.Select(record => record.Number("Sigma")));
        string sizes = SectionParts.Range(released.Select(record => record.Number("Count")));
        yield return new(
            SummaryHeading.Costs,
            100,
            SectionParts.Say($"Noise: σ = {sigma} on each coordinate ({released[0].Text("Mechanism")}), for clusters of {sizes} records: ")
                + "the smaller the cluster, the more noise." + length);
        if (released.Any(record => record.Flag("IsSeeded")))
        {
            yield return new(
                SummaryHeading.Costs,
                110,
                "The noise of these prototypes came from a seed: whoever knows it can take the noise away, so they are no private release.");
        }

        ReportRecord[] measured = [.. released.Where(record => double.IsFinite(record.Number("CosineToClean")))];
        if (measured.Length > 0)
        {
            string cosine = ReportNumber.Format(measured.Average(record => record.Number("CosineToClean")), 3);
            string found = measured.All(record => record.Has("FindsOwnCluster"))
                ? SectionParts.Say($", and {measured.Count(record => record.Flag("FindsOwnCluster"))} of {measured.Length} still find their own cluster")
                : string.Empty;
            yield return new(
                SummaryHeading.Costs,
                300,
                SectionParts.Say($"Of the prototypes released here, the mean cosine to the clean one is {cosine} (1 without noise){found}."));
        }
    }

    // Series whose points lie on one another become one, with the names of all.
    private static IEnumerable<FigureSeries> Merged(IEnumerable<FigureSeries> series)
    {
        var groups = new List<List<FigureSeries>>();
        foreach (FigureSeries each in series)
        {
            if (groups.Find(group => IsAlike(group[0], each)) is List<FigureSeries> group)
            {
                group.Add(each);
            }
            else
            {
                groups.Add([each]);
            }
        }

        return groups.Select(group => group[0] with { Name = JoinNames([.. group.Select(each => each.Name)]) });

        static bool IsAlike(FigureSeries a, FigureSeries b) =>
            a.Points.Count == b.Points.Count
            && a.Points.OrderBy(point => point.X).Zip(b.Points.OrderBy(point => point.X))
                .All(pair => pair.First.X == pair.Second.X && Math.Abs(pair.First.Y - pair.Second.Y) <= 0.005 * pair.First.Y);
    }

    // AnalyticGaussian · ε = 1 and DiscreteGaussian · ε = 1 are AnalyticGaussian, DiscreteGaussian · ε = 1.
    private static string JoinNames(string[] names)
    {
        string[][] parts = [.. names.Select(name => name.Split(" · ", 2))];
        return parts.All(part => part.Length == 2 && part[1] == parts[0][1])
            ? string.Join(", ", parts.Select(part => part[0])) + " · " + parts[0][1]
            : string.Join(", ", names);
    }

    private static ReportFigure Found(IGrouping<string, ReportRecord>[] groups)
    {
        ReportFigure bars = ReportFigure.Bars(
            "finds-cluster",
            "Prototypes that still find their own cluster",
            "Part of the prototypes",
            groups.Select(group => (group.Key, double.NaN, double.NaN)));
        FigurePoint Point(IGrouping<string, ReportRecord> group, int i) =>
            FigurePoint.Proportion(i, group.Count(record => record.Flag("FindsOwnCluster")), group.Count());
        return bars with
        {
            Y = bars.Y with { Min = 0, Max = 1 },
            Series = [new FigureSeries("Part of the prototypes", [.. groups.Select(Point)])],
            Note = "Whiskers are 95 % confidence intervals (Wilson).",
        };
    }

    // Seeded prototypes show what their ε costs as well as private ones do; that they are none is said beside it.
    private static bool IsFormal(ReportRecord record) => !record.Has("IsFormal") || record.Flag("IsFormal") || record.Flag("IsSeeded");
}
