using QosValuation.Attacks.Auditing;
using QosValuation.Embeddings.Prototypes;
using QosValuation.Reporting.Figures;
using QosValuation.Reporting.Page;

namespace QosValuation.Attacks.Membership;

/// <summary>Membership inference on trained models in a report: how well an attacker tells which records a model was trained on.</summary>
internal sealed class ModelMembershipInferenceSection() : ResultSection<ModelMembershipInference>(
    550,
    nameof(ModelMembershipInference.Learner),
    nameof(ModelMembershipInference.Targets),
    nameof(ModelMembershipInference.Shadows),
    nameof(ModelMembershipInference.Auc),
    nameof(ModelMembershipInference.Advantage))
{
    private static readonly string[] Keys = ["Learner", "Attack"];

    /// <inheritdoc/>
    public override ReportSection Build(IReadOnlyList<ReportRecord> records, ReportContext context)
    {
        Func<ReportRecord, string> name = SectionParts.Naming(records, ["Epsilon", .. Keys], records[0].Text("Learner"));
        Func<ReportRecord, string> line = SectionParts.Naming(records, Keys, records[0].Text("Learner"), "Epsilon");
        IGrouping<string, ReportRecord>[] groups = [.. records.GroupBy(record => Named(record, name(record)))];
        FigurePoint[] bars =
        [
            .. groups.Select((group, i) => SectionParts.MeanPoint(i, group, "Advantage").Within(-1, 1)).Where(point => double.IsFinite(point.Y)),
        ];
        return SectionParts.Section(
            "Membership inference on trained models",
            "An attacker holds a trained model and asks of each record whether the model was trained on it. Guessing has an area under the ROC curve of 0.5 "
                + "and an advantage of 0; certainty has 1 of both. The guesses prove, with the stated confidence, that ε of the training is at least the "
                + "lower bound; a bound above ε would convict the training.",
            records,
            [
                new ReportFigure
                {
                    Name = "model-membership-advantage",
                    Title = "The attacker's advantage over guessing",
                    Kind = FigureKind.Bar,
                    Horizontal = ReportFigure.LieDown(groups.Select(group => group.Key)),
                    X = new FigureAxis(string.Empty, FigureScale.Category) { Categories = [.. groups.Select(group => group.Key)] },
                    Y = new FigureAxis("Advantage (0 is guessing, 1 certainty)") { Zero = true },
                    Series = bars.Length > 0 ? [new FigureSeries("Measured", bars)] : [],
                    Note = SectionParts.ErrorNote,
                },
                EpsilonCurve.Of(records, line, "Auc", "Area under the ROC curve", "model-membership-auc",
                    "Area under the ROC curve against ε", ("Guessing", 0.5)),
                EpsilonCurve.Of(
                    records, line, "TruePositiveRate", "Members found at the false-positive rate", "model-membership-tpr", "Members found against ε"),
            ]);
    }

    /// <inheritdoc/>
    public override IEnumerable<PrivacyTerms> Terms(IReadOnlyList<ReportRecord> records) =>
        records.Select(record => new PrivacyTerms(record.Number("Epsilon"), record.Number("Delta")));

    /// <inheritdoc/>
    public override IEnumerable<SummarySentence> Summarise(IReadOnlyList<ReportRecord> records, PrivacyTerms terms)
    {
        ReportRecord[] at = [.. records.Where(record => record.Number("Epsilon") == terms.Epsilon && double.IsFinite(record.Number("Auc")))];
        if (at.Length == 0)
        {
            yield break;
        }

        yield return PrivacySentences.Guarantee(terms);
        ReportRecord strongest = at.MaxBy(record => record.Number("Auc"))!;
        ReportRecord[] plain = [.. records.Where(record => double.IsNaN(record.Number("Epsilon")) && double.IsFinite(record.Number("Auc")))];
        string compared = plain.Length == 0
            ? string.Empty
            : SectionParts.Say($" Without noise it is {ReportNumber.Format(plain.Max(record => record.Number("Auc")), 3)}.");
        yield return new(
            SummaryHeading.Buys,
            250,
            SectionParts.Say($"Against models trained with it, the strongest membership attack has an area under the ROC curve of ")
                + SectionParts.Say($"{ReportNumber.Format(strongest.Number("Auc"), 3)} (0.5 is guessing).{compared}"));
    }

    // A training without noise has no ε to be named by.
    private static string Named(ReportRecord record, string name) => double.IsNaN(record.Number("Epsilon")) ? Runs.Join("no noise", name) : name;
}
