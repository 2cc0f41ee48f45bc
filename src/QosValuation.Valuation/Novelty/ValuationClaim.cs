using System.Globalization;

namespace QosValuation;

/// <summary>
/// The paper's claim of Fig. 6: for every Γ the value of a contribution grows with its quantity while a further record adds less in
/// the second half than in the first, and a larger Γ has more novel records and confirms its first cluster later.
/// </summary>
/// <param name="Slowing">The Γ for which value grows ever more slowly.</param>
/// <param name="Curves">The Γ with at least three quantities, which can tell.</param>
/// <param name="MoreNovel">The steps from one Γ to the next at which novel records increase.</param>
/// <param name="Later">The steps at which the first confirmation comes later.</param>
/// <param name="Steps">The steps from one Γ to the next.</param>
public sealed record ValuationClaim(int Slowing, int Curves, int MoreNovel, int Later, int Steps)
{
    /// <summary>Whether all of it holds.</summary>
    public bool IsShown => Slowing == Curves && MoreNovel == Steps && Later == Steps;

    /// <summary>Measures the claim on the rows of a simulation.</summary>
    /// <param name="rows">The rows, in any order; at least one.</param>
    public static ValuationClaim Of(IEnumerable<ValuationSimulationResult> rows)
    {
        ValuationSimulationResult[][] curves =
        [
            .. rows.GroupBy(row => row.NoveltyThreshold).OrderBy(curve => curve.Key).Select(curve => curve.OrderBy(row => row.Quantity).ToArray()),
        ];
        ValuationSimulationResult[][] telling = [.. curves.Where(curve => curve.Length > 2)];
        (ValuationSimulationResult Smaller, ValuationSimulationResult Larger)[] steps =
            [.. curves.Zip(curves.Skip(1), (smaller, larger) => (smaller[^1], larger[^1]))];
        return new ValuationClaim(
            telling.Count(IsSlowing),
            telling.Length,

            // Where the smaller threshold already makes every clustered record novel there is nothing to gain.
            steps.Count(step => step.Larger.Novel > step.Smaller.Novel || step.Smaller.Normal == 0),

            // Where no cluster is confirmed, privacy waits longer than the data last.
            steps.Count(step =>
                step.Larger.FirstConfirmation is not double first || first > (step.Smaller.FirstConfirmation ?? double.NegativeInfinity)),
            steps.Length);
    }

    /// <summary>The claim in a sentence.</summary>
    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"Value grows ever more slowly for {Slowing} of {Curves} Γ; from one Γ to the next, novel records ")
        + string.Create(CultureInfo.InvariantCulture, $"increase {MoreNovel} and the first confirmation comes later {Later} of {Steps} times.");

    private static bool IsSlowing(ValuationSimulationResult[] curve)
    {
        ValuationSimulationResult middle = curve[curve.Length / 2];
        double early = (middle.Value - curve[0].Value) / (middle.Quantity - curve[0].Quantity);
        double late = (curve[^1].Value - middle.Value) / (curve[^1].Quantity - middle.Quantity);
        return late > 0 && late < early;
    }
}
