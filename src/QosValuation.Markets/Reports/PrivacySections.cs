using System.Globalization;
using QosValuation.Onnx.Model;
using QosValuation.Reporting.Figures;
using QosValuation.Reporting.Page;

namespace QosValuation.Markets.Reports;

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
            IGrouping<string, ReportRecord>[] groups = [.. records.GroupBy(mechanism)];
            figures.Add(ReportFigure.Bars("cosine-to-clean", "What is left of the clean prototype", "Mean cosine to the clean prototype", groups.Select(group =>
            {
                (double mean, double error) = SectionParts.Mean([.. group.Select(record => (record.Number("CosineToClean"), double.NaN))]);
                return (group.Key, mean, error);
            })) with { Note = SectionParts.ErrorNote });
            if (records.All(record => record.Has("FindsOwnCluster")))
            {
                ReportFigure bars = ReportFigure.Bars("finds-cluster", "Prototypes that still find their own cluster", "Part of the prototypes", groups.Select(group => (group.Key, double.NaN, double.NaN)));
                figures.Add(bars with
                {
                    Y = bars.Y with { Min = 0, Max = 1 },
                    Series = [new FigureSeries("Part of the prototypes", [.. groups.Select((group, i) => FigurePoint.Proportion(i, group.Count(record => record.Flag("FindsOwnCluster")), group.Count()))])],
                    Note = "Whiskers are 95 % confidence intervals (Wilson).",
                });
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

    /// <summary>The privacy–utility curve: what is left of a prototype over ε.</summary>
    /// <param name="records">The rows.</param>
    public static IEnumerable<ReportSection> Utility(IReadOnlyList<ReportRecord> records)
    {
        var figures = new List<ReportFigure>();

        // Many series are told apart better in a figure for each post-processing.
        string[] keys = ["Mechanism", "Modality", "PostProcess", "Neighboring", "Unit"];
        bool split = records.Select(SectionParts.Naming(records, keys, "Prototypes")).Distinct(StringComparer.Ordinal).Count() > 8;
        foreach (IGrouping<string, ReportRecord> part in records.GroupBy(record => split ? record.Text("PostProcess") : string.Empty))
        {
            string suffix = part.Key.Length > 0 && part.Key != "None" ? ", after " + part.Key : string.Empty;
            ReportRecord[] rows = [.. part];
            Func<ReportRecord, string> name = SectionParts.Naming(records, split ? keys.Where(key => key != "PostProcess") : keys, "Prototypes");
            double clusters = rows.Select(row => row.Number("Clusters")).Where(double.IsFinite).DefaultIfEmpty(double.NaN).Max();
            double clean = rows.Select(row => row.Number("CleanCrossModalAccuracy")).Where(double.IsFinite).DefaultIfEmpty(double.NaN).Max();
            figures.Add(Curve(rows, name, "RetrievalAccuracy", "Part of the prototypes that find their own cluster", "utility-retrieval", "Retrieval against ε" + suffix, ("By chance", 1 / clusters)));
            figures.Add(Curve(rows, name, "Cosine", "Mean cosine to the clean prototype", "utility-cosine", "Cosine to the clean prototype against ε" + suffix));
            figures.Add(Curve(rows, name, "CrossModalAccuracy", "Part that finds its other modality", "utility-cross-modal", "Cross-modal accuracy against ε" + suffix, ("Without noise", clean)));
        }

        yield return SectionParts.Section(
            "Privacy against utility",
            "Small ε is strong privacy and much noise. Each curve shows how much use is left of the released prototypes at each ε: whether a prototype is still nearest to its own cluster, and its cosine to the mean without noise (1 is untouched, 0 is unrelated). A mechanism without ε is a dashed level.",
            records,
            figures);
    }

    /// <summary>Membership inference: how well an attacker tells whether a record was in a cluster.</summary>
    /// <param name="records">The rows.</param>
    public static IEnumerable<ReportSection> Membership(IReadOnlyList<ReportRecord> records)
    {
        Func<ReportRecord, string> name = SectionParts.Naming(records, ["Epsilon", "Attack", "Mechanism", "Modality", "Neighboring"], records[0].Text("Mechanism"));
        Func<ReportRecord, string> line = SectionParts.Naming(records, ["Mechanism", "Attack", "Modality", "Neighboring"], "Attack");
        IGrouping<string, ReportRecord>[] groups = [.. records.GroupBy(name)];
        FigureSeries Bars(string property, string label) => new(label, [.. groups.Select((group, i) => Mean(i, group, property)).Where(point => double.IsFinite(point.Y))]);
        yield return SectionParts.Section(
            "Membership inference",
            "An attacker sees a released prototype and asks whether a certain record was in it. Guessing has an area under the ROC curve of 0.5 and an advantage of 0; certainty has 1 of both. The best possible attack on the same data is shown beside the measured one.",
            records,
            [
                new ReportFigure
                {
                    Name = "membership-advantage",
                    Title = "The attacker's advantage over guessing",
                    Kind = FigureKind.Bar,
                    Horizontal = ReportFigure.LieDown(groups.Select(group => group.Key)),
                    X = new FigureAxis(string.Empty, FigureScale.Category) { Categories = [.. groups.Select(group => group.Key)] },
                    Y = new FigureAxis("Advantage (0 is guessing, 1 certainty)") { Zero = true },
                    Series = [.. new[] { Bars("Advantage", "Measured"), Bars("TheoreticalAdvantage", "Best possible attack") }.Where(series => series.Points.Count > 0)],
                    Note = SectionParts.ErrorNote + (groups.Any(group => group.Skip(1).Any()) ? " Averaged over clusters." : string.Empty),
                },
                Curve(records, line, "Auc", "Area under the ROC curve", "membership-auc", "Area under the ROC curve against ε", ("Guessing", 0.5)),
                Curve(records, line, "TruePositiveRate", "Members found at a low false-positive rate", "membership-tpr", "Members found against ε"),
            ]);
    }

    /// <summary>Empirical privacy: the ε that releases prove, beside the ε that is claimed.</summary>
    /// <param name="records">The rows.</param>
    public static IEnumerable<ReportSection> Empirical(IReadOnlyList<ReportRecord> records)
    {
        double[] claims = [.. records.Select(record => record.Number("ClaimedEpsilon")).Where(claim => claim > 0 && double.IsFinite(claim)).Distinct()];
        int violated = records.Count(record => record.Flag("IsViolated"));
        int planted = records.Count(record => record.Flag("IsViolated") && record.Number("NoiseScale") < 1);
        string convicted = violated == 0
            ? "Here no audit convicts."
            : string.Create(CultureInfo.InvariantCulture, $"Here {violated} of {records.Count} audits {(violated == 1 ? "convicts" : "convict")}")
                + (planted == violated ? ", as it should: its noise was made smaller on purpose, to see that the audit notices." : planted > 0 ? string.Create(CultureInfo.InvariantCulture, $", {planted} of them where the noise was made smaller on purpose.") : ".");
        yield return SectionParts.Section(
            "Empirical privacy",
            "Repeated releases on two neighbouring datasets prove that ε is at least the lower bound, with the stated confidence. A bound above the claim convicts the mechanism; a bound below it is what an honest one shows. " + convicted,
            records,
            claims.Length > 1
                ? [Proven(records, claims, "EpsilonLowerBound", "empirical-epsilon", "ε proven against ε claimed"), Proven(records, claims, "GaussianEpsilonLowerBound", "empirical-epsilon-gaussian", "ε proven if the noise is Gaussian")]
                : [ProvenBars(records)]);
    }

    private static string NoiseName(ReportRecord record) =>
        double.IsFinite(record.Number("NoiseScale")) && record.Number("NoiseScale") != 1 ? " · noise × " + ReportNumber.Format(record.Number("NoiseScale")) : string.Empty;

    // Bounds over claims, with the claim itself as the line to stay below; what claims nothing becomes a level.
    private static ReportFigure Proven(IReadOnlyList<ReportRecord> records, double[] claims, string property, string file, string title)
    {
        Func<ReportRecord, string> name = SectionParts.Naming(records, ["Mechanism", "ClusterId", "Modality", "Neighboring"], "Proven");
        double first = claims.Min(), last = claims.Max();
        FigureScale scale = SectionParts.ScaleOf(claims);
        var series = new List<FigureSeries>();
        foreach (IGrouping<string, ReportRecord> group in records.Where(record => double.IsFinite(record.Number(property)) && (scale != FigureScale.Log || record.Number(property) > 0)).GroupBy(record => name(record) + NoiseName(record)))
        {
            FigurePoint[] points = [.. group.Where(record => double.IsFinite(record.Number("ClaimedEpsilon"))).Select(record => new FigurePoint(record.Number("ClaimedEpsilon"), record.Number(property))).OrderBy(point => point.X)];
            series.Add(points.Length > 0
                ? new FigureSeries(group.Key, points)
                : new FigureSeries(group.Key + " (claims none)", [new(first, group.Max(record => record.Number(property))), new(last, group.Max(record => record.Number(property)))]) { IsReference = true });
        }

        return new ReportFigure
        {
            Name = file,
            Title = title,
            Kind = FigureKind.Line,
            X = new FigureAxis("ε that is claimed", scale),
            Y = new FigureAxis("ε that is proven, at least", scale),
            Series = [.. series, new FigureSeries("As claimed", [new(first, first), new(last, last)]) { IsReference = true }],
            Note = "What lies above the line \u201cAs claimed\u201d has too little noise. Bounds of 0 are left out where the axes are logarithmic.",
        };
    }

    private static ReportFigure ProvenBars(IReadOnlyList<ReportRecord> records)
    {
        Func<ReportRecord, string> name = SectionParts.Naming(records, ["ClaimedEpsilon", "Mechanism", "ClusterId", "Modality", "Neighboring"], records[0].Text("Mechanism").Length > 0 ? records[0].Text("Mechanism") : "Mechanism");
        string[] categories = [.. records.Select(record => name(record) + NoiseName(record))];
        FigureSeries Bars(string property, string label) => new(label, [.. records.Select((record, i) => new FigurePoint(i, record.Number(property))).Where(point => double.IsFinite(point.Y))]);
        return new ReportFigure
        {
            Name = "empirical-epsilon",
            Title = "ε proven and ε claimed",
            Kind = FigureKind.Bar,
            Horizontal = ReportFigure.LieDown(categories),
            X = new FigureAxis(string.Empty, FigureScale.Category) { Categories = categories },
            Y = new FigureAxis("ε") { Zero = true },
            Series =
            [
                .. new[] { Bars("EpsilonLowerBound", "Proven, any noise"), Bars("GaussianEpsilonLowerBound", "Proven, if the noise is Gaussian"), Bars("ClaimedEpsilon", "Claimed") }
                    .Where(series => series.Points.Count > 0),
            ],
        };
    }

    // A curve over ε for each name; rows without ε become levels.
    private static ReportFigure Curve(IReadOnlyList<ReportRecord> rows, Func<ReportRecord, string> name, string metric, string axis, string file, string title, params (string Name, double Value)[] levels)
    {
        double[] epsilons = [.. rows.Where(row => double.IsFinite(row.Number(metric))).Select(row => row.Number("Epsilon")).Where(double.IsFinite).Distinct()];
        bool sweep = epsilons.Length > 1;
        var series = new List<FigureSeries>();
        foreach (IGrouping<string, ReportRecord> group in sweep ? rows.GroupBy(name) : [])
        {
            FigurePoint[] points = SectionParts.Points(group, "Epsilon", metric);
            if (metric != "Cosine")
            {
                // The others are parts of one, and so are the ends of their intervals.
                points = Array.ConvertAll(points, point => point with { Low = Math.Max(0, point.Low), High = Math.Min(1, point.High) });
            }

            double level = group.Select(row => row.Number(metric)).Where(double.IsFinite).DefaultIfEmpty(double.NaN).Average();
            if (points.Length > 0)
            {
                series.Add(new FigureSeries(group.Key, points));
            }
            else if (double.IsFinite(level))
            {
                series.Add(Level(group.Key + " (no ε)", level));
            }
        }

        if (series.Count > 0)
        {
            series.AddRange(levels.Where(level => double.IsFinite(level.Value)).Select(level => Level(level.Name, level.Value)));
        }

        // A cosine may be negative, but where it is not, nothing beyond 0 and 1 is shown.
        bool isPart = metric == "Cosine" && series.Count > 0 && series.SelectMany(item => item.Points).All(point => point.Y is >= 0 and <= 1 && !(point.Low < 0) && !(point.High > 1));
        return new ReportFigure
        {
            Name = file,
            Title = title,
            Kind = FigureKind.Line,
            X = new FigureAxis("ε (smaller is more private)", SectionParts.ScaleOf(epsilons)),
            Y = new FigureAxis(axis) { Min = isPart ? 0 : null, Max = isPart ? 1 : null },
            Series = series,
            Note = SectionParts.ErrorNote,
        };

        FigureSeries Level(string label, double value) => new(label, [new(epsilons.Min(), value), new(epsilons.Max(), value)]) { IsReference = true };
    }

    private static FigurePoint Mean(double x, IEnumerable<ReportRecord> rows, string property)
    {
        (double Value, double Error)[] values = [.. rows.Select(row => (row.Number(property), row.Number(property + "StandardError"))).Where(value => double.IsFinite(value.Item1))];
        (double mean, double error) = values.Length == 0 ? (double.NaN, double.NaN) : SectionParts.Mean(values);
        FigurePoint point = FigurePoint.WithError(x, mean, error);
        return point with { High = Math.Min(1, point.High) };
    }
}
