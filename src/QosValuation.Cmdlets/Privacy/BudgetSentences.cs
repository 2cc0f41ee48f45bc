using System.Globalization;
using QosValuation.Privacy.Budgets;

namespace QosValuation.Cmdlets.Privacy;

/// <summary>What a user is told of charges to a privacy budget, before and after them.</summary>
internal static class BudgetSentences
{
    // More names than that nobody reads in a question.
    private const int Shown = 10;

    /// <summary>Says what releases would charge every contributor, and what each would have left.</summary>
    /// <param name="budget">The budget.</param>
    /// <param name="clusters">The number of clusters.</param>
    /// <param name="prototypes">The number of prototypes.</param>
    /// <param name="preview">What each contributor would be charged.</param>
    /// <returns>A sentence; those with the least left come first.</returns>
    public static string Plan(PrivacyBudget budget, int clusters, int prototypes, IReadOnlyList<PrivacyChargePreview> preview)
    {
        return $"Release {Count(prototypes, "prototype")} of {Count(clusters, "cluster")} and {Charges(budget, preview)}";
    }

    /// <summary>Says what a private training would charge every client, and what each would have left.</summary>
    /// <param name="budget">The budget.</param>
    /// <param name="rounds">The rounds of each algorithm.</param>
    /// <param name="algorithms">The number of algorithms.</param>
    /// <param name="preview">What each client would be charged.</param>
    /// <returns>A sentence; those with the least left come first.</returns>
    public static string PlanTraining(PrivacyBudget budget, int rounds, int algorithms, IReadOnlyList<PrivacyChargePreview> preview) =>
        $"Train {Count(rounds, "round")} of {Count(algorithms, "algorithm")} and {Charges(budget, preview)}";

    /// <summary>Says what of a charged training never left, because the pipeline was stopped.</summary>
    /// <param name="budget">The budget.</param>
    /// <param name="told">The rounds that left whole.</param>
    /// <param name="rounds">The rounds that were charged.</param>
    /// <returns>A sentence.</returns>
    public static string LostTraining(PrivacyBudgetStore budget, long told, long rounds) =>
        $"All {rounds} rounds had been charged to '{budget.Budget.Path}' before training ended early: {told} went through the pipeline, and the rest is lost.";

    private static string Charges(PrivacyBudget budget, IReadOnlyList<PrivacyChargePreview> preview)
    {
        string[] parts =
        [
            .. preview.OrderBy(row => row.Remaining).Take(Shown).Select(row => string.Create(
                CultureInfo.CurrentCulture,
                $"'{row.Contributor}' ε = {row.Needed:G4} for {Count(row.Releases, "release")}, which leaves ε = {row.Remaining:G4} of {budget.Epsilon:G4}")),
        ];
        string others = preview.Count > Shown ? $"; {preview.Count - Shown} other contributors have more left" : string.Empty;
        return $"charge '{budget.Path}' at δ = {budget.Delta:G3}: {(parts.Length == 0 ? "nobody" : string.Join("; ", parts))}{others}.";
    }

    /// <summary>Says what was charged and never left, because the pipeline was stopped.</summary>
    /// <param name="budget">The budget.</param>
    /// <param name="charges">What was charged, in the order in which it leaves.</param>
    /// <param name="delivered">How much of it left.</param>
    /// <returns>A sentence.</returns>
    public static string Lost(PrivacyBudgetStore budget, IReadOnlyList<PrivacyCharge> charges, int delivered)
    {
        PrivacyCharge[] lost = [.. charges.Skip(delivered)];
        string releases = string.Join(", ", lost.Take(Shown).Select(charge => $"cluster {charge.Released.ClusterId} {charge.Released.Modality}"));
        IReadOnlyDictionary<string, double> costs = budget.EpsilonOf(lost);
        string contributors = string.Join(
            ", ",
            costs.OrderByDescending(cost => cost.Value).Take(Shown)
                .Select(cost => string.Create(CultureInfo.CurrentCulture, $"'{cost.Key}' ε = {cost.Value:G4}")));
        return $"The pipeline was stopped after {Count(charges.Count, "prototype")} had been charged to '{budget.Budget.Path}': "
            + $"{delivered} went through it, and "
            + $"{lost.Length} were charged and are lost ({releases}{Rest(lost.Length)}). They cost {contributors}{Rest(costs.Count)}.";
    }

    private static string Rest(int count) => count > Shown ? $" and {count - Shown} others" : string.Empty;

    private static string Count(int count, string noun) => count == 1 ? $"1 {noun}" : $"{count} {noun}s";
}
