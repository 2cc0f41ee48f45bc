namespace QosValuation.Tests;

/// <summary>The claim of Figs. 4 and 5.</summary>
public sealed class AllocationClaimTests
{
    [Fact]
    public void CountsThePointsAtWhichProposedIsFairest()
    {
        AllocationSimulationResult[] rows =
        [
            Row(AllocationScheme.Proposed, 0.1, 0.9, 0.1), Row(AllocationScheme.Random, 0.1, 0.8, 0.2), Row(AllocationScheme.MaxMin, 0.1, 0.7, 0.3),
            Row(AllocationScheme.Proposed, 1, 0.9, 0.1), Row(AllocationScheme.Random, 1, 0.8, 0.1), // Alike in one index is not fairest.
        ];
        AllocationClaim claim = AllocationClaim.Of(rows)!;
        Assert.Equal((1, 2, false), (claim.Holds, claim.Points, claim.IsShown));
        Assert.Equal("Proposed is the fairest of the paper's schemes by both indices at 1 of 2 values of Alpha.", claim.Over("Alpha"));
        Assert.True(AllocationClaim.Of(rows[..3])!.IsShown);

        // The report of the same rows says the same.
        Assert.EndsWith(claim.ToString(), Assert.Single(ReportSamples.Build("t", rows).Sections).HowToRead, StringComparison.Ordinal);
    }

    [Fact]
    public void OtherSchemesTellNothing()
    {
        Assert.Null(AllocationClaim.Of([Row(AllocationScheme.Proposed, 1, 0.9, 0.1), Row(AllocationScheme.WaterFilling, 1, 0.99, 0.01)]));
        Assert.Null(AllocationClaim.Of([Row(AllocationScheme.Random, 1, 0.9, 0.1)]));
        Assert.Null(AllocationClaim.Of([]));
    }

    private static AllocationSimulationResult Row(AllocationScheme scheme, double alpha, double jain, double gini) => new()
    {
        Scheme = scheme, Agents = 50, Alpha = alpha, Supply = 1000, Capacity = 4, Rounds = 5, Jain = jain, JainStandardError = 0, JainQ05 = jain, JainMedian = jain,
        JainQ95 = jain, Gini = gini, GiniStandardError = 0, GiniQ05 = gini, GiniMedian = gini, GiniQ95 = gini,
    };
}
