using QosValuation.Embeddings.Prototypes;
using QosValuation.Reporting.Figures;
using QosValuation.Reporting.Page;

namespace QosValuation.Attacks.Auditing;

/// <summary>Empirical privacy in a report: the ε that releases prove, beside the ε that is claimed.</summary>
internal sealed class EmpiricalPrivacySection() : ResultSection<EmpiricalPrivacy>(
    600, nameof(EmpiricalPrivacy.Mechanism), nameof(EmpiricalPrivacy.ClaimedEpsilon), nameof(EmpiricalPrivacy.EpsilonLowerBound))
{
    private static readonly string[] Keys = ["Mechanism", "ClusterId", "Modality", "Neighboring"];

    /// <inheritdoc/>
    public override ReportSection Build(IReadOnlyList<ReportRecord> records, ReportContext context)
    {
        double[] claims = [.. records.Select(record => record.Number("ClaimedEpsilon")).Where(claim => claim > 0 && double.IsFinite(claim)).Distinct()];
        return SectionParts.Section(
            "Empirical privacy",
            "Repeated releases on two neighbouring datasets prove that ε is at least the lower bound, with the stated confidence. A bound above the claim "
                + "convicts the mechanism; a bound below it is what an honest one shows. " + Verdict(records),
            records,
            claims.Length > 1
                ?
                [
                    Proven(records, claims, "EpsilonLowerBound", "empirical-epsilon", "ε proven against ε claimed"),
                    Proven(records, claims, "GaussianEpsilonLowerBound", "empirical-epsilon-gaussian", "ε proven if the noise is Gaussian"),
                ]
                : [ProvenBars(records)]);
    }

    /// <inheritdoc/>
    public override IEnumerable<PrivacyTerms> Terms(IReadOnlyList<ReportRecord> records) =>
        records.Select(record => new PrivacyTerms(record.Number("ClaimedEpsilon"), record.Number("Delta")));

    /// <inheritdoc/>
    public override IEnumerable<SummarySentence> Summarise(IReadOnlyList<ReportRecord> records, PrivacyTerms terms)
    {
        ReportRecord[] at = [.. records.Where(record => record.Number("ClaimedEpsilon") == terms.Epsilon)];
        if (at.Length == 0)
        {
            yield break;
        }

        yield return PrivacySentences.Guarantee(terms);

        // A fault that was planted convicts the plant, not the mechanism.
        ReportRecord[] rows = [.. at.Where(record => double.IsFinite(record.Number("EpsilonLowerBound")) && !(record.Number("NoiseScale") < 1))];
        if (rows.Length == 0)
        {
            yield break;
        }

        double largest = rows.Max(record => record.Number("EpsilonLowerBound"));
        double trials = rows.Max(record => record.Number("Trials"));
        string proven = ReportNumber.Format(largest, 3), claimed = ReportNumber.Format(terms.Epsilon, 3);
        string releases = double.IsFinite(trials) ? ReportNumber.Format(trials, 3) + " repeated releases" : "repeated releases";
        yield return new(
            SummaryHeading.Buys,
            300,
            largest > terms.Epsilon
                ? SectionParts.Say($"The audit found a fault: repeated releases prove ε of at least {proven}, more than the {claimed} that is claimed.")
                : SectionParts.Say($"The audit found no fault: {releases} prove ε of at least {proven}, which does not exceed the {claimed} that is claimed."));
    }

    private static string Verdict(IReadOnlyList<ReportRecord> records)
    {
        int violated = records.Count(record => record.Flag("IsViolated"));
        int planted = records.Count(record => record.Flag("IsViolated") && record.Number("NoiseScale") < 1);
        return violated == 0
            ? "Here no audit convicts."
            : SectionParts.Say($"Here {violated} of {records.Count} audits {(violated == 1 ? "convicts" : "convict")}")
                + (planted == violated ? ", as it should: its noise was made smaller on purpose, to see that the audit notices."
                    : planted > 0 ? SectionParts.Say($", {planted} of them where the noise was made smaller on purpose.") : ".");
    }

    private static string NoiseName(ReportRecord record) =>
        double.IsFinite(record.Number("NoiseScale")) && record.Number("NoiseScale") != 1
            ? " · noise × " + ReportNumber.Format(record.Number("NoiseScale"))
            : string.Empty;

    // Bounds over claims, with the claim itself as the line to stay below; what claims nothing becomes a level.
    private static ReportFigure Proven(IReadOnlyList<ReportRecord> records, double[] claims, string property, string file, string title)
    {
        Func<ReportRecord, string> name = SectionParts.Naming(records, Keys, "Proven", "ClaimedEpsilon", "NoiseScale");
        double first = claims.Min(), last = claims.Max();
        FigureScale scale = SectionParts.ScaleOf(claims);
        var series = new List<FigureSeries>();
        IEnumerable<ReportRecord> drawn = records.Where(record =>
            double.IsFinite(record.Number(property)) && (scale != FigureScale.Log || record.Number(property) > 0));
        foreach (IGrouping<string, ReportRecord> group in drawn.GroupBy(record => name(record) + NoiseName(record)))
        {
            FigurePoint[] points =
            [
                .. group.Where(record => double.IsFinite(record.Number("ClaimedEpsilon")))
                    .Select(record => new FigurePoint(record.Number("ClaimedEpsilon"), record.Number(property)))
                    .OrderBy(point => point.X),
            ];
            double level = group.Max(record => record.Number(property));
            series.Add(points.Length > 0
                ? new FigureSeries(group.Key, points)
                : new FigureSeries(group.Key + " (claims none)", [new(first, level), new(last, level)]) { IsReference = true });
        }

        return new ReportFigure
        {
            Name = file,
            Title = title,
            Kind = FigureKind.Line,
            X = new FigureAxis("ε that is claimed", scale),
            Y = new FigureAxis("ε that is proven, at least", scale),
            Series = [.. series, new FigureSeries("As claimed", [new(first, first), new(last, last)]) { IsReference = true }],
            Note = "What lies above the line \u201cAs claimed\u201d has too little noise. Bounds of 0 are left out where the axes are logarithmic.",
        };
    }

    private static ReportFigure ProvenBars(IReadOnlyList<ReportRecord> records)
    {
        string mechanism = records[0].Text("Mechanism");
        Func<ReportRecord, string> name = SectionParts.Naming(
            records, ["ClaimedEpsilon", .. Keys], mechanism.Length > 0 ? mechanism : "Mechanism", "NoiseScale");
        string[] categories = [.. records.Select(record => name(record) + NoiseName(record))];
        FigureSeries Bars(string property, string label) =>
            new(label, [.. records.Select((record, i) => new FigurePoint(i, record.Number(property))).Where(point => double.IsFinite(point.Y))]);
        FigureSeries[] all =
        [
            Bars("EpsilonLowerBound", "Proven, any noise"),
            Bars("GaussianEpsilonLowerBound", "Proven, if the noise is Gaussian"),
            Bars("ClaimedEpsilon", "Claimed"),
        ];
        return new ReportFigure
        {
            Name = "empirical-epsilon",
            Title = "ε proven and ε claimed",
            Kind = FigureKind.Bar,
            Horizontal = ReportFigure.LieDown(categories),
            X = new FigureAxis(string.Empty, FigureScale.Category) { Categories = categories },
            Y = new FigureAxis("ε") { Zero = true },
            Series = [.. all.Where(series => series.Points.Count > 0)],
        };
    }
}
