namespace QosValuation.Tests;

/// <summary>The claim of Fig. 6.</summary>
public sealed class ValuationClaimTests
{
    [Fact]
    public void CountsCurvesAndSteps()
    {
        ValuationSimulationResult[] rows =
        [
            .. Curve(5, [1, 2, 2.5], novel: 10, normal: 5, first: 4),
            .. Curve(10, [1, 2, 3.5], novel: 12, normal: 0, first: 9), // Grows faster in the end.
            .. Curve(20, [1, 2, 2.1], novel: 12, normal: 0, first: null), // Nothing left to gain; never confirmed.
            .. Curve(40, [1, 2, 2.1], novel: 12, normal: 0, first: null), // Neither tells anything of the step before.
        ];
        ValuationClaim claim = ValuationClaim.Of(rows.Reverse());
        Assert.Equal(new ValuationClaim(Slowing: 3, Curves: 4, MoreNovel: 1, NovelSteps: 1, Later: 2, ConfirmationSteps: 2, Steps: 3), claim);
        Assert.False(claim.IsShown);
        Assert.Equal(
            "Value grows ever more slowly for 3 of 4 Γ; from one Γ to the next, novel records increase 1 of 1 times "
                + "(all were novel already at 2 more) and the first confirmation comes later 2 of 2 times (none was confirmed at 1 more).",
            claim.ToString());
        Assert.True(ValuationClaim.Of(rows.Where(row => row.NoveltyThreshold != 10)).IsShown);

        // A larger threshold alone that confirms is no delay; and what cannot tell shows nothing.
        Assert.False(ValuationClaim.Of([.. Curve(5, [1, 2, 2.5], 10, 5, null), .. Curve(10, [1, 2, 2.5], 11, 5, 50)]).IsShown);
        Assert.False(ValuationClaim.Of([.. Curve(5, [1, 2, 2.5], 10, 0, 4), .. Curve(10, [1, 2, 2.5], 10, 0, 9)]).IsShown);
        Assert.False(ValuationClaim.Of([.. Curve(5, [1, 2, 2.5], 10, 5, null), .. Curve(10, [1, 2, 2.5], 11, 5, null)]).IsShown);
        Assert.True(ValuationClaim.Of(Curve(5, [1, 2, 2.5], 10, 5, 4)).IsShown);

        // Earlier confirmation or fewer novel records show the opposite.
        Assert.False(ValuationClaim.Of([.. Curve(5, [1, 2, 2.5], 10, 5, 4), .. Curve(10, [1, 2, 2.5], 9, 5, 9)]).IsShown);
        Assert.False(ValuationClaim.Of([.. Curve(5, [1, 2, 2.5], 10, 5, 4), .. Curve(10, [1, 2, 2.5], 11, 5, 4)]).IsShown);
    }

    private static IEnumerable<ValuationSimulationResult> Curve(int gamma, double[] values, double novel, double normal, double? first) =>
        values.Select((value, i) => new ValuationSimulationResult
        {
            NoveltyThreshold = gamma, Quantity = 10 * (i + 1), Repetitions = 1, SimilarityThreshold = 0.7, Value = value, ValueStandardError = 0, MeanNovelty = 1,
            NoveltyStandardError = 0, Novel = novel, NovelStandardError = 0, Normal = normal, Noise = 0, Clusters = 1, ClustersStandardError = 0, Confirmed = 1,
            ConfirmedStandardError = 0, ConfirmationDelay = 1, ConfirmationDelayStandardError = 0, FirstConfirmation = first, FirstConfirmationStandardError = 0,
            ConfirmedRepetitions = 1, Coverage = 1, CoverageStandardError = 0,
        });
}
