using QosValuation.Embeddings.Prototypes;
using QosValuation.Reporting.Figures;
using QosValuation.Reporting.Page;

namespace QosValuation.Attacks.Auditing;

/// <summary>The privacy–utility curve in a report: what is left of a prototype over ε.</summary>
internal sealed class PrototypeUtilitySection() : ResultSection<PrototypeUtility>(
    400,
    nameof(PrototypeUtility.Mechanism),
    nameof(PrototypeUtility.Epsilon),
    nameof(PrototypeUtility.RetrievalAccuracy),
    nameof(PrototypeUtility.Cosine))
{
    private const string ByPostProcess = nameof(PrototypeUtility.PostProcess);

    private static readonly string[] Keys = ["Mechanism", "Modality", ByPostProcess, "Neighboring", "Unit"];

    /// <inheritdoc/>
    public override ReportSection Build(IReadOnlyList<ReportRecord> records, ReportContext context)
    {
        var figures = new List<ReportFigure>();

        // Many series are told apart better in a figure for each post-processing.
        Func<ReportRecord, string> full = SectionParts.Naming(records, Keys, "Prototypes", "Epsilon");
        bool split = records.Select(full).Distinct(StringComparer.Ordinal).Count() > 8;
        Func<ReportRecord, string> name = split
            ? SectionParts.Naming(records, [.. Keys.Where(key => key != ByPostProcess)], "Prototypes", "Epsilon", ByPostProcess)
            : full;
        foreach (IGrouping<string, ReportRecord> part in records.GroupBy(record => split ? record.Text(ByPostProcess) : string.Empty))
        {
            string suffix = part.Key.Length > 0 && part.Key != "None" ? ", after " + part.Key : string.Empty;
            ReportRecord[] rows = [.. part];
            double clusters = rows.Select(row => row.Number("Clusters")).Where(double.IsFinite).DefaultIfEmpty(double.NaN).Max();
            double clean = rows.Select(row => row.Number("CleanCrossModalAccuracy")).Where(double.IsFinite).DefaultIfEmpty(double.NaN).Max();
            figures.Add(EpsilonCurve.Of(
                rows,
                name,
                "RetrievalAccuracy",
                "Part of the prototypes that find their own cluster",
                "utility-retrieval",
                "Retrieval against ε" + suffix,
                ("By chance", 1 / clusters)));
            figures.Add(EpsilonCurve.Of(
                rows, name, "Cosine", "Mean cosine to the clean prototype", "utility-cosine", "Cosine to the clean prototype against ε" + suffix));
            figures.Add(EpsilonCurve.Of(
                rows,
                name,
                "CrossModalAccuracy",
                "Part that finds its other modality",
                "utility-cross-modal",
                "Cross-modal accuracy against ε" + suffix,
                ("Without noise", clean)));
        }

        return SectionParts.Section(
            "Privacy against utility",
            "Small ε is strong privacy and much noise. Each curve shows how much use is left of the released prototypes at each ε: whether a prototype is "
                + "still nearest to its own cluster, and its cosine to the mean without noise (1 is untouched, 0 is unrelated). A mechanism without ε "
                + "is a dashed level.",
            records,
            figures);
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
        ReportRecord[] rows = PrivacySentences.Preferred(at);
        ReportRecord[] plain = [.. rows.Where(record => record.Text(ByPostProcess) is "" or "None")];
        foreach (IGrouping<string, ReportRecord> modality in plain.GroupBy(record => record.Text("Modality")))
        {
            ReportRecord row = modality.First();
            string which = modality.Key.Length > 0 ? modality.Key.ToLowerInvariant() + " prototypes" : "prototypes";
            double chance = 1 / row.Number("Clusters");
            string guess = double.IsFinite(chance) ? SectionParts.Say($"; guessing finds {ReportNumber.Percent(chance)}") : string.Empty;
            yield return new(
                SummaryHeading.Costs,
                200,
                SectionParts.Say($"Accuracy: {ReportNumber.Percent(row.Number("RetrievalAccuracy"))} of the {which} still find their own cluster, ")
                    + SectionParts.Say($"against 100\u00a0% without noise{guess}. ")
                    + SectionParts.Say($"Their mean cosine to the clean prototype is {ReportNumber.Format(row.Number("Cosine"), 3)} (1 without noise)."));
        }

        // Only what finds more than the same prototypes without it is worth a sentence.
        static double Found(ReportRecord record) => record.Number("RetrievalAccuracy");
        double without = plain.Select(Found).Where(double.IsFinite).DefaultIfEmpty(double.NegativeInfinity).Max();
        ReportRecord? best = rows.Where(record => record.Text(ByPostProcess) is not ("" or "None") && Found(record) > without).MaxBy(Found);
        if (best is not null)
        {
            string kind = best.Text(ByPostProcess) + (best.Text("Modality").Length > 0 ? ", " + best.Text("Modality").ToLowerInvariant() : string.Empty);
            yield return new(
                SummaryHeading.Costs,
                210,
                SectionParts.Say($"Post-processing costs no privacy; the best here ({kind}) finds {ReportNumber.Percent(Found(best))} ")
                    + SectionParts.Say($"with a cosine of {ReportNumber.Format(best.Number("Cosine"), 3)}."));
        }
        else if (rows.Length > plain.Length)
        {
            yield return new(SummaryHeading.Costs, 210, "Post-processing costs no privacy; none that was tried here finds more.");
        }
    }
}
