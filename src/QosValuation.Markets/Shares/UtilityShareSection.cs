using QosValuation.Allocation.Fairness;
using QosValuation.Reporting.Figures;
using QosValuation.Reporting.Page;

namespace QosValuation.Markets.Shares;

/// <summary>Utility shares in a report: each provider's part of the pool, and how unequal the parts are.</summary>
internal sealed class UtilityShareSection() : ResultSection<UtilityShare>(
    1460, nameof(UtilityShare.Contributor), nameof(UtilityShare.Share), nameof(UtilityShare.Payout), nameof(UtilityShare.Utility))
{
    private const int MostBars = 40;

    /// <inheritdoc/>
    public override ReportSection Build(IReadOnlyList<ReportRecord> records, ReportContext context)
    {
        IGrouping<string, ReportRecord>[] runs =
        [
            .. records.GroupBy(SectionParts.Naming(
                records, [nameof(UtilityShare.Pool), nameof(UtilityShare.RiskAversion)], "Payouts", nameof(UtilityShare.Contributor))),
        ];
        return SectionParts.Section(
            "Utility shares",
            "Each provider's part of the pool, by quality times marginal utility. Utility is what the payout is worth at the provider's risk aversion "
                + "γ; an empty payout is worth −∞ where γ is 1 or more.",
            records,
            [
                ReportFigure.Bars(
                    "utility-shares",
                    "Payout by provider, the largest first",
                    "Payout s·U",
                    runs[0].OrderByDescending(record => record.Number(nameof(UtilityShare.Payout))).Take(MostBars)
                        .Select(record => (record.Text(nameof(UtilityShare.Contributor)), record.Number(nameof(UtilityShare.Payout)), double.NaN))),
                FairnessFigures.Lorenz(runs.Select(run =>
                    new FigureSeries(run.Key, SectionParts.Lorenz(run.Select(record => record.Number(nameof(UtilityShare.Payout))))))),
            ]);
    }
}
