using QosValuation.Embeddings.Prototypes;
using QosValuation.Reporting.Figures;
using QosValuation.Reporting.Page;

namespace QosValuation.Attacks.Reconstruction;

/// <summary>
/// Figure 7 of the paper in a report: the attack's score by release, over ε and over Γ. Its rows are made by the script Figure7.ps1,
/// which names their type QosValuation.Figure7Row.
/// </summary>
internal sealed class Figure7Section : IReportSection
{
    /// <inheritdoc/>
    public string TypeName => "Figure7Row";

    /// <inheritdoc/>
    public Type? ResultType => null;

    /// <inheritdoc/>
    public IReadOnlyList<string> Required { get; } = ["Release", "AttackScore", "Decoy"];

    /// <inheritdoc/>
    public IReadOnlyCollection<string> Properties { get; } =
    [
        "Key", "Release", "Method", "Epsilon", "Gamma", "Sigma", "ClusterId", "Repeat", "AttackScore", "Decoy", "Rank", "Ranked", "TargetScore",
        "NearestMember", "Psnr", "Ssim", "Perceptual", "PerceptualDecoy", "PerceptualBaseline", "PerceptualRank", "Text", "ImagePath", "MemberPath",

        // The means over clusters and repeats.
        "Attacks", "AttackScoreStandardError", "DecoyStandardError", "Margin", "MarginStandardError", "FirstRank", "Chance",
        "PerceptualMargin", "PerceptualMarginStandardError", "PerceptualFirst",
    ];

    /// <inheritdoc/>
    public int Place => 800;

    /// <inheritdoc/>
    public ReportSection Build(IReadOnlyList<ReportRecord> records, ReportContext context)
    {
        ReportRecord[] single = Single(records);
        ReportRecord[] rows = single.Length > 0 ? single : [.. records];
        double gamma = Common(rows, "Gamma");
        double epsilon = MainEpsilon(rows);
        bool AtGamma(ReportRecord row) => double.IsNaN(gamma) || row.Number("Gamma") == gamma;
        ReportRecord[] main = [.. rows.Where(row => AtGamma(row) && (!double.IsFinite(row.Number("Epsilon")) || row.Number("Epsilon") == epsilon))];
        Func<ReportRecord, string> release = SectionParts.Naming(main, ["Release", "Method"], "Release", "ClusterId", "Repeat", "Epsilon");
        ReportFigure[] figures =
        [
            ReconstructionFigures.Means("figure7", "Attack score by release", "Cosine of the reconstruction", main, release, "AttackScore", "Decoy"),
            ReconstructionFigures.Perceived("figure7-perceptual", main, release, "Perceptual", "PerceptualDecoy"),
            Over(rows.Where(AtGamma), rows, "Epsilon", "ε of the release"),
            Over(rows.Where(row => row.Number("Epsilon") == epsilon), rows, "Gamma", "Γ, the records in each cluster"),
        ];
        string Caption(ReportRecord row) =>
            SectionParts.Say($"Cluster {row.Text("ClusterId")}, {release(row)}: score {ReportNumber.Format(row.Number("AttackScore"), 3)}, ")
            + SectionParts.Say($"other clusters {ReportNumber.Format(row.Number("Decoy"), 3)}");
        ReportPicture[] pictures = [.. Pictures(main, context, Caption).Take(ReconstructionFigures.MostPictures)];
        return SectionParts.Section(
            "Reconstruction by release (Fig. 7)",
            "The cosine of the reconstructed picture to the clean prototype of its own cluster (the score) and to those of the other clusters. A release "
                + "protects where the two do not differ; a high score that other clusters reach as well reveals nothing of this one. "
                + "Each row of pictures begins with a private photograph of the cluster, then what was made of its releases. Whether they look alike is "
                + "judged by an encoder that was not attacked: what lies above the others is recognisable to it, and a photograph would reach the third bar.",
            rows,
            figures,
            "ImagePath",
            "MemberPath",
            "Key") with
        { Pictures = pictures };
    }

    /// <inheritdoc/>
    public IEnumerable<PrivacyTerms> Terms(IReadOnlyList<ReportRecord> records) =>
        Single(records).Where(row => ReconstructionClaim.Ours.Contains(row.Text("Release"))).Select(row => new PrivacyTerms(row.Number("Epsilon")));

    /// <inheritdoc/>
    public IEnumerable<SummarySentence> Summarise(IReadOnlyList<ReportRecord> records, PrivacyTerms terms)
    {
        ReportRecord[] single = Single(records);
        ReportRecord[] at = [.. single.Where(row => ReconstructionClaim.Ours.Contains(row.Text("Release")) && row.Number("Epsilon") == terms.Epsilon)];
        if (at.Length == 0)
        {
            yield break;
        }

        yield return PrivacySentences.Guarantee(terms);
        ReportRecord[] ours = [.. at.Where(row => row.Text("Release") == ReconstructionClaim.Ours[0])];
        ReportRecord[] clean = [.. single.Where(row => row.Text("Release") == "None")];
        if (ours.Length == 0)
        {
            yield break;
        }

        string compared = clean.Length > 0
            ? SectionParts.Say($"; without noise it is {Mean(clean, "AttackScore")} to its own and {Mean(clean, "Decoy")} to others")
            : string.Empty;
        yield return new(
            SummaryHeading.Buys,
            400,
            SectionParts.Say($"A picture reconstructed from a release has a cosine of {Mean(ours, "AttackScore")} to the truth of its own cluster and of ")
                + SectionParts.Say($"{Mean(ours, "Decoy")} to other clusters, over {ours.Length} attacks{compared}. ")
                + "Only the difference between own and others tells of this cluster.");
    }

    /// <summary>Cluster by cluster a private photograph, then what the first attacker made of each release, then the other attackers' pictures.</summary>
    private static IEnumerable<ReportPicture> Pictures(IReadOnlyList<ReportRecord> main, ReportContext context, Func<ReportRecord, string> caption)
    {
        ReportRecord[] shown = [.. main.Where(row => row.Text("ImagePath").Length > 0 && (!row.Has("Repeat") || row.Number("Repeat") == 1))];
        string[] methods = [.. shown.Select(row => row.Text("Method")).Distinct()];
        foreach (IGrouping<(int, double), ReportRecord> cluster in shown
            .GroupBy(row => (Array.IndexOf(methods, row.Text("Method")), row.Number("ClusterId")))
            .OrderBy(group => group.Key))
        {
            ReportRecord first = cluster.First();
            if (ReconstructionFigures.Picture(first, context.PictureFolders, $"Cluster {first.Text("ClusterId")}, a private photograph", "MemberPath")
                is ReportPicture original)
            {
                yield return original;
            }

            foreach (ReportRecord row in cluster)
            {
                if (ReconstructionFigures.Picture(row, context.PictureFolders, caption(row)) is ReportPicture picture)
                {
                    yield return picture;
                }
            }
        }
    }

    // Means of the same attacks say nothing new.
    private static ReportRecord[] Single(IReadOnlyList<ReportRecord> records) => [.. records.Where(record => !record.Has("Attacks"))];

    private static string Mean(IEnumerable<ReportRecord> rows, string property) =>
        ReportNumber.Format(rows.Select(row => row.Number(property)).Where(double.IsFinite).DefaultIfEmpty(double.NaN).Average(), 3);

    private static ReportFigure Over(IEnumerable<ReportRecord> swept, IReadOnlyList<ReportRecord> all, string x, string axis)
    {
        // Only a release that is swept makes a line; the others are levels to compare with.
        ReportRecord[] lines =
        [
            .. swept.Where(row => double.IsFinite(row.Number(x))).GroupBy(row => row.Text("Release"))
                .Where(group => group.Select(row => row.Number(x)).Distinct().Skip(1).Any())
                .SelectMany(group => group),
        ];
        Func<ReportRecord, string> name = SectionParts.Naming(
            lines, ["Release", "Method"], lines.Length > 0 ? lines[0].Text("Release") : string.Empty, "ClusterId", "Repeat", "Epsilon", "Gamma");
        double[] at = [.. lines.Select(row => row.Number(x)).Distinct()];
        var series = lines.GroupBy(name).Select(group => new FigureSeries(group.Key, SectionParts.Points(group, x, "AttackScore"))).ToList();
        if (series.Count > 0)
        {
            void Level(string label, IEnumerable<double> values)
            {
                double[] finite = [.. values.Where(double.IsFinite)];
                if (finite.Length > 0)
                {
                    series.Add(new FigureSeries(label, [new(at.Min(), finite.Average()), new(at.Max(), finite.Average())]) { IsReference = true });
                }
            }

            Level("Without noise", all.Where(row => row.Text("Release") == "None").Select(row => row.Number("AttackScore")));
            Level("Other clusters", lines.Select(row => row.Number("Decoy")));
        }

        return new ReportFigure
        {
            Name = "figure7-" + x.ToLowerInvariant(),
            Title = "Attack score against " + axis.Split(' ', ',')[0],
            Kind = FigureKind.Line,
            X = new FigureAxis(axis, SectionParts.ScaleOf(at)),
            Y = new FigureAxis("Cosine to the clean prototype"),
            Series = series,
            Note = SectionParts.ErrorNote,
        };
    }

    // The ε of the main comparison: 1 where there is such a row, else the one that most rows have.
    private static double MainEpsilon(IReadOnlyList<ReportRecord> rows) =>
        rows.Any(row => row.Number("Epsilon") == 1) ? 1 : Common([.. rows.Where(row => double.IsFinite(row.Number("Epsilon")))], "Epsilon");

    private static double Common(IReadOnlyList<ReportRecord> rows, string property) =>
        rows.Select(row => row.Number(property)).Where(value => !double.IsNaN(value))
            .GroupBy(value => value)
            .OrderByDescending(group => group.Count())
            .ThenByDescending(group => group.Key)
            .Select(group => group.Key)
            .FirstOrDefault(double.NaN);
}
