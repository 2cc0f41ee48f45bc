using QosValuation.Markets.Auctions;
using QosValuation.Markets.Dynamics;

namespace QosValuation.Tests;

public sealed class AuctionSimulationTests
{
    private static AuctionSimulationOptions Options(AuctionMechanism mechanism, int seed = 1) => new()
    {
        Mechanisms = [mechanism],
        Auction = new AuctionOptions { Budget = 1 },
        Rounds = 30,
        Repetitions = 80,
        Seed = seed,
    };

    private static AuctionSimulationResult[] Run(AuctionSimulationOptions options, int threads = -1) =>
        [.. AuctionSimulation.Run(options, maxDegreeOfParallelism: threads)];

    private static DataOffer[] Offers(params double[] costs) =>
        [.. costs.Select((cost, i) => new DataOffer { Contributor = "p" + i, Cost = cost })];

    // No noise and no choice: numbers by hand.
    private static AuctionSimulationOptions Exact(AuctionMechanism mechanism, params double[] costs) => Options(mechanism) with
    {
        Offers = Offers(costs), Rounds = 3, Repetitions = 2, Decay = 0.5, Renewal = 0, QualityNoise = 0, Factors = [1],
    };

    [Fact]
    public void BoughtDataAreWorthLess()
    {
        // Both win at 0.5 each while v falls to 1/2 and 1/4; the budget is spent to the last cent.
        AuctionSimulationResult[] rounds = Run(Exact(AuctionMechanism.ProportionalShare, 0.2, 0.3));
        Assert.Equal([2.0, 1.0, 0.5], rounds.Select(round => round.Value));
        Assert.Equal([1.0, 0.5, 0.25], rounds.Select(round => round.Freshness));
        Assert.Equal([1.0, 1.0, 1.0], rounds.Select(round => round.Budget));
        Assert.All(rounds, round => Assert.Equal((0, 0, 0, 1, 2), (round.Gain, round.TwinGain, round.BestGain, round.Factor, round.Winners)));
    }

    [Fact]
    public void DataRenewWhileNobodyBuysThem()
    {
        // A budget of 1 buys one of two at 0.8; what is left adds up until it buys both: 1, 1.2, 1.4, 1.6.
        AuctionSimulationOptions options = Exact(AuctionMechanism.Random, 0.8, 0.8) with { Rounds = 4, Decay = 0, Renewal = 0.25 };
        AuctionSimulationResult[] rounds = Run(options);
        Assert.Equal([1.0, 1.2, 1.4], rounds.Take(3).Select(round => Math.Round(round.Budget, 12)));
        Assert.Equal(1, rounds[0].Winners);
        Assert.Equal(0.5, rounds[1].Freshness);

        // Then the other one is bought, and the first is a quarter new.
        Assert.Equal(0.125, rounds[2].Freshness);
        Assert.Equal(0.8, rounds[2].Spent, 1e-12);
    }

    [Fact]
    public void BudgetsAreCarriedOverAndOverrunsAreMissing()
    {
        Assert.Equal([1.0, 1.5, 2.0], Run(Exact(AuctionMechanism.Random, 0.2, 0.3)).Select(round => Math.Round(round.Budget, 12)));
        Assert.Equal([1.0, 1.25, 1.375], Run(Exact(AuctionMechanism.Random, 0.2, 0.3) with { CarryOver = 0.5 }).Select(round => Math.Round(round.Budget, 12)));

        // Q-MIA pays thresholds of 0.52 and 0.55; the 0.93 that the debt leaves does not fit both, and the cheaper one is paid the other's price.
        AuctionSimulationResult[] overrun = Run(Exact(AuctionMechanism.QMia, 0.45, 0.52));
        Assert.Equal([1.07, 0.52], overrun.Take(2).Select(round => Math.Round(round.Spent, 12)));
        Assert.Equal([0.93, 1.41], overrun.Skip(1).Select(round => Math.Round(round.Budget, 12)));
    }

    [Fact]
    public void ReputationsFollowDeliveries()
    {
        AuctionSimulationOptions options = Exact(AuctionMechanism.ProportionalShare, 0.1) with { QualityNoise = 0.3, Rounds = 200, Decay = 1, Repetitions = 50 };
        AuctionSimulationResult[] rounds = Run(options);
        Assert.All(rounds, round => Assert.InRange(round.Reputation, 0.8, 1.2));
        Assert.NotEqual(rounds[0].Reputation, rounds[^1].Reputation);
        Assert.All(Run(options with { ReputationRate = 0 }), round => Assert.Equal(rounds[0].Reputation, round.Reputation));
        Assert.All(Run(options with { QualityNoise = 0 }), round => Assert.Equal(1, round.Reputation));
    }

    [Theory]
    [InlineData(AuctionMechanism.QMia, null, false)]
    [InlineData(AuctionMechanism.ProportionalShare, null, false)]
    [InlineData(AuctionMechanism.ConstantRatio, null, false)]
    [InlineData(AuctionMechanism.Clock, null, false)]
    [InlineData(AuctionMechanism.SubmodularGreedy, null, false)]
    [InlineData(AuctionMechanism.QMia, 1.0, false)]
    [InlineData(AuctionMechanism.QMia, 0.5, true)]
    [InlineData(AuctionMechanism.ProportionalShare, 0.5, true)]
    [InlineData(AuctionMechanism.QMia, 0.0, true)]
    public void TruthIsABestReplyWithinARoundOfATruthfulMechanism(AuctionMechanism mechanism, double? liquidity, bool corrected)
    {
        foreach (int seed in new[] { 1, 2, 3 })
        {
            AuctionSimulationOptions options = Options(mechanism, seed);
            options = options with { Auction = options.Auction with { Liquidity = liquidity, Pool = liquidity is null ? 0 : 1, Corrected = corrected } };
            AuctionSimulationResult[] rounds = Run(options);
            Assert.All(rounds, round => Assert.True(round.IsTruthful));
            Assert.All(rounds, round => Assert.InRange(round.BestGain, 0, 1e-12));
            Assert.All(rounds, round => Assert.True(round.Gain <= 1e-12));

            // It loses less and less by trying.
            Assert.True(rounds[^10..].Average(round => round.Gain) > rounds[..3].Average(round => round.Gain) / 2);
        }
    }

    [Theory]
    [InlineData(AuctionMechanism.Random, null)]
    [InlineData(AuctionMechanism.QMia, 0.5)]
    [InlineData(AuctionMechanism.ProportionalShare, 0.5)]
    [InlineData(AuctionMechanism.QMia, 0.25)]
    public void ALearnerGainsWhereTheTruthIsNotABestReply(AuctionMechanism mechanism, double? liquidity)
    {
        AuctionSimulationOptions options = Options(mechanism) with { Rounds = 60 };
        options = options with { Auction = options.Auction with { Liquidity = liquidity, Pool = liquidity is null ? 0 : 1 } };
        AuctionSimulationResult last = Run(options)[^1];
        Assert.False(last.IsTruthful);
        Assert.True(last.TotalGain > 3 * last.TotalGainStandardError);
        Assert.True(last.TwinGain > 3 * last.TwinGainStandardError);
        Assert.True(last.BestGain > 3 * last.BestGainStandardError);
    }

    [Fact]
    public void TheNaiveConstantRatioPaysForAFalseReport()
    {
        // A small market that flips the branch: the last provider loses with its cost of 0.403, and nets 4/7 − 0.403 with 0.1.
        DataOffer[] offers =
        [
            .. new[] { (0.8, 4.0), (0.3, 3), (0.7, 4), (0.403, 4) }
                .Select((offer, i) => new DataOffer { Contributor = "p" + i, Cost = offer.Item1, MarginalUtility = offer.Item2 }),
        ];
        AuctionSimulationOptions options = Options(AuctionMechanism.NaiveConstantRatio) with
        {
            Offers = offers, Learner = 3, Decay = 1, QualityNoise = 0, CarryOver = 0, Factors = [0.25, 0.5, 1, 2], Repetitions = 5,
        };
        AuctionSimulationResult last = Run(options)[^1];
        Assert.Equal((4 / 7.0) - 0.403, last.BestGain, 1e-9);
        Assert.InRange(last.TotalGain, 20 * last.BestGain, 30 * last.BestGain);
        Assert.InRange(Run(options with { Mechanisms = [AuctionMechanism.ConstantRatio] })[^1].BestGain, 0, 1e-12);
    }

    [Fact]
    public void TheSameSeedGivesTheSameForAnyNumberOfThreads()
    {
        AuctionSimulationOptions options = Options(AuctionMechanism.Random) with { Mechanisms = [AuctionMechanism.Random, AuctionMechanism.Clock] };
        AuctionSimulationResult[] one = Run(options, 1);
        Assert.Equal(one, Run(options, 4));
        Assert.Equal(60, one.Length);
        Assert.NotEqual(one[0].Value, Run(options with { Seed = 2 })[0].Value);

        // A row does not depend on which other mechanisms run.
        Assert.Equal(one[30..], Run(options with { Mechanisms = [AuctionMechanism.Clock] }));
    }

    [Fact]
    public void OptionsOutOfRangeAreNamed()
    {
        AuctionSimulationOptions valid = Options(AuctionMechanism.QMia);
        foreach ((AuctionSimulationOptions bad, string part) in new[]
        {
            (valid with { Decay = 1.5 }, "decay δ is 1.5"), (valid with { Decay = double.NaN }, "decay δ is NaN"), (valid with { Renewal = -1 }, "renewal is -1"),
            (valid with { ReputationRate = 2 }, "α is 2"), (valid with { QualityNoise = double.PositiveInfinity }, "noise of quality"),
            (valid with { CarryOver = -0.1 }, "carried over is -0.1"), (valid with { LearningRate = 0 }, "learning rate is 0"), (valid with { Rounds = 0 }, "rounds is 0"),
            (valid with { Factors = [1, -2] }, "factor of a report is -2"), (valid with { Learner = 10 }, "place of the learner is 10"),
            (valid with { Mechanisms = [] }, "mechanisms"), (valid with { Offers = [] }, "number of offers"), (valid with { Repetitions = 0 }, "repetitions is 0"),
        })
        {
            QosValuationException fault = Assert.Throws<QosValuationException>(() => AuctionSimulation.Run(bad));
            Assert.Equal(Faults.SimulationNotValid, fault.Fault);
            Assert.Contains(part, fault.Message, StringComparison.Ordinal);
        }

        AuctionSimulationOptions mixed = Options(AuctionMechanism.Random);
        mixed = mixed with { Auction = mixed.Auction with { Liquidity = 0.5 } };
        Assert.Equal(Faults.AuctionOptionNotSupported, Assert.Throws<QosValuationException>(() => AuctionSimulation.Run(mixed)).Fault);
        Assert.Equal(Faults.OfferNotValid, Assert.Throws<QosValuationException>(() => AuctionSimulation.Run(valid with { Offers = Offers(double.NaN) })).Fault);
    }

    [Fact]
    public void OneProviderFreeDataAndAnEmptyBudgetAreMarkets()
    {
        foreach (AuctionMechanism mechanism in Enum.GetValues<AuctionMechanism>())
        {
            foreach (AuctionSimulationOptions options in new[]
            {
                Options(mechanism) with { Providers = 1 }, Options(mechanism) with { Offers = Offers(0, 0, 0) }, Options(mechanism) with { Offers = Offers(5, 7) },
                Options(mechanism) with { Auction = new AuctionOptions { Budget = 0 } }, Options(mechanism) with { Decay = 0, Renewal = 0 },
            })
            {
                Assert.All(Run(options with { Repetitions = 3, Rounds = 5 }), round => Assert.True(double.IsFinite(round.Gain) && double.IsFinite(round.TwinGain)));
            }
        }
    }
}
