using System.Globalization;

namespace QosValuation;

/// <summary>
/// The paper's claim of Fig. 6: for every Γ the value of a contribution grows with its quantity while a further record adds less in
/// the second half than in the first, and a larger Γ has more novel records and confirms its first cluster later.
/// </summary>
/// <param name="Slowing">The Γ for which value grows ever more slowly.</param>
/// <param name="Curves">The Γ with at least three quantities, which can tell.</param>
/// <param name="MoreNovel">The steps from one Γ to the next at which novel records increase.</param>
/// <param name="NovelSteps">The steps that can tell: those whose smaller Γ leaves a clustered record that is not novel.</param>
/// <param name="Later">The steps at which the first confirmation comes later, or not before the data end.</param>
/// <param name="ConfirmationSteps">The steps that can tell: those at which one of both Γ confirms a cluster.</param>
/// <param name="Steps">All steps from one Γ to the next.</param>
public sealed record ValuationClaim(int Slowing, int Curves, int MoreNovel, int NovelSteps, int Later, int ConfirmationSteps, int Steps)
{
    /// <summary>Whether all of it holds wherever the rows can tell; not where there are steps, and none that can.</summary>
    public bool IsShown => Slowing == Curves && MoreNovel == NovelSteps && Later == ConfirmationSteps
        && (Steps == 0 || (NovelSteps > 0 && ConfirmationSteps > 0));

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
            steps.Count(step => step.Smaller.Normal > 0 && step.Larger.Novel > step.Smaller.Novel),

            // Where the smaller threshold already makes every clustered record novel there is nothing to gain.
            steps.Count(step => step.Smaller.Normal > 0),

            // Where no cluster is confirmed, privacy waits longer than the data last.
            steps.Count(step => Confirmation(step.Smaller) < Confirmation(step.Larger)),
            steps.Count(step => double.IsFinite(Confirmation(step.Smaller)) || double.IsFinite(Confirmation(step.Larger))),
            steps.Length);
    }

    /// <summary>The claim in a sentence.</summary>
    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"Value grows ever more slowly for {Slowing} of {Curves} Γ; from one Γ to the next, novel records ")
        + string.Create(CultureInfo.InvariantCulture, $"increase {MoreNovel} of {NovelSteps} times")
        + Untold(NovelSteps, "all were novel already")
        + string.Create(CultureInfo.InvariantCulture, $" and the first confirmation comes later {Later} of {ConfirmationSteps} times")
        + Untold(ConfirmationSteps, "none was confirmed")
        + ".";

    private static double Confirmation(ValuationSimulationResult row) => row.FirstConfirmation ?? double.PositiveInfinity;

    private string Untold(int told, string why) =>
        told == Steps ? string.Empty : string.Create(CultureInfo.InvariantCulture, $" ({why} at {Steps - told} more)");

    private static bool IsSlowing(ValuationSimulationResult[] curve)
    {
        ValuationSimulationResult middle = curve[curve.Length / 2];
        double early = (middle.Value - curve[0].Value) / (middle.Quantity - curve[0].Quantity);
        double late = (curve[^1].Value - middle.Value) / (curve[^1].Quantity - middle.Quantity);
        return late > 0 && late < early;
    }
}
