using QosValuation.Privacy.Accounting;
using QosValuation.Privacy.Mechanisms;
using QosValuation.Reporting.Page;

namespace QosValuation.Embeddings.Prototypes;

/// <summary>What sections on private releases share when they add to a report's summary.</summary>
public static class PrivacySentences
{
    // Of several mechanisms the summary speaks of the strongest guarantee.
    private static readonly string[] Mechanisms = 
        [.. NoiseMechanisms.All.Where(mechanism => mechanism.IsFormal).Select(mechanism => mechanism.Name.ToString())];

    /// <summary>The rows of the formal mechanism with the strongest guarantee among some rows; none where no mechanism is formal.</summary>
    /// <param name="records">Rows with the property Mechanism.</param>
    public static ReportRecord[] Preferred(IEnumerable<ReportRecord> records)
    {
        ReportRecord[] all = [.. records];
        string? best = Mechanisms.FirstOrDefault(mechanism => all.Any(record => record.Text("Mechanism") == mechanism));
        return best is null ? [] : [.. all.Where(record => record.Text("Mechanism") == best)];
    }

    /// <summary>What a guarantee says of every attacker. All sections say it in the same words, so that the summary has it once.</summary>
    /// <param name="terms">The guarantee.</param>
    public static SummarySentence Guarantee(PrivacyTerms terms)
    {
        string delta = double.IsFinite(terms.Delta) ? " and δ = " + ReportNumber.Format(terms.Delta, 3) : string.Empty;
        string advantage = ReportNumber.Percent(MembershipAdvantage.Largest(terms.Epsilon, double.IsFinite(terms.Delta) ? terms.Delta : 0));
        return new(
            SummaryHeading.Buys,
            100,
            SectionParts.Say($"A guarantee against every attacker: at ε = {ReportNumber.Format(terms.Epsilon, 3)}{delta}, one who knows all other records ")
                + SectionParts.Say($"tells whether a certain record was used with an advantage of at most {advantage} over guessing ")
                + "(a coin has 0\u00a0%, certainty 100\u00a0%). Each further release of the same records adds to ε.");
    }
}
