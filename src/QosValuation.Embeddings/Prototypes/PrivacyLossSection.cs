using QosValuation.Reporting.Figures;
using QosValuation.Reporting.Page;

namespace QosValuation.Embeddings.Prototypes;

/// <summary>Composed privacy losses in a report.</summary>
internal sealed class PrivacyLossSection() : ResultSection<PrivacyLoss>(
    300, nameof(PrivacyLoss.Epsilon), nameof(PrivacyLoss.Delta), nameof(PrivacyLoss.Releases), nameof(PrivacyLoss.Mu))
{
    /// <inheritdoc/>
    public override ReportSection Build(IReadOnlyList<ReportRecord> records, ReportContext context)
    {
        string accountant = records[0].Text("Accountant");
        Func<ReportRecord, string> name = SectionParts.Naming(
            records, ["Accountant", "Releases", "Delta"], accountant.Length == 0 ? "Loss" : accountant, nameof(PrivacyLoss.Epsilon));
        (string Name, double Value, double StandardError) Bar(ReportRecord record) => (name(record), record.Number("Epsilon"), double.NaN);
        return SectionParts.Section(
            "Privacy loss of all releases together",
            "ε bounds how far the released numbers can shift an observer's belief about one record: by at most a factor e^ε, but for a chance of δ. "
                + "Smaller is more private; ∞ means that some release has no guarantee.",
            records,
            records.Count > 1 ? [ReportFigure.Bars("privacy-loss", "ε of all releases together", "ε", records.Select(Bar))] : []);
    }
}
