using QosValuation.Reporting.Figures;
using QosValuation.Reporting.Page;

namespace QosValuation.Reporting.Benchmarks;

/// <summary>Measurements in a report: how many times as fast as its peer each kind of work is, the goals, and how noisy the run was.</summary>
internal sealed class BenchmarkResultSection() : ResultSection<BenchmarkResult>(
    2000, nameof(BenchmarkResult.Work), nameof(BenchmarkResult.Peer), nameof(BenchmarkResult.Ratio), nameof(BenchmarkResult.Verdict))
{
    /// <inheritdoc/>
    public override ReportSection Build(IReadOnlyList<ReportRecord> records, ReportContext context)
    {
        ReportRecord[] measured = [.. records.Where(record => double.IsFinite(record.Number(nameof(BenchmarkResult.Ratio))))];
        string Name(ReportRecord record) => record.Text(nameof(BenchmarkResult.Work)) + " / " + record.Text(nameof(BenchmarkResult.Peer));
        ReportFigure[] figures =
        [
            ReportFigure.Bars(
                "benchmark",
                "Ours beside the peer or limit",
                "Peer's time over ours",
                measured.Select(record => (Name(record), record.Number(nameof(BenchmarkResult.Ratio)), double.NaN))),
        ];
        string noise = SectionParts.Range(measured.Select(record => record.Number(nameof(BenchmarkResult.Noise))));
        string load = SectionParts.Range(records.Select(record => record.Number(nameof(BenchmarkResult.Load))));
        int missed = records.Count(record => record.Text(nameof(BenchmarkResult.Verdict)) == "missed");
        return SectionParts.Section(
            "Measurements beside peers",
            "A ratio above 1 means that ours is faster than the peer; beside a limit of the machine, such as a plain copy, it is the part of the limit that is "
                + SectionParts.Say($"reached. {missed} of {records.Count} rows miss their goal. The turns of a row differ by {noise} of its ratio, ")
                + SectionParts.Say($"and {load} programs wanted a processor: where that is more than the machine has, trust rows by processor time only."),
            records,
            figures);
    }
}
