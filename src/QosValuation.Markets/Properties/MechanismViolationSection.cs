using QosValuation.Reporting.Figures;
using QosValuation.Reporting.Page;

namespace QosValuation.Markets.Properties;

/// <summary>Violations in a report: which mechanism breaks which property, and what that gains.</summary>
internal sealed class MechanismViolationSection() : ResultSection<MechanismViolation>(
    1490, nameof(MechanismViolation.Property), nameof(MechanismViolation.Mechanism), nameof(MechanismViolation.Agents), nameof(MechanismViolation.Gain))
{
    /// <inheritdoc/>
    public override ReportSection Build(IReadOnlyList<ReportRecord> records, ReportContext context)
    {
        ReportRecord[] shown = [.. records.Take(40)];
        return SectionParts.Section(
            "Broken promises of mechanisms",
            "Each row is a small market in which a mechanism breaks a property: who deviates, what it costs them, what they report, and what they gain "
                + "together. Of IndividualRationality the gain is the loss of an honest provider; of Budget it is what the payments exceed.",
            records,
            [
                ReportFigure.Bars(
                    "violation-gain",
                    "Gain of the deviation, as a part of the budget",
                    "Gain over the budget",
                    shown.Select((record, i) => (
                        $"{record.Text(nameof(MechanismViolation.Mechanism))} · {record.Text(nameof(MechanismViolation.Property))}{Again(shown, i)}",
                        record.Number(nameof(MechanismViolation.Gain)) / record.Number(nameof(MechanismViolation.Budget)),
                        double.NaN))),
            ],
            nameof(MechanismViolation.Offers),
            nameof(MechanismViolation.HonestOffers),
            nameof(MechanismViolation.Traders),
            nameof(MechanismViolation.Distance),
            nameof(MechanismViolation.MemberGains),
            nameof(MechanismViolation.Command));
    }

    private static string Again(ReportRecord[] records, int index)
    {
        string Key(ReportRecord record) => record.Text(nameof(MechanismViolation.Mechanism)) + record.Text(nameof(MechanismViolation.Property));
        int before = records.Take(index).Count(record => Key(record) == Key(records[index]));
        return before == 0 ? string.Empty : $" ({before + 1})";
    }
}
