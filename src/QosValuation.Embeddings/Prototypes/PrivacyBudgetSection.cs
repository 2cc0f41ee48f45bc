using System.Globalization;
using QosValuation.Reporting.Figures;
using QosValuation.Reporting.Page;

namespace QosValuation.Embeddings.Prototypes;

/// <summary>Privacy budgets in a report: what each contributor has spent, and what is left.</summary>
internal sealed class PrivacyBudgetSection() : ResultSection<PrivacyBudget>(
    270, nameof(PrivacyBudget.Path), nameof(PrivacyBudget.Epsilon), nameof(PrivacyBudget.Spent), nameof(PrivacyBudget.Remaining), nameof(PrivacyBudget.Unit))
{
    /// <inheritdoc/>
    public override ReportSection Build(IReadOnlyList<ReportRecord> records, ReportContext context)
    {
        // A budget brings its contributors; one that was saved as CSV tells of the contributor who has spent most alone.
        (string Name, ReportRecord Row)[] rows =
        [
            .. records.SelectMany(record =>
            {
                string file = Path.GetFileName(record.Text(nameof(PrivacyBudget.Path)));
                string budget = records.Count > 1 ? file : string.Empty;
                (string Name, ReportRecord Row)[] contributors =
                [
                    .. record.Inners(nameof(PrivacyBudget.Contributors))
                        .Select(row => (Runs.Join(row.Text(nameof(PrivacySpending.Contributor)), budget), row)),
                ];
                return contributors.Length > 0 ? contributors : [(file, record)];
            }),
        ];
        return SectionParts.Section(
            "Privacy budgets",
            SpendingFigure.HowToRead,
            records,
            SpendingFigure.Of(rows),
            nameof(PrivacyBudget.Contributors));
    }
}

/// <summary>What contributors have spent of privacy budgets in a report.</summary>
internal sealed class PrivacySpendingSection() : ResultSection<PrivacySpending>(
    260, nameof(PrivacySpending.Contributor), nameof(PrivacySpending.Spent), nameof(PrivacySpending.Remaining), nameof(PrivacySpending.Epsilon))
{
    /// <inheritdoc/>
    public override ReportSection Build(IReadOnlyList<ReportRecord> records, ReportContext context)
    {
        Func<ReportRecord, string> runs = Runs.Names(records, nameof(PrivacySpending.Contributor));
        return SectionParts.Section(
            "Privacy spent by contributor",
            SpendingFigure.HowToRead,
            records,
            SpendingFigure.Of([.. records.Select(record => (Runs.Join(record.Text(nameof(PrivacySpending.Contributor)), runs(record)), record))]));
    }
}

/// <summary>The figure that both sections share.</summary>
internal static class SpendingFigure
{
    /// <summary>How to read it.</summary>
    public const string HowToRead =
        "Each contributor has the whole ε of the budget, its limit. Spent is the ε of all releases of a contributor's data together; Remaining is the "
        + "largest ε of one more release. The two do not add up to the limit, because what adds up is μ²: two releases of ε cost less than 2ε together.";

    // More bars than that nobody reads; the table has all.
    private const int MostBars = 40;

    /// <summary>Two bars for each contributor, and the limit as a line.</summary>
    /// <param name="rows">A name and a row with Spent, Remaining and Epsilon for each contributor.</param>
    /// <returns>One figure; none without rows.</returns>
    public static IEnumerable<ReportFigure> Of(IReadOnlyList<(string Name, ReportRecord Row)> rows)
    {
        // Those who have the least left come first.
        (string Name, ReportRecord Row)[] shown = [.. rows.OrderBy(row => row.Row.Number("Remaining")).Take(MostBars)];
        if (shown.Length == 0)
        {
            yield break;
        }

        string[] names = [.. shown.Select(row => row.Name)];
        double[] limits = [.. shown.Select(row => row.Row.Number("Epsilon")).Where(double.IsFinite).Distinct()];
        bool isOneLimit = limits.Length == 1;
        var series = new List<FigureSeries> { Bars("Spent"), Bars("Remaining") };
        if (!isOneLimit)
        {
            series.Add(Bars("Epsilon", "Limit"));
        }

        double[] deltas = [.. shown.Select(row => row.Row.Number("Delta")).Where(double.IsFinite).Distinct()];
        string at = deltas.Length == 1 ? $" at δ = {ReportNumber.Format(deltas[0])}" : string.Empty;
        string limit = isOneLimit ? $"The limit of each contributor is ε = {ReportNumber.Format(limits[0])}{at}." : string.Empty;
        string rest = rows.Count > shown.Length
            ? string.Create(CultureInfo.InvariantCulture, $" The {shown.Length} of {rows.Count} contributors with the least left are shown.")
            : string.Empty;
        yield return new ReportFigure
        {
            Name = "privacy-spending",
            Title = "ε spent and left by contributor",
            Kind = FigureKind.Bar,
            Horizontal = true,
            X = new FigureAxis(string.Empty, FigureScale.Category) { Categories = names },
            Y = new FigureAxis("ε" + at) { Zero = true, Min = 0, Max = isOneLimit ? limits[0] : null },
            Series = series,
            Note = (limit + rest).Trim(),
        };

        FigureSeries Bars(string property, string? label = null) => new(
            label ?? property,
            [.. shown.Select((row, i) => new FigurePoint(i, row.Row.Number(property))).Where(point => double.IsFinite(point.Y))]);
    }
}

/// <summary>Checks of budgets in a report: a row for each fault.</summary>
internal sealed class PrivacyBudgetReportSection() : ResultSection<PrivacyBudgetReport>(
    1750, nameof(PrivacyBudgetReport.IsValid), nameof(PrivacyBudgetReport.IsChained), nameof(PrivacyBudgetReport.Releases), nameof(PrivacyBudgetReport.Charges))
{
    /// <inheritdoc/>
    public override ReportSection Build(IReadOnlyList<ReportRecord> records, ReportContext context)
    {
        int whole = records.Count(record => record.Flag(nameof(PrivacyBudgetReport.IsValid)));
        string[] own =
        [
            nameof(PrivacyBudgetReport.Path), nameof(PrivacyBudgetReport.IsValid), nameof(PrivacyBudgetReport.Releases),
            nameof(PrivacyBudgetReport.Charges), nameof(PrivacyBudgetReport.HeadHash),
        ];
        string[] runs = [.. Runs.Keys(records, nameof(PrivacyBudgetReport.Path))];
        return SectionParts.Section(
            "Checks of privacy budgets",
            SectionParts.Say($"{whole} of {records.Count} are what was written. A budget whose hashes were all written anew, or that was put back, shows only ")
                + "against a hash that was kept elsewhere.",
            records,
            []) with
        {
            Table = SectionParts.FaultTable(records, [.. own, .. runs], nameof(PrivacyBudgetReport.Faults), nameof(PrivacyBudgetFault.Message)),
        };
    }
}
