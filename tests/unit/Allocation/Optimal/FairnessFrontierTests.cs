using QosValuation.Allocation.Optimal;
using QosValuation.Allocation.Schemes;
using QosValuation.Foundation.Randomness;

namespace QosValuation.Tests;

public sealed class FairnessFrontierTests
{
    [Fact]
    public void WelfareFallsAlongBothCurvesToEqualRates()
    {
        FairnessFrontier frontier = Frontier(120, 100);
        FairnessFrontierPoint unbounded = frontier.Unbounded();
        Assert.Equal(0, unbounded.PriceOfFairness);
        double[] floors = frontier.JainFloors(9);
        double[] ceilings = frontier.GiniCeilings(9);
        Assert.Equal((unbounded.Jain, 1.0, unbounded.Gini, 0.0), (floors[0], floors[^1], ceilings[0], ceilings[^1]));
        FairnessFrontierPoint[] byJain = [.. floors.Select(f => frontier.AtJain(f))];
        FairnessFrontierPoint[] byGini = [.. ceilings.Select(c => frontier.AtGini(c))];
        foreach (FairnessFrontierPoint[] curve in new[] { byJain, byGini })
        {
            Assert.Equal(unbounded.SocialWelfare, curve[0].SocialWelfare, 1e-6 * unbounded.SocialWelfare);
            for (int i = 1; i < curve.Length; i++)
            {
                Assert.True(curve[i].SocialWelfare <= curve[i - 1].SocialWelfare * (1 + 1e-6));
                Assert.InRange(curve[i].RelativeGap, 0, 1e-6);
                Assert.Equal(1 - curve[i].SocialWelfare / unbounded.SocialWelfare, curve[i].PriceOfFairness, 1e-12);
            }
        }

        Assert.All(byJain, p => Assert.True(p.Jain >= p.Bound - 1e-12));
        Assert.All(byGini, p => Assert.True(p.Gini <= p.Bound + 1e-12));
        Assert.Equal(byJain[^1].SocialWelfare, byGini[^1].SocialWelfare, 1e-9 * byJain[^1].SocialWelfare);
    }

    [Fact]
    public void EarlierPointsDoNotChangeLaterOnes()
    {
        FairnessFrontier traced = Frontier(80, 60);
        double[] floors = traced.JainFloors(6);
        foreach (double floor in floors.Reverse())
        {
            double fresh = Frontier(80, 60).AtJain(floor).SocialWelfare;
            Assert.Equal(fresh, traced.AtJain(floor).SocialWelfare, 2e-6 * fresh);
        }
    }

    [Fact]
    public void SchemesLieOnOrBelowTheFrontier()
    {
        FairnessFrontier frontier = Frontier(100, 70);
        foreach (AllocationScheme scheme in new[] { AllocationScheme.Proposed, AllocationScheme.WaterFilling, AllocationScheme.RoundRobin, AllocationScheme.MaxMin, AllocationScheme.MaxWelfare })
        {
            FairnessFrontierPoint point = frontier.Place(scheme);
            Assert.Equal((FairnessFrontierKind.Scheme, scheme), (point.Kind, point.Scheme));
            Assert.InRange(point.Efficiency, 0.01, 1 + 1e-6);
            Assert.Equal(point.SocialWelfare / point.OptimalWelfare, point.Efficiency, 1e-12);
            Assert.InRange(point.RelativeGap, 0, 1e-6);
        }

        Assert.Equal(1, frontier.Place(AllocationScheme.MaxWelfare).Efficiency, 1e-6);
        Assert.InRange(frontier.Place(AllocationScheme.Random, RandomSource.Create(1)).PriceOfFairness, 0, 1);
    }

    [Fact]
    public void ASchemeWithEqualRatesIsOnTheFrontier()
    {
        // No bucket binds Eq. 15 here, so that it gives equal rates: the only allocation as fair.
        TokenAgent[] agents = [.. new[] { 1.0, 2, 5 }.Select(v => new TokenAgent { Agent = $"{v}", Value = v, Capacity = 100 })];
        FairnessFrontierPoint point = new FairnessFrontier(agents, 16).Place(AllocationScheme.Proposed);
        Assert.Equal(1, point.Efficiency, 1e-9);
        Assert.Equal(60, point.SocialWelfare, 1e-9);
    }

    [Fact]
    public void BoundsBeyondReachAreFaults()
    {
        TokenAgent[] agents = [new TokenAgent { Agent = "a", Value = 1, Capacity = 4 }, new TokenAgent { Agent = "b", Value = 1, Capacity = 4, Remaining = 4 }];
        var frontier = new FairnessFrontier(agents, 3);
        Assert.Equal((0.5, 0.5), (frontier.HighestJain, frontier.LowestGini));
        Assert.Equal("JainFloorInfeasible", Assert.Throws<QosValuationException>(() => frontier.AtJain(0.6)).ErrorId);
        Assert.Equal("GiniCeilingInfeasible", Assert.Throws<QosValuationException>(() => frontier.AtGini(0.4)).ErrorId);
        Assert.Equal(3, frontier.AtJain(0.5).SocialWelfare, 1e-12);
    }

    [Fact]
    public void NothingToAllocateCostsNothing()
    {
        var frontier = new FairnessFrontier([new TokenAgent { Agent = "a", Value = 0, Capacity = 4 }], 5);
        Assert.Equal(0, frontier.AtJain(1).SocialWelfare);
        Assert.Equal(1, frontier.Place(AllocationScheme.Proposed).Efficiency);
        Assert.True(double.IsNaN(frontier.Unbounded().PriceOfFairness));
        Assert.Equal(0, new FairnessFrontier([], 5).Unbounded().SocialWelfare);
    }

    private static FairnessFrontier Frontier(int count, double supply)
    {
        RandomSource random = RandomSource.Create(17);
        TokenAgent[] agents = [.. Enumerable.Range(0, count).Select(i => new TokenAgent
        {
            Agent = $"{i}",
            Value = Math.Exp(random.NextNormal()),
            Capacity = 4,
            Remaining = 3 * random.NextDouble(),
        })];
        return new FairnessFrontier(agents, supply);
    }
}
