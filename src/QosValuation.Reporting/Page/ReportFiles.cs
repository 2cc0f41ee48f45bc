using QosValuation.Foundation.IO;
using QosValuation.Reporting.Figures;

namespace QosValuation.Reporting.Page;

/// <summary>The forms in which figures are written for papers.</summary>
public enum FigureFormat
{
    /// <summary>Scalable vector graphics.</summary>
    Svg,

    /// <summary>Pixels, twice as many as the drawing's.</summary>
    Png,
}

/// <summary>Writes reports and their figures to files, each whole or not at all.</summary>
public static class ReportFiles
{
    private const string XmlDeclaration = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";

    /// <summary>Writes the page.</summary>
    /// <param name="report">The report.</param>
    /// <param name="path">The file.</param>
    /// <param name="onFigure">Called before each figure is drawn, with how many are done.</param>
    /// <param name="cancellation">Stops before the next figure; nothing is written then.</param>
    /// <exception cref="QosValuationException">ReportNotWritable.</exception>
    public static void SavePage(Report report, string path, Action<int>? onFigure = null, CancellationToken cancellation = default)
    {
        int done = 0;
        Save(path, stream => HtmlReportWriter.Write(report, stream, (id, figure) =>
        {
            cancellation.ThrowIfCancellationRequested();
            onFigure?.Invoke(done++);
            return FigureRenderer.Shared.Svg(id, figure);
        }));
    }

    /// <summary>The files that <see cref="SaveFigures"/> writes.</summary>
    /// <param name="report">The report.</param>
    /// <param name="folder">The folder.</param>
    /// <param name="formats">The forms.</param>
    public static IEnumerable<string> FigureFiles(Report report, string folder, IReadOnlyCollection<FigureFormat> formats)
    {
        ArgumentNullException.ThrowIfNull(report);
        return report.Figures().SelectMany(figure => formats.Distinct().Select(format => FileOf(folder, figure.Id, format)));
    }

    /// <summary>Writes the figures, a file for each figure and form.</summary>
    /// <param name="report">The report.</param>
    /// <param name="folder">The folder; created where it does not exist, and its files of the same names replaced.</param>
    /// <param name="formats">The forms.</param>
    /// <param name="toPng">Turns an SVG document in UTF-8 into a PNG file.</param>
    /// <param name="cancellation">Stops before the next figure; the files written so far stay.</param>
    /// <returns>The files' paths as they are written.</returns>
    /// <exception cref="QosValuationException">ReportNotWritable.</exception>
    public static IEnumerable<string> SaveFigures(
        Report report, string folder, IReadOnlyCollection<FigureFormat> formats, Func<byte[], byte[]> toPng, CancellationToken cancellation = default)
    {
        foreach ((string id, ReportFigure figure) in report.Figures())
        {
            foreach (FigureFormat format in formats.Distinct())
            {
                cancellation.ThrowIfCancellationRequested();
                string path = FileOf(folder, id, format);
                byte[] content = format == FigureFormat.Svg
                    ? System.Text.Encoding.UTF8.GetBytes(XmlDeclaration + FigureRenderer.Shared.Svg(id, figure, 720, withTitle: true) + "\n")
                    : FigureRenderer.Shared.Png(id, figure, toPng);
                Save(path, stream => stream.Write(content));
                yield return path;
            }
        }
    }

    private static string FileOf(string folder, string id, FigureFormat format) => Path.Combine(folder, id + "." + format.ToString().ToLowerInvariant());

    private static void Save(string path, Action<Stream> write)
    {
        try
        {
            AtomicFile.Write(path, write);
        }
        catch (IOException error) when (DiskFaults.IsDiskFull(error))
        {
            throw new QosValuationException(
                Faults.ReportNotWritable, FaultKind.LimitReached,
                $"The disk is full: '{path}' could not be written. Make room, or choose another disk.", path, error);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new QosValuationException(
                Faults.ReportNotWritable, $"'{path}' could not be written: {error.Message} Choose another folder, or make room.", path, error);
        }
    }
}
