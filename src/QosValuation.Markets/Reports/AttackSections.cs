using System.Globalization;
using QosValuation.Embeddings.Images;
using QosValuation.Onnx.Model;
using QosValuation.Reporting.Figures;
using QosValuation.Reporting.Page;

namespace QosValuation.Markets.Reports;

/// <summary>Sections on what attackers make of released vectors.</summary>
internal static class AttackSections
{
    private const int MostPictures = 24;
    private const int MostTraces = 8;
    private const long LargestPicture = 8 << 20;

    /// <summary>Reconstructions: the pictures, their scores, and the score over the steps.</summary>
    /// <param name="records">The rows.</param>
    /// <param name="folders">Where pictures of relative paths are looked for.</param>
    public static IEnumerable<ReportSection> Reconstructions(IReadOnlyList<ReportRecord> records, IReadOnlyList<string> folders)
    {
        bool referenced = records.Any(record => double.IsFinite(record.Number("ReferenceSimilarity")));
        Func<ReportRecord, string> name = SectionParts.Naming(records, records.All(record => record.Text("Target").Length > 0) ? ["Target", "Method"] : ["ClusterId", "Modality", "Method"], "Reconstruction");
        Func<ReportRecord, string> method = SectionParts.Naming(records, ["Method", "Modality"], records[0].Text("Method").Length > 0 ? records[0].Text("Method") : "Attack");
        string quantity = referenced ? "Cosine to the truth" : "Cosine to the released vector";
        string property = referenced ? "ReferenceSimilarity" : "Score";
        var traces = records.Select(record => (Name: name(record), Trace: record.Numbers("ScoreTrace"))).Where(item => item.Trace.Length > 1).Take(MostTraces).ToArray();
        var figures = new List<ReportFigure>
        {
            Means("reconstruction", "How near the reconstructions come", quantity, records, method, property, "DecoySimilarity"),
            new()
            {
                Name = "reconstruction-trace",
                Title = "The attack's score over its steps",
                Kind = FigureKind.Line,
                X = new FigureAxis("Step"),
                Y = new FigureAxis("Mean cosine over augmented views"),
                Series = [.. traces.Select(item => new FigureSeries(item.Name, SectionParts.Thin([.. item.Trace.Select((score, i) => new FigurePoint(i + 1, score)).Where(point => double.IsFinite(point.Y))], 200)))],
                Note = records.Count > MostTraces ? string.Create(CultureInfo.InvariantCulture, $"The first {MostTraces} of {records.Count} attacks.") : string.Empty,
            },
        };
        string missing = string.Empty;
        var pictures = new List<ReportPicture>();
        foreach (ReportRecord record in records.OrderByDescending(record => record.Flag("IsStrongest")).Where(record => record["Image"] is byte[] { Length: > 0 } || record.Text("ImagePath").Length > 0))
        {
            if (pictures.Count == MostPictures)
            {
                missing = string.Create(CultureInfo.InvariantCulture, $" The first {MostPictures} pictures are shown.");
                break;
            }

            if (Picture(record, folders, name(record) + ": " + quantity.ToLowerInvariant() + " " + ReportNumber.Format(record.Number(property), 3)) is ReportPicture picture)
            {
                pictures.Add(picture);
            }
        }

        yield return SectionParts.Section(
            "Reconstruction attack",
            "What an attacker who knows the encoder makes of a released vector. " + quantity + " is 1 where the attack is perfect; compare it with the cosine to decoys, which a guess about any other record would reach. Only what lies above that is a leak." + missing,
            records,
            figures,
            "ScoreTrace",
            "Image",
            "Embedding") with
        { Pictures = pictures };
    }

    /// <summary>Figure 7 of the paper: the attack's score by release, over ε and over Γ.</summary>
    /// <param name="records">The rows, single attacks or their means.</param>
    /// <param name="folders">Where pictures of relative paths are looked for.</param>
    public static IEnumerable<ReportSection> Figure7(IReadOnlyList<ReportRecord> records, IReadOnlyList<string> folders)
    {
        // Means of the same attacks say nothing new.
        ReportRecord[] single = [.. records.Where(record => !record.Has("Attacks"))];
        ReportRecord[] rows = single.Length > 0 ? single : [.. records];
        double gamma = Common(rows, "Gamma");
        bool AtGamma(ReportRecord row) => double.IsNaN(gamma) || row.Number("Gamma") == gamma;
        ReportRecord[] main = [.. rows.Where(row => AtGamma(row) && (!double.IsFinite(row.Number("Epsilon")) || row.Number("Epsilon") == MainEpsilon(rows)))];
        Func<ReportRecord, string> release = SectionParts.Naming(main, ["Release", "Method"], "Release");
        var figures = new List<ReportFigure>
        {
            Means("figure7", "Attack score by release", "Cosine of the reconstruction", main, release, "AttackScore", "Decoy"),
            Over(rows.Where(AtGamma), rows, "Epsilon", "ε of the release"),
            Over(rows.Where(row => row.Number("Epsilon") == MainEpsilon(rows)), rows, "Gamma", "Γ, the records in each cluster"),
        };
        ReportPicture[] pictures =
        [
            .. main.Where(row => row.Text("ImagePath").Length > 0 && (!row.Has("Repeat") || row.Number("Repeat") == 1))
                .OrderBy(row => row.Number("ClusterId"))
                .Select(row => Picture(row, folders, string.Create(CultureInfo.InvariantCulture, $"Cluster {row.Text("ClusterId")}, {release(row)}: score {ReportNumber.Format(row.Number("AttackScore"), 3)}, other clusters {ReportNumber.Format(row.Number("Decoy"), 3)}")))
                .OfType<ReportPicture>()
                .Take(MostPictures),
        ];
        yield return SectionParts.Section(
            "Reconstruction by release (Fig. 7)",
            "The cosine of the reconstructed picture to the clean prototype of its own cluster (the score) and to those of the other clusters. A release protects where the two do not differ; a high score that other clusters reach as well reveals nothing of this one.",
            rows,
            figures,
            "ImagePath",
            "Key") with
        { Pictures = pictures };
    }

    // The mean of a score and of what decoys reach, by name, as bars side by side.
    private static ReportFigure Means(string file, string title, string quantity, IReadOnlyList<ReportRecord> records, Func<ReportRecord, string> name, string score, string decoy)
    {
        IGrouping<string, ReportRecord>[] groups = [.. records.GroupBy(name)];
        FigureSeries Bars(string property, string label) => new(label, [.. groups.Select((group, i) =>
        {
            (double Value, double Error)[] values = [.. group.Select(row => (row.Number(property), row.Number(property + "StandardError"))).Where(value => double.IsFinite(value.Item1))];
            (double mean, double error) = values.Length == 0 ? (double.NaN, double.NaN) : SectionParts.Mean(values);
            return FigurePoint.WithError(i, mean, error);
        }).Where(point => double.IsFinite(point.Y))]);
        return new ReportFigure
        {
            Name = file,
            Title = title,
            Kind = FigureKind.Bar,
            Horizontal = ReportFigure.LieDown(groups.Select(group => group.Key)),
            X = new FigureAxis(string.Empty, FigureScale.Category) { Categories = [.. groups.Select(group => group.Key)] },
            Y = new FigureAxis(quantity) { Zero = true },
            Series = [.. new[] { Bars(score, score == "Score" ? "To the released vector" : "To the truth"), Bars(decoy, "To others (a guess)") }.Where(series => series.Points.Count > 0)],
            Note = SectionParts.ErrorNote,
        };
    }

    private static ReportFigure Over(IEnumerable<ReportRecord> swept, IReadOnlyList<ReportRecord> all, string x, string axis)
    {
        // Only a release that is swept makes a line; the others are levels to compare with.
        ReportRecord[] lines = [.. swept.Where(row => double.IsFinite(row.Number(x))).GroupBy(row => row.Text("Release")).Where(group => group.Select(row => row.Number(x)).Distinct().Skip(1).Any()).SelectMany(group => group)];
        Func<ReportRecord, string> name = SectionParts.Naming(lines, ["Release", "Method"], lines.Length > 0 ? lines[0].Text("Release") : string.Empty);
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

    /// <summary>The ε of the main comparison: 1 where there is such a row, else the one that most rows have.</summary>
    /// <param name="rows">The rows.</param>
    public static double MainEpsilon(IReadOnlyList<ReportRecord> rows) =>
        rows.Any(row => row.Number("Epsilon") == 1) ? 1 : Common([.. rows.Where(row => double.IsFinite(row.Number("Epsilon")))], "Epsilon");

    private static double Common(IReadOnlyList<ReportRecord> rows, string property) =>
        rows.Select(row => row.Number(property)).Where(value => !double.IsNaN(value)).GroupBy(value => value).OrderByDescending(group => group.Count()).ThenByDescending(group => group.Key).Select(group => group.Key).FirstOrDefault(double.NaN);

    private static ReportPicture? Picture(ReportRecord record, IReadOnlyList<string> folders, string caption)
    {
        int side = (int)(double.IsFinite(record.Number("ImageSize")) ? record.Number("ImageSize") : 0);
        if (record["Image"] is byte[] rgb && side > 0 && rgb.Length == 3 * side * side)
        {
            return new ReportPicture(caption, "image/png", ImageWriter.EncodePng(rgb, side, side));
        }

        string path = record.Text("ImagePath");
        string? file = path.Length == 0 ? null : folders.Prepend(string.Empty).Select(folder => Path.Combine(folder, path)).FirstOrDefault(candidate => Path.IsPathRooted(candidate) && File.Exists(candidate));
        if (file is null || new FileInfo(file).Length > LargestPicture)
        {
            return null;
        }

        // What a file is, its first bytes tell; nothing but these two goes into a page.
        byte[] content = File.ReadAllBytes(file);
        return content.AsSpan().StartsWith((ReadOnlySpan<byte>)[0x89, 0x50, 0x4E, 0x47])
            ? new ReportPicture(caption, "image/png", content)
            : content.AsSpan().StartsWith((ReadOnlySpan<byte>)[0xFF, 0xD8, 0xFF]) ? new ReportPicture(caption, "image/jpeg", content) : null;
    }
}
