using QosValuation.Allocation.Schemes;
using QosValuation.Allocation.Simulation;
using QosValuation.Foundation.Randomness;

namespace QosValuation.Tests;

/// <summary>The registry, and every scheme against the traits that it declares.</summary>
public sealed class AllocationSchemesTests
{
    public static TheoryData<AllocationScheme> Names => [.. Enum.GetValues<AllocationScheme>()];

    [Fact]
    public void EveryNameHasItsSchemeInTheOrderOfTheEnum()
    {
        Assert.Equal(Enum.GetValues<AllocationScheme>(), AllocationSchemes.All.Select(scheme => scheme.Name));
        Assert.All(AllocationSchemes.All, scheme => Assert.Same(scheme, AllocationSchemes.Find(scheme.Name)));
        foreach (int number in new[] { -1, AllocationSchemes.All.Count })
        {
            Assert.Equal("SchemeNotSupported", Assert.Throws<QosValuationException>(() => AllocationSchemes.Find((AllocationScheme)number)).ErrorId);
        }
    }

    [Fact]
    public void TheSetsOfSchemesAreThoseOfThePaperAndThoseWithoutASearch()
    {
        Assert.Equal(
            [AllocationScheme.Proposed, AllocationScheme.Random, AllocationScheme.RoundRobin, AllocationScheme.MaxMin], AllocationSchemes.InPaper);
        Assert.Equal(Enum.GetValues<AllocationScheme>().Where(name => name != AllocationScheme.Optimal), AllocationSchemes.ClosedForm);
        Assert.Equal(AllocationScheme.Optimal, AllocationSchemes.Bounded.Name);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void GrantsDependOnValuesWhereTheTraitSaysSo(AllocationScheme name)
    {
        double[] Tokens(double first) => [.. TokenAllocator.Allocate(
            [Agent("a", first), Agent("b", 3), Agent("c", 0)], 4, name, random: RandomSource.Create(1)).Select(grant => grant.Tokens)];
        IAllocationScheme scheme = AllocationSchemes.Find(name);
        Assert.Equal(scheme.UsesValue, !Tokens(1).SequenceEqual(Tokens(5)));
        Assert.Equal(scheme.UsesValue, Tokens(1)[2] == 0);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void GrantsDifferFromCallToCallWhereTheTraitSaysSo(AllocationScheme name)
    {
        RandomSource random = RandomSource.Create(1);
        double[] Tokens() => [.. TokenAllocator.Allocate([Agent("a", 1), Agent("b", 3)], 100, name, random: random).Select(grant => grant.Tokens)];
        double[] first = Tokens();
        Assert.Equal(AllocationSchemes.Find(name).Draws, Enumerable.Range(0, 9).Any(_ => !Tokens().SequenceEqual(first)));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void WholeTokensAreGrantedOrRefusedAsTheTraitSays(AllocationScheme name)
    {
        TokenAgent[] agents = [Agent("a", 1), Agent("b", 1.7), Agent("c", 2.4)];
        TokenGrant[] Grants() => TokenAllocator.Allocate(agents, 5.5, name, wholeTokens: true, random: RandomSource.Create(1));
        if (AllocationSchemes.Find(name).SupportsWholeTokens)
        {
            Assert.All(Grants(), grant => Assert.Equal(Math.Floor(grant.Tokens), grant.Tokens));
            Assert.Equal(5, Grants().Sum(grant => grant.Tokens));
        }
        else
        {
            Assert.Equal("WholeTokensNotSupported", Assert.Throws<QosValuationException>(Grants).ErrorId);
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void ARefillDependsOnTheOneBeforeWhereTheTraitSaysSo(AllocationScheme name)
    {
        // One token for two agents alike, twice from the same buckets. Random draws, so it starts from the same stream each time.
        double[] values = [1, 1];
        double[] Refill(RefillRule rule)
        {
            double[] grants = new double[2];
            rule([9, 9], [0, 0], 1, grants);
            return grants;
        }

        RefillRule once = RefillRules.Create(name, values, RandomSource.Create(1));
        double[] first = Refill(once);
        double[] second = Refill(name == AllocationScheme.Random ? RefillRules.Create(name, values, RandomSource.Create(1)) : once);
        IAllocationScheme scheme = AllocationSchemes.Find(name);
        Assert.Equal(scheme.KeepsState, !first.SequenceEqual(second));
        if (!scheme.KeepsState)
        {
            Assert.Throws<NotSupportedException>(() => scheme.StartRefills(values, RandomSource.Create(1)));
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void BoundsOnFairnessAreKeptOrRefusedAsTheTraitSays(AllocationScheme name)
    {
        TokenAgent[] agents = [Agent("a", 1), Agent("b", 2)];
        TokenGrant[] Grants() => TokenAllocator.Allocate(
            agents, 3, name, random: RandomSource.Create(1), bounds: new() { JainFloor = 0.9 });
        if (AllocationSchemes.Find(name).TakesFairnessBounds)
        {
            Assert.True(Grants()[0].Proof!.Jain >= 0.9);
        }
        else
        {
            Assert.Equal("FairnessBoundNotApplicable", Assert.Throws<QosValuationException>(Grants).ErrorId);
        }
    }

    private static TokenAgent Agent(string name, double value) => new() { Agent = name, Value = value, Capacity = 9 };
}
