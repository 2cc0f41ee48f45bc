using System.Globalization;
using QosValuation.Onnx.Model;
using QosValuation.Privacy.Mechanisms;
using QosValuation.Reporting.Page;

namespace QosValuation.Markets.Reports;

/// <summary>What an ε costs and buys, in sentences made from the results themselves.</summary>
internal static class PrivacySummary
{
    // Of several mechanisms the summary speaks of the strongest guarantee.
    private static readonly string[] Mechanisms = [.. NoiseMechanisms.All.Where(mechanism => mechanism.IsFormal).Select(mechanism => mechanism.Name.ToString())];

    /// <summary>Makes the summary.</summary>
    /// <param name="of">The results of a kind, by the name of its type.</param>
    /// <param name="epsilon">The ε that it speaks of: 1 where a result has it, else the nearest on a logarithmic scale.</param>
    /// <returns>No parts where the results do not tell of any ε.</returns>
    public static IReadOnlyList<SummaryPart> Of(Func<string, IReadOnlyList<ReportRecord>> of, out double epsilon)
    {
        ReportRecord[] prototypes = [.. of("DpPrototype").Where(IsFormal)];
        ReportRecord[] utility = [.. of("PrototypeUtility")];
        ReportRecord[] membership = [.. of("MembershipInference")];
        ReportRecord[] empirical = [.. of("EmpiricalPrivacy")];
        ReportRecord[] figure7 = [.. of("Figure7Row").Where(record => !record.Has("Attacks"))];
        double[] all =
        [
            .. prototypes.Concat(utility).Concat(membership).Concat(figure7.Where(record => record.Text("Release").EndsWith("Ours", StringComparison.Ordinal))).Select(record => record.Number("Epsilon")),
            .. empirical.Select(record => record.Number("ClaimedEpsilon")),
        ];
        double chosen = all.Where(value => double.IsFinite(value) && value > 0).OrderBy(value => Math.Abs(Math.Log(value))).FirstOrDefault(double.NaN);
        epsilon = chosen;
        if (double.IsNaN(chosen))
        {
            return [];
        }

        bool At(ReportRecord record) => record.Number("Epsilon", "ClaimedEpsilon") == chosen;
        ReportRecord[] released = Preferred(prototypes.Where(At));
        List<string> costs = [.. Noise(released), .. Kept(utility.Where(At)), .. KeptByPrototypes(released)];
        double delta = released.Concat(utility.Where(At)).Concat(membership.Where(At)).Concat(empirical.Where(At)).Select(record => record.Number("Delta")).FirstOrDefault(double.IsFinite, double.NaN);
        List<string> buys = [.. Guarantee(chosen, delta), .. Inference(membership.Where(At), membership), .. Audit(empirical.Where(At), chosen), .. Reconstruction(figure7, chosen)];
        List<string> worth = [.. Worth(of("DataValue"), of("TokenGrant"))];
        return
        [
            .. new[] { new SummaryPart("It costs", costs), new SummaryPart("It buys", buys), new SummaryPart("What is at stake", worth) }.Where(part => part.Sentences.Count > 0),
        ];
    }

    /// <summary>The largest advantage over guessing that (ε, δ)-differential privacy leaves to any attacker who knows all but one record (Kairouz, Oh and Viswanath 2015).</summary>
    /// <param name="epsilon">ε.</param>
    /// <param name="delta">δ.</param>
    /// <returns>(e^ε − 1 + 2δ)/(e^ε + 1), in [0, 1].</returns>
    internal static double LargestAdvantage(double epsilon, double delta) => Math.Min(1, Math.Tanh(epsilon / 2) + 2 * delta / (Math.Exp(epsilon) + 1));

    // Seeded prototypes show what their ε costs as well as private ones do; that they are none is said beside it.
    private static bool IsFormal(ReportRecord record) => !record.Has("IsFormal") || record.Flag("IsFormal") || record.Flag("IsSeeded");

    private static ReportRecord[] Preferred(IEnumerable<ReportRecord> records)
    {
        ReportRecord[] all = [.. records];
        string? best = Mechanisms.FirstOrDefault(mechanism => all.Any(record => record.Text("Mechanism") == mechanism));
        return best is null ? [] : [.. all.Where(record => record.Text("Mechanism") == best)];
    }

    private static string Say(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    private static string Number(double value) => ReportNumber.Format(value, 3);

    private static string Range(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Where(double.IsFinite).Order()];
        return sorted.Length == 0 ? "–" : sorted[0] == sorted[^1] ? Number(sorted[0]) : Number(sorted[0]) + " to " + Number(sorted[^1]);
    }

    private static IEnumerable<string> Noise(ReportRecord[] released)
    {
        if (released.Length == 0)
        {
            yield break;
        }

        double[] lengths = [.. released.Where(record => record["Vector"] is float[] { Length: > 0 }).Select(record => record.Number("Sigma") * Math.Sqrt(((float[])record["Vector"]!).Length)).Order()];
        string length = lengths.Length == 0 ? string.Empty : Say($" In the median release the noise vector is about {Number(lengths[lengths.Length / 2])} long; the mean that it hides is at most 1 long.");
        yield return Say($"Noise: σ = {Range(released.Select(record => record.Number("Sigma")))} on each coordinate ({released[0].Text("Mechanism")}), for clusters of {Range(released.Select(record => record.Number("Count")))} records: the smaller the cluster, the more noise.{length}");
        if (released.Any(record => record.Flag("IsSeeded")))
        {
            yield return "The noise of these prototypes came from a seed: whoever knows it can take the noise away, so they are no private release.";
        }
    }

    private static IEnumerable<string> Kept(IEnumerable<ReportRecord> utility)
    {
        ReportRecord[] rows = Preferred(utility);
        ReportRecord[] plain = [.. rows.Where(record => record.Text("PostProcess") is "" or "None")];
        foreach (IGrouping<string, ReportRecord> modality in plain.GroupBy(record => record.Text("Modality")))
        {
            ReportRecord row = modality.First();
            string which = modality.Key.Length > 0 ? modality.Key.ToLowerInvariant() + " prototypes" : "prototypes";
            double chance = 1 / row.Number("Clusters");
            string guess = double.IsFinite(chance) ? Say($"; guessing finds {ReportNumber.Percent(chance)}") : string.Empty;
            yield return Say($"Accuracy: {ReportNumber.Percent(row.Number("RetrievalAccuracy"))} of the {which} still find their own cluster, against 100\u00a0% without noise{guess}. Their mean cosine to the clean prototype is {Number(row.Number("Cosine"))} (1 without noise).");
        }

        // Only what finds more than the same prototypes without it is worth a sentence.
        double Found(ReportRecord record) => record.Number("RetrievalAccuracy");
        double without = plain.Select(Found).Where(double.IsFinite).DefaultIfEmpty(double.NegativeInfinity).Max();
        ReportRecord? best = rows.Where(record => record.Text("PostProcess") is not ("" or "None") && Found(record) > without).MaxBy(Found);
        if (best is not null)
        {
            yield return Say($"Post-processing costs no privacy; the best here ({best.Text("PostProcess")}{(best.Text("Modality").Length > 0 ? ", " + best.Text("Modality").ToLowerInvariant() : string.Empty)}) finds {ReportNumber.Percent(Found(best))} with a cosine of {Number(best.Number("Cosine"))}.");
        }
        else if (rows.Length > plain.Length)
        {
            yield return "Post-processing costs no privacy; none that was tried here finds more.";
        }
    }

    private static IEnumerable<string> KeptByPrototypes(ReportRecord[] released)
    {
        ReportRecord[] measured = [.. released.Where(record => double.IsFinite(record.Number("CosineToClean")))];
        if (measured.Length > 0)
        {
            string found = measured.All(record => record.Has("FindsOwnCluster"))
                ? Say($", and {measured.Count(record => record.Flag("FindsOwnCluster"))} of {measured.Length} still find their own cluster")
                : string.Empty;
            yield return Say($"Of the prototypes released here, the mean cosine to the clean one is {Number(measured.Average(record => record.Number("CosineToClean")))} (1 without noise){found}.");
        }
    }

    private static IEnumerable<string> Guarantee(double epsilon, double delta)
    {
        string with = double.IsFinite(delta) ? " and δ = " + Number(delta) : string.Empty;
        yield return Say($"A guarantee against every attacker: at ε = {Number(epsilon)}{with}, one who knows all other records tells whether a certain record was used with an advantage of at most {ReportNumber.Percent(LargestAdvantage(epsilon, double.IsFinite(delta) ? delta : 0))} over guessing (a coin has 0\u00a0%, certainty 100\u00a0%). Each further release of the same records adds to ε.");
    }

    private static IEnumerable<string> Inference(IEnumerable<ReportRecord> at, IReadOnlyList<ReportRecord> all)
    {
        // The strongest kind of attack, over all clusters: the single cluster on which luck was greatest would say too much.
        var strongest = Attacks(Preferred(at)).OrderByDescending(attack => attack.Auc).FirstOrDefault();
        if (strongest == default)
        {
            yield break;
        }

        string uncertainty = double.IsFinite(strongest.AdvantageError) ? Say($" ± {ReportNumber.Format(196 * strongest.AdvantageError, 2)}\u00a0%") : string.Empty;
        string bound = double.IsFinite(strongest.WorstAuc) ? Say($"; no data allow more than an area of {Number(strongest.WorstAuc)}") : string.Empty;
        var none = Attacks([.. all.Where(record => record.Text("Mechanism") == "ImageDp")]).OrderByDescending(attack => attack.Auc).FirstOrDefault();
        string compared = none == default ? string.Empty : Say($" Against ImageDp, which has no guarantee, the same attack has an advantage of {ReportNumber.Percent(none.Advantage)}.");
        string over = strongest.Clusters > 1 ? Say($", on average over {strongest.Clusters} clusters,") : string.Empty;
        yield return Say($"As measured, the strongest membership attack{over} has an advantage of {ReportNumber.Percent(strongest.Advantage)}{uncertainty} and an area under the ROC curve of {Number(strongest.Auc)} (0.5 is guessing{bound}).{compared}");
    }

    private static IEnumerable<(double Auc, double Advantage, double AdvantageError, double WorstAuc, int Clusters)> Attacks(IReadOnlyList<ReportRecord> records) =>
        records.Where(record => double.IsFinite(record.Number("Advantage")) && double.IsFinite(record.Number("Auc")))
            .GroupBy(record => (record.Text("Attack"), record.Text("Modality")))
            .Select(group =>
            {
                (double advantage, double error) = SectionParts.Mean([.. group.Select(record => (record.Number("Advantage"), record.Number("AdvantageStandardError")))]);
                return (group.Average(record => record.Number("Auc")), advantage, error, group.Max(record => record.Number("WorstCaseAuc")), group.Count());
            });

    private static IEnumerable<string> Audit(IEnumerable<ReportRecord> at, double epsilon)
    {
        ReportRecord[] rows = [.. at.Where(record => double.IsFinite(record.Number("EpsilonLowerBound")) && !(record.Number("NoiseScale") < 1))];
        if (rows.Length == 0)
        {
            yield break;
        }

        double largest = rows.Max(record => record.Number("EpsilonLowerBound"));
        double trials = rows.Max(record => record.Number("Trials"));
        yield return largest > epsilon
            ? Say($"The audit found a fault: repeated releases prove ε of at least {Number(largest)}, more than the {Number(epsilon)} that is claimed.")
            : Say($"The audit found no fault: {(double.IsFinite(trials) ? Number(trials) + " repeated releases" : "repeated releases")} prove ε of at least {Number(largest)}, which does not exceed the {Number(epsilon)} that is claimed.");
    }

    private static IEnumerable<string> Reconstruction(IReadOnlyList<ReportRecord> figure7, double epsilon)
    {
        double Mean(IEnumerable<ReportRecord> rows, string property) => rows.Select(row => row.Number(property)).Where(double.IsFinite).DefaultIfEmpty(double.NaN).Average();
        ReportRecord[] ours = [.. figure7.Where(row => row.Text("Release") == "Image-Ours" && row.Number("Epsilon") == epsilon)];
        ReportRecord[] clean = [.. figure7.Where(row => row.Text("Release") == "None")];
        if (ours.Length > 0)
        {
            string compared = clean.Length > 0 ? Say($"; without noise it is {Number(Mean(clean, "AttackScore"))} to its own and {Number(Mean(clean, "Decoy"))} to others") : string.Empty;
            yield return Say($"A picture reconstructed from a release has a cosine of {Number(Mean(ours, "AttackScore"))} to the truth of its own cluster and of {Number(Mean(ours, "Decoy"))} to other clusters, over {ours.Length} attacks{compared}. Only the difference between own and others tells of this cluster.");
        }
    }

    private static IEnumerable<string> Worth(IReadOnlyList<ReportRecord> values, IReadOnlyList<ReportRecord> grants)
    {
        if (values.Count > 0)
        {
            yield return Say($"The records of {values.Count} contributors are worth f(d) = {Range(values.Select(record => record.Number("Value")))} each, {Number(values.Sum(record => record.Number("Value")))} together.");
        }

        IGrouping<string, ReportRecord>? scheme = grants.GroupBy(record => record.Text("Scheme")).OrderByDescending(group => group.Key == "Proposed").FirstOrDefault();
        if (scheme is not null)
        {
            double tokens = scheme.Sum(record => record.Number("Tokens"));
            double value = scheme.Sum(record => record.Number("Value"));
            yield return Say($"{(scheme.Key.Length > 0 ? "The scheme " + scheme.Key : "The scheme")} grants {Number(tokens)} tokens to {scheme.Count()} agents, {Number(tokens / value)} for a unit of value.");
        }
    }
}
