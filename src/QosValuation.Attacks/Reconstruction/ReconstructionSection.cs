using QosValuation.Reporting.Figures;
using QosValuation.Reporting.Page;

namespace QosValuation.Attacks.Reconstruction;

/// <summary>Reconstructions in a report: the pictures, their scores, and the score over the steps.</summary>
internal sealed class ReconstructionSection() : ResultSection<QosValuation.Reconstruction>(
    700,
    nameof(QosValuation.Reconstruction.ClusterId),
    nameof(QosValuation.Reconstruction.Score),
    nameof(QosValuation.Reconstruction.ReferenceSimilarity),
    nameof(QosValuation.Reconstruction.Steps))
{
    private const int MostTraces = 8;

    /// <inheritdoc/>
    public override ReportSection Build(IReadOnlyList<ReportRecord> records, ReportContext context)
    {
        bool referenced = records.Any(record => double.IsFinite(record.Number("ReferenceSimilarity")));
        bool targeted = records.All(record => record.Text("Target").Length > 0);
        string attack = records[0].Text("Method").Length > 0 ? records[0].Text("Method") : "Attack";
        Func<ReportRecord, string> name = SectionParts.Naming(
            records, targeted ? ["Target", "Method"] : ["ClusterId", "Modality", "Method"], "Reconstruction", "ClusterId", "Modality", "Start");
        Func<ReportRecord, string> method = SectionParts.Naming(records, ["Method", "Modality"], attack, "Target", "ClusterId", "Start");
        string quantity = referenced ? "Cosine to the truth" : "Cosine to the released vector";
        string property = referenced ? "ReferenceSimilarity" : "Score";
        var traces = records.Select(record => (Name: name(record), Trace: record.Numbers("ScoreTrace"))).Where(item => item.Trace.Length > 1).Take(MostTraces);
        FigurePoint[] Points(double[] trace) =>
            SectionParts.Thin([.. trace.Select((score, i) => new FigurePoint(i + 1, score)).Where(point => double.IsFinite(point.Y))], 200);
        ReportFigure[] figures =
        [
            ReconstructionFigures.Means("reconstruction", "How near the reconstructions come", quantity, records, method, property, "DecoySimilarity"),
            ReconstructionFigures.Perceived("reconstruction-perceptual", records, method),
            new()
            {
                Name = "reconstruction-trace",
                Title = "The attack's score over its steps",
                Kind = FigureKind.Line,
                X = new FigureAxis("Step"),
                Y = new FigureAxis("Mean cosine over augmented views"),
                Series = [.. traces.Select(item => new FigureSeries(item.Name, Points(item.Trace)))],
                Note = records.Count > MostTraces ? SectionParts.Say($"The first {MostTraces} of {records.Count} attacks.") : string.Empty,
            },
        ];
        string missing = string.Empty;
        var pictures = new List<ReportPicture>();
        foreach (ReportRecord record in records.OrderByDescending(record => record.Flag("IsStrongest")).Where(HasPicture))
        {
            if (pictures.Count == ReconstructionFigures.MostPictures)
            {
                missing = SectionParts.Say($" The first {ReconstructionFigures.MostPictures} pictures are shown.");
                break;
            }

            string caption = name(record) + ": " + quantity.ToLowerInvariant() + " " + ReportNumber.Format(record.Number(property), 3);
            if (ReconstructionFigures.Picture(record, context.PictureFolders, caption) is ReportPicture picture)
            {
                pictures.Add(picture);
            }
        }

        return SectionParts.Section(
            "Reconstruction attack",
            "What an attacker who knows the encoder makes of a released vector. " + quantity + " is 1 where the attack is perfect; compare it with the "
                + "cosine to decoys, which a guess about any other record would reach. Only what lies above that is a leak." + missing,
            records,
            figures,
            "ScoreTrace",
            "Image",
            "Embedding") with
        { Pictures = pictures };
    }

    private static bool HasPicture(ReportRecord record) => record.Length("Image") > 0 || record.Text("ImagePath").Length > 0;
}
