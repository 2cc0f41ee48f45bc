using QosValuation.Attacks.Auditing;
using QosValuation.Embeddings.Prototypes;
using QosValuation.Reporting.Figures;
using QosValuation.Reporting.Page;

namespace QosValuation.Attacks.Membership;

/// <summary>Membership inference in a report: how well an attacker tells whether a record was in a cluster.</summary>
internal sealed class MembershipInferenceSection() : ResultSection<MembershipInference>(
    500,
    nameof(MembershipInference.Mechanism),
    nameof(MembershipInference.Epsilon),
    nameof(MembershipInference.Auc),
    nameof(MembershipInference.Advantage))
{
    private const string ByCluster = nameof(MembershipInference.ClusterId);

    /// <inheritdoc/>
    public override ReportSection Build(IReadOnlyList<ReportRecord> records, ReportContext context)
    {
        string[] keys = ["Mechanism", "Attack", "Modality", "Neighboring"];
        Func<ReportRecord, string> name = SectionParts.Naming(
            records, ["Epsilon", "Attack", "Mechanism", "Modality", "Neighboring"], records[0].Text("Mechanism"), ByCluster);
        Func<ReportRecord, string> line = SectionParts.Naming(records, keys, "Attack", ByCluster, "Epsilon");
        IGrouping<string, ReportRecord>[] groups = [.. records.GroupBy(name)];
        FigureSeries Bars(string property, string label) =>
            new(label, [.. groups.Select((group, i) => Capped(SectionParts.MeanPoint(i, group, property))).Where(point => double.IsFinite(point.Y))]);
        FigureSeries[] bars = [Bars("Advantage", "Measured"), Bars("TheoreticalAdvantage", "Best possible attack")];
        return SectionParts.Section(
            "Membership inference",
            "An attacker sees a released prototype and asks whether a certain record was in it. Guessing has an area under the ROC curve of 0.5 and an "
                + "advantage of 0; certainty has 1 of both. The best possible attack on the same data is shown beside the measured one.",
            records,
            [
                new ReportFigure
                {
                    Name = "membership-advantage",
                    Title = "The attacker's advantage over guessing",
                    Kind = FigureKind.Bar,
                    Horizontal = ReportFigure.LieDown(groups.Select(group => group.Key)),
                    X = new FigureAxis(string.Empty, FigureScale.Category) { Categories = [.. groups.Select(group => group.Key)] },
                    Y = new FigureAxis("Advantage (0 is guessing, 1 certainty)") { Zero = true },
                    Series = [.. bars.Where(series => series.Points.Count > 0)],
                    Note = SectionParts.ErrorNote + (groups.Any(group => group.Skip(1).Any()) ? " Averaged over clusters." : string.Empty),
                },
                EpsilonCurve.Of(records, line, "Auc", "Area under the ROC curve", "membership-auc", "Area under the ROC curve against ε", ("Guessing", 0.5)),
                EpsilonCurve.Of(records, line, "TruePositiveRate", $"Members found at {Rate(records)}", "membership-tpr", "Members found against ε"),
            ]);
    }

    /// <inheritdoc/>
    public override IEnumerable<PrivacyTerms> Terms(IReadOnlyList<ReportRecord> records) =>
        records.Select(record => new PrivacyTerms(record.Number("Epsilon"), record.Number("Delta")));

    /// <inheritdoc/>
    public override IEnumerable<SummarySentence> Summarise(IReadOnlyList<ReportRecord> records, PrivacyTerms terms)
    {
        ReportRecord[] at = [.. records.Where(record => record.Number("Epsilon") == terms.Epsilon)];
        if (at.Length == 0)
        {
            yield break;
        }

        yield return PrivacySentences.Guarantee(terms);

        // The strongest kind of attack, over all clusters: the single cluster on which luck was greatest would say too much.
        if (Strongest(PrivacySentences.Preferred(at)) is not Outcome strongest)
        {
            yield break;
        }

        string over = strongest.Clusters > 1 ? SectionParts.Say($", on average over {strongest.Clusters} clusters,") : string.Empty;
        string uncertainty = double.IsFinite(strongest.AdvantageError)
            ? SectionParts.Say($" ± {ReportNumber.Format(196 * strongest.AdvantageError, 2)}\u00a0%")
            : string.Empty;
        string bound = double.IsFinite(strongest.WorstAuc)
            ? SectionParts.Say($"; no data allow more than an area of {ReportNumber.Format(strongest.WorstAuc, 3)}")
            : string.Empty;
        string compared = Strongest([.. records.Where(record => record.Text("Mechanism") == nameof(PrivacyMechanism.ImageDp))]) is Outcome none
            ? SectionParts.Say($" Against ImageDp, which has no guarantee, the same attack has an advantage of {ReportNumber.Percent(none.Advantage)}.")
            : string.Empty;
        yield return new(
            SummaryHeading.Buys,
            200,
            SectionParts.Say($"As measured, the strongest membership attack{over} has an advantage of ")
                + SectionParts.Say($"{ReportNumber.Percent(strongest.Advantage)}{uncertainty} and an area under the ROC curve of ")
                + SectionParts.Say($"{ReportNumber.Format(strongest.Auc, 3)} (0.5 is guessing{bound}).{compared}"));
    }

    // The rate that all rows keep, such as 0.1 %.
    private static string Rate(IReadOnlyList<ReportRecord> records)
    {
        double[] rates = [.. records.Select(record => record.Number(nameof(MembershipInference.FalsePositiveRate))).Where(double.IsFinite).Distinct()];
        return rates.Length == 1 ? $"a false-positive rate of {ReportNumber.Percent(rates[0])}" : "the false-positive rate of each row";
    }

    private static FigurePoint Capped(FigurePoint point) => point with { High = Math.Min(1, point.High) };

    private static Outcome? Strongest(IReadOnlyList<ReportRecord> records) =>
        records.Where(record => double.IsFinite(record.Number("Advantage")) && double.IsFinite(record.Number("Auc")))
            .GroupBy(record => (record.Text("Attack"), record.Text("Modality")))
            .Select(group =>
            {
                (double advantage, double error) = SectionParts.Mean(
                    [.. group.Select(record => (record.Number("Advantage"), record.Number("AdvantageStandardError")))]);
                double auc = group.Average(record => record.Number("Auc"));
                return new Outcome(auc, advantage, error, group.Max(record => record.Number("WorstCaseAuc")), group.Count());
            })
            .OrderByDescending(outcome => outcome.Auc)
            .FirstOrDefault();

    // What one kind of attack achieves over all clusters.
    private sealed record Outcome(double Auc, double Advantage, double AdvantageError, double WorstAuc, int Clusters);
}
