using QosValuation.Markets.Auctions;
using QosValuation.Markets.Properties;

namespace QosValuation.Tests;

public sealed class MechanismSearchTests
{
    private static readonly MechanismProperty[] Single =
        [MechanismProperty.Truthfulness, MechanismProperty.IndividualRationality, MechanismProperty.Monotonicity];

    private static AuctionOptions Options(AuctionMechanism mechanism) => new() { Mechanism = mechanism, Budget = 1 };

    private static MechanismViolation[] Search(ITestedMechanism mechanism, long trials, int size, params MechanismProperty[] properties) =>
        [.. MechanismSearch.Run(mechanism, new() { Properties = properties, Trials = trials, CoalitionSize = size, Seed = 1 })];

    private static MechanismViolation[] Search(AuctionOptions options, long trials, params MechanismProperty[] properties) =>
        Search(new AuctionUnderTest(options), trials, 2, properties);

    [Fact]
    public void TheRegistryFollowsTheEnum() =>
        Assert.Equal(Enum.GetValues<MechanismProperty>(), MechanismProperties.All.Select(property => property.Name));

    [Fact]
    public void NothingIsFoundAgainstWhatHolds()
    {
        const long Trials = 100_000;
        MechanismProperty[] withBudget = [.. Single, MechanismProperty.Budget];
        AuctionOptions qmia = Options(AuctionMechanism.QMia);
        Assert.Empty(Search(qmia, Trials, Single));
        Assert.Empty(Search(Options(AuctionMechanism.ProportionalShare), Trials, [.. withBudget, MechanismProperty.Collusion, MechanismProperty.Sybil]));
        Assert.Empty(Search(Options(AuctionMechanism.ConstantRatio), Trials, withBudget));
        Assert.Empty(Search(Options(AuctionMechanism.Clock), Trials, withBudget));
        Assert.Empty(Search(Options(AuctionMechanism.SubmodularGreedy), Trials / 10, withBudget));
        Assert.Empty(Search(qmia with { Liquidity = 0.5, Pool = 1, Corrected = true }, Trials, Single));
        Assert.Empty(Search(qmia with { Liquidity = 0, Pool = 1, Corrected = true }, Trials, withBudget));
        Assert.Empty(Search(Options(AuctionMechanism.ProportionalShare) with { Liquidity = 0.5, Pool = 1, Corrected = true }, Trials, withBudget));
    }

    [Fact]
    public void WhatIsFalseIsFoundAndReplays()
    {
        AuctionOptions qmia = Options(AuctionMechanism.QMia);
        foreach ((AuctionOptions options, MechanismProperty property, int most) in new[]
        {
            (qmia, MechanismProperty.Budget, 2),
            (qmia, MechanismProperty.Collusion, 2),
            (qmia, MechanismProperty.Sybil, 2),
            (Options(AuctionMechanism.NaiveConstantRatio), MechanismProperty.Truthfulness, 4),
            (qmia with { Liquidity = 0.5, Pool = 1 }, MechanismProperty.Truthfulness, 2),
            (qmia with { Liquidity = 0, Pool = 1 }, MechanismProperty.IndividualRationality, 2),
            (qmia with { Liquidity = 1, Pool = 1 }, MechanismProperty.Budget, 3),
            (Options(AuctionMechanism.Random), MechanismProperty.Truthfulness, 1),
        })
        {
            MechanismViolation violation = Assert.Single(Search(options, 20_000, property));
            Assert.Equal(property, violation.Property);
            Assert.True(violation.Offers.Length <= most, $"{options.Mechanism} {property}: {violation.Offers.Length} offers");

            // The offers alone bring the utilities about, at the true costs.
            AuctionOptions held = options.Mechanism == AuctionMechanism.Random
                ? options with { Random = Foundation.Randomness.RandomSource.Create(0) } : options;
            DataAward[] awards = DataAuctioneer.Run(violation.Offers, held, null, out AuctionReport report);
            double Earned(string name, double cost)
            {
                DataAward award = awards.Single(candidate => candidate.Contributor == name);
                return award.Payment - (award.IsWinner ? cost : 0);
            }

            double after = property switch
            {
                MechanismProperty.Budget => report.TotalPayment,
                MechanismProperty.Sybil => awards.Where(award => award.Contributor.StartsWith(violation.Agents[0], StringComparison.Ordinal)).Sum(award => Earned(award.Contributor, award.Cost)),
                _ => violation.Agents.Zip(violation.Truth, Earned).Sum(),
            };
            Assert.Equal(violation.UtilityAfter, after, 1e-9);
            Assert.Equal(violation.Gain, violation.UtilityAfter - violation.UtilityBefore, 1e-12);
            Assert.True(property == MechanismProperty.IndividualRationality ? violation.UtilityAfter < 0 : violation.Gain > 1e-6);
            Assert.All(violation.MemberGains, gain => Assert.True(property == MechanismProperty.IndividualRationality || gain > 0));
        }
    }

    [Fact]
    public void AContractOfSharesIsSybilProofUntilItIsRescaled()
    {
        Assert.Empty(Search(new UtilityShareUnderTest(1, rescale: false), 20_000, 3, Enum.GetValues<MechanismProperty>()));
        MechanismViolation violation = Assert.Single(Search(new UtilityShareUnderTest(1, rescale: true), 1000, 2, MechanismProperty.Sybil));
        Assert.True(violation.Gain > 0.01);
        Assert.True(violation.Offers.Length <= 4);
    }

    [Fact]
    public void CoalitionsOfThreeAreFoundAsWell()
    {
        MechanismViolation violation = Assert.Single(Search(new AuctionUnderTest(Options(AuctionMechanism.QMia)), 1000, 3, MechanismProperty.Collusion));
        Assert.InRange(violation.Agents.Length, 2, 3);
        Assert.All(violation.MemberGains, gain => Assert.True(gain > 0));
        Assert.Empty(Search(new AuctionUnderTest(Options(AuctionMechanism.ProportionalShare)), 20_000, 3, MechanismProperty.Collusion));
    }

    [Fact]
    public void MonotonicityAndRationalityAreHeldAgainstBrokenMechanisms()
    {
        MechanismViolation[] violations = Search(new Broken(), 1000, 2, MechanismProperty.Monotonicity, MechanismProperty.IndividualRationality);
        Assert.Equal([MechanismProperty.Monotonicity, MechanismProperty.IndividualRationality], violations.Select(violation => violation.Property));
        Assert.True(violations[0].Report[0] < violations[0].Truth[0]);
        Assert.Equal(violations[0].Truth[0] - violations[0].Report[0], violations[0].Gain, 1e-12);
    }

    [Fact]
    public void GivenOffersStayAsTheyAre()
    {
        DataOffer[] offers =
        [
            new() { Contributor = "ann", Cost = 0.43 }, new() { Contributor = "bob", Cost = 0.51 }, new() { Contributor = "dear", Cost = 7 },
        ];
        MechanismViolation violation = Assert.Single(MechanismSearch.Run(
            new AuctionUnderTest(Options(AuctionMechanism.QMia)), new() { Properties = [MechanismProperty.Collusion], Offers = offers, Seed = 2 }));
        Assert.Equal(["ann", "bob"], violation.Agents);
        Assert.Equal([0.43, 0.51], violation.Truth);
        Assert.Equal(2, violation.Offers.Length);
        Assert.Empty(MechanismSearch.Run(
            new AuctionUnderTest(Options(AuctionMechanism.QMia)), new() { Properties = [MechanismProperty.Truthfulness], Offers = offers, Seed = 2 }));
    }

    [Fact]
    public void TheSameSeedFindsTheSame()
    {
        MechanismViolation first = Search(Options(AuctionMechanism.NaiveConstantRatio), 5000, MechanismProperty.Truthfulness)[0];
        MechanismViolation second = Search(Options(AuctionMechanism.NaiveConstantRatio), 5000, MechanismProperty.Truthfulness)[0];
        Assert.Equal((first.Trial, first.Gain), (second.Trial, second.Gain));
        Assert.Equal(first.Offers, second.Offers);
    }

    [Fact]
    public void BadSettingsAreRefused()
    {
        var mechanism = new AuctionUnderTest(Options(AuctionMechanism.QMia));
        Assert.Equal("MechanismSearchNotValid", Assert.Throws<QosValuationException>(() => MechanismSearch.Run(mechanism, new() { Trials = 0, Seed = 1 })).ErrorId);
        Assert.Equal("MechanismSearchNotValid", Assert.Throws<QosValuationException>(() => MechanismSearch.Run(mechanism, new() { CoalitionSize = 1, Seed = 1 })).ErrorId);
    }

    // Buys from those who ask much, and pays half.
    private sealed class Broken : ITestedMechanism
    {
        public string Name => "Broken";

        public string Command => string.Empty;

        public double Budget => 1;

        public double Limit => 1;

        public bool IsThreadSafe => true;

        public bool UsesCosts => true;

        public bool UsesVectors => false;

        public void Run(TestMarket market, bool[] wins, double[] payments)
        {
            for (int i = 0; i < wins.Length; i++)
            {
                wins[i] = market.Costs[i] is > 0.5 and <= 1;
                payments[i] = wins[i] ? market.Costs[i] / 2 : 0;
            }
        }
    }
}
