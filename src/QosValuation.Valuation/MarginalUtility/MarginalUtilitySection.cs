using QosValuation.Reporting.Figures;
using QosValuation.Reporting.Page;

namespace QosValuation.Valuation.MarginalUtility;

/// <summary>Marginal utilities in a report: bars with whiskers, one figure a method and run.</summary>
internal sealed class MarginalUtilitySection() : ResultSection<QosValuation.MarginalUtility>(
    1020,
    nameof(QosValuation.MarginalUtility.Item),
    nameof(QosValuation.MarginalUtility.Value),
    nameof(QosValuation.MarginalUtility.StandardError),
    nameof(QosValuation.MarginalUtility.Evaluations))
{
    private const int MostBars = 40;
    private const string ByMethod = nameof(QosValuation.MarginalUtility.Method);
    private const string ByContributor = nameof(QosValuation.MarginalUtility.Contributor);
    private const string ByItem = nameof(QosValuation.MarginalUtility.Item);

    /// <inheritdoc/>
    public override ReportSection Build(IReadOnlyList<ReportRecord> records, ReportContext context)
    {
        Func<ReportRecord, string> run = SectionParts.Naming(records, [ByMethod], records[0].Text(ByMethod), ByContributor, ByItem);
        return SectionParts.Section(
            "Marginal utility",
            "What each item, or each contributor, adds to a learner's utility on test data: above 0 it helps, below 0 it harms. Exact methods have no "
                + "whiskers. Values rescaled to 0.001 … 1 depend on who else takes part and do not resist invented identities.",
            records,
            records.GroupBy(run).Select(group => Figure(group.Key, [.. group])));
    }

    private static ReportFigure Figure(string name, ReportRecord[] rows)
    {
        ReportRecord[] sorted = [.. rows.OrderByDescending(record => record.Number("Value"))];
        bool isLong = sorted.Length > MostBars;
        ReportRecord[] shown = isLong ? [.. sorted.Take(MostBars / 2), .. sorted.TakeLast(MostBars / 2)] : sorted;
        return ReportFigure.Bars(
            "marginal-utility",
            "Marginal utility, " + name,
            "Value",
            shown.Select(record => (NameOf(record), record.Number("Value"), record.Number("StandardError") is > 0 and double error ? error : double.NaN))) with
        {
            Note = (isLong ? SectionParts.Say($"The {MostBars / 2} largest and the {MostBars / 2} smallest of {sorted.Length} values. ") : string.Empty)
                + SectionParts.ErrorNote,
        };
    }

    private static string NameOf(ReportRecord record) => record.Text(ByItem) is { Length: > 0 } item ? item : record.Text(ByContributor);
}
