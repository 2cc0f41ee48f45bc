using System.Globalization;
using QosValuation.Reporting;

namespace QosValuation.Runner;

/// <content>The results as one HTML page, the same that Export-QosReport writes.</content>
internal sealed partial class Reproduction
{
    // One row an item: too long to read, and in its CSV file for those who want it.
    private static readonly HashSet<string> Unreported = new(StringComparer.Ordinal) { "dataset", "retrieval" };

    private readonly ReportBuilder _report = new() { PictureFolders = [options.Output] };
    private readonly List<KeyValuePair<string, TimeSpan>> _timings = [];

    /// <summary>Writes a table as CSV and takes its rows into the report.</summary>
    private string Save(ResultTable table)
    {
        if (!Unreported.Contains(table.Name))
        {
            foreach (IEnumerable<KeyValuePair<string, object?>> row in table.Records())
            {
                _report.Add(new ReportRecord(string.Empty, row));
            }
        }

        return table.Save(options.Output);
    }

    private void WriteReport(TimeSpan elapsed)
    {
        foreach ((string experiment, string finding, string file) in _summary)
        {
            _report.Add(new ReportRecord("Findings", [new("Experiment", experiment), new("Finding", finding), new("File", file)]));
        }

        string path = Path.Combine(options.Output, "report.html");
        ReportFiles.SavePage(_report.Build("QoS-aware token scheduling and private data valuation: the experiments", DateTimeOffset.Now, Facts(elapsed)), path, cancellation: cancellation);
        _summary.Add(("Report", "all of this as one page with plots", Path.GetFileName(path)));
    }

    private IEnumerable<KeyValuePair<string, string>> Facts(TimeSpan elapsed)
    {
        yield return new("Seed", options.Seed.ToString(CultureInfo.InvariantCulture));
        yield return new("Data", options.Annotations is not null ? Path.GetFileName(options.Annotations) : options.Images is not null ? "a folder of photographs" : "generated scenes");
        yield return new("Encoder", options.Model is null ? "clip-mini" : Path.GetFileName(options.Model));
        yield return new("Privacy", string.Create(CultureInfo.InvariantCulture, $"ε = {options.Epsilon}, δ = {options.Delta}"));
        yield return new("Γ", options.NoveltyThreshold.ToString(CultureInfo.InvariantCulture));
        yield return new("Simulation rounds", options.Rounds.ToString(CultureInfo.InvariantCulture));
        foreach (KeyValuePair<string, string> version in ReportBuilder.Versions())
        {
            yield return version;
        }

        yield return new("Time", string.Create(CultureInfo.InvariantCulture, $"{elapsed.TotalSeconds:F0} s: {string.Join(", ", _timings.Select(timing => string.Create(CultureInfo.InvariantCulture, $"{timing.Key} {timing.Value.TotalSeconds:F1} s")))}"));
    }
}
