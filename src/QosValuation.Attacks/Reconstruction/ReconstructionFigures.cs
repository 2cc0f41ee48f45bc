using QosValuation.Embeddings.Images;
using QosValuation.Foundation.IO;
using QosValuation.Reporting.Figures;
using QosValuation.Reporting.Page;

namespace QosValuation.Attacks.Reconstruction;

/// <summary>Figures and pictures that the sections on reconstructions share.</summary>
internal static class ReconstructionFigures
{
    /// <summary>How many pictures a section shows.</summary>
    public const int MostPictures = 24;

    private const long LargestPicture = 8 << 20;

    /// <summary>The mean of a score and of what decoys reach, by name, as bars side by side.</summary>
    /// <param name="file">A file name without extension.</param>
    /// <param name="title">The caption.</param>
    /// <param name="quantity">What the bars measure.</param>
    /// <param name="records">The rows.</param>
    /// <param name="name">The name of a row's bars.</param>
    /// <param name="score">The score's property.</param>
    /// <param name="decoy">The property of what decoys reach.</param>
    public static ReportFigure Means(
        string file, string title, string quantity, IReadOnlyList<ReportRecord> records, Func<ReportRecord, string> name, string score, string decoy)
    {
        (string Label, string Property)[] bars = [(score == "Score" ? "To the released vector" : "To the truth", score), ("To others (a guess)", decoy)];
        return Bars(file, title, quantity, records, name, bars);
    }

    /// <summary>What the encoder that was not attacked says of the pictures, by name, beside what a random other photograph scores.</summary>
    /// <param name="file">A file name without extension.</param>
    /// <param name="records">The rows.</param>
    /// <param name="name">The name of a row's bars.</param>
    /// <param name="own">The property of the likeness to the truth.</param>
    /// <param name="decoy">The property of the likeness to others.</param>
    public static ReportFigure Perceived(
        string file,
        IReadOnlyList<ReportRecord> records,
        Func<ReportRecord, string> name,
        string own = nameof(QosValuation.Reconstruction.PerceptualSimilarity),
        string decoy = nameof(QosValuation.Reconstruction.PerceptualDecoySimilarity)) => Bars(
        file,
        "Likeness to an encoder that was not attacked",
        "Cosine under the judging encoder",
        records,
        name,
        [
            ("To the truth", own),
            ("To others", decoy),
            ("Another photograph to the truth", nameof(QosValuation.Reconstruction.PerceptualBaseline)),
        ]);

    private static ReportFigure Bars(
        string file,
        string title,
        string quantity,
        IReadOnlyList<ReportRecord> records,
        Func<ReportRecord, string> name,
        (string Label, string Property)[] bars)
    {
        IGrouping<string, ReportRecord>[] groups = [.. records.GroupBy(name)];
        IEnumerable<FigureSeries> series = bars.Select(bar => new FigureSeries(
            bar.Label,
            [.. groups.Select((group, i) => SectionParts.MeanPoint(i, group, bar.Property)).Where(point => double.IsFinite(point.Y))]));
        return new ReportFigure
        {
            Name = file,
            Title = title,
            Kind = FigureKind.Bar,
            Horizontal = ReportFigure.LieDown(groups.Select(group => group.Key)),
            X = new FigureAxis(string.Empty, FigureScale.Category) { Categories = [.. groups.Select(group => group.Key)] },
            Y = new FigureAxis(quantity) { Zero = true },
            Series = [.. series.Where(one => one.Points.Count > 0)],
            Note = SectionParts.ErrorNote,
        };
    }

    /// <summary>The picture of a row: its pixels, or the PNG or JPEG file that it names.</summary>
    /// <param name="record">The row.</param>
    /// <param name="folders">Where files of relative paths are looked for.</param>
    /// <param name="caption">What it shows.</param>
    /// <param name="property">The property that names a file.</param>
    /// <returns>Null where there is none, and for any other file and one above 8 MiB.</returns>
    public static ReportPicture? Picture(ReportRecord record, IReadOnlyList<string> folders, string caption, string property = "ImagePath")
    {
        double size = record.Number("ImageSize");
        int side = double.IsFinite(size) ? (int)size : 0;
        byte[] rgb = side > 0 && record.Length("Image") == 3 * side * side ? record.Bytes("Image") : [];
        if (rgb.Length > 0)
        {
            return new ReportPicture(caption, "image/png", ImageWriter.EncodePng(rgb, side, side));
        }

        string path = record.Text(property);
        string? file = path.Length == 0 ? null : folders.Prepend(string.Empty)
            .Select(folder => Path.Combine(folder, path))
            .FirstOrDefault(candidate => Path.IsPathRooted(candidate) && RegularFile.Exists(candidate));
        if (file is null || new FileInfo(file).Length > LargestPicture)
        {
            return null;
        }

        // What a file is, its first bytes tell; nothing but these two goes into a page.
        byte[] content = RegularFile.ReadAllBytes(file);
        return content.AsSpan().StartsWith((ReadOnlySpan<byte>)[0x89, 0x50, 0x4E, 0x47])
            ? new ReportPicture(caption, "image/png", content)
            : content.AsSpan().StartsWith((ReadOnlySpan<byte>)[0xFF, 0xD8, 0xFF]) ? new ReportPicture(caption, "image/jpeg", content) : null;
    }
}
