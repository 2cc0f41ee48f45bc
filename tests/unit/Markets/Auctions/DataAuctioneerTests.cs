using QosValuation.Foundation.Randomness;
using QosValuation.Markets.Auctions;

namespace QosValuation.Tests;

public sealed class DataAuctioneerTests
{
    private static DataOffer Offer(string name, double cost, double quality = 1, double utility = 1, string group = "") =>
        new() { Contributor = name, Cost = cost, Quality = quality, MarginalUtility = utility, Group = group };

    private static DataAward[] Run(AuctionOptions options, params DataOffer[] offers) => DataAuctioneer.Run(offers, options, null, out _);

    [Fact]
    public void ValuesFollowTheirExponents()
    {
        DataOffer offer = Offer("a", 1, 0.25, 3);
        double Value(AuctionOptions options) => Run(options, offer)[0].Value;
        var plain = new AuctionOptions { Budget = 10 };
        Assert.Equal(0.75, Value(plain));
        Assert.Equal(0.5 * 16, Value(plain with { Eta = 0.5, Gamma = 2, Kappa = 1 }), 1e-12);
        Assert.Equal(Math.Sqrt(0.75), Value(plain with { Concave = ConcaveUtility.Sqrt }));
        Assert.Equal(Math.Log(1.75), Value(plain with { Concave = ConcaveUtility.Log }));
        Assert.Equal(1, Run(plain with { Eta = 0, Gamma = 0 }, Offer("b", 1, 0, 0))[0].Value);
        DataAward worthless = Run(plain, Offer("c", 0, 0))[0];
        Assert.Equal((AwardReason.ZeroValue, 0, double.PositiveInfinity), (worthless.Reason, worthless.Rank, worthless.Density));
        Assert.Equal(AwardReason.ZeroValue, Run(plain, Offer("d", 0, 1e300, 1e300))[0].Reason);
        Assert.True(Run(plain with { Kappa = 2 }, Offer("e", 1, 1, -1))[0].IsWinner);
    }

    [Fact]
    public void FaultsNameTheRowAndTheValue()
    {
        var options = new AuctionOptions { Budget = 1 };
        foreach ((DataOffer bad, string field, string value) in new[]
        {
            (Offer("x", double.NaN), "Cost", "NaN"), (Offer("x", -2), "Cost", "-2"), (Offer("x", double.PositiveInfinity), "Cost", "Infinity"),
            (Offer("x", 1, -0.5), "Quality", "-0.5"), (Offer("x", 1, double.NaN), "Quality", "NaN"), (Offer("x", 1, 1, double.NaN), "MarginalUtility", "NaN"),
            (Offer("x", 1, 1, -0.25), "MarginalUtility", "-0.25"),
        })
        {
            QosValuationException fault = Assert.Throws<QosValuationException>(() => Run(options, Offer("a", 1), bad));
            Assert.Equal("OfferNotValid", fault.ErrorId);
            Assert.Contains($"Row 2 ('x') has {value} as its {field}", fault.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void OptionsOutOfRangeAreRefused()
    {
        var plain = new AuctionOptions { Budget = 1 };
        foreach (AuctionOptions wrong in new[]
        {
            plain with { Budget = -1 }, plain with { Budget = double.NaN }, plain with { Eta = -1 }, plain with { Gamma = double.NaN }, plain with { Kappa = -1 },
            plain with { Liquidity = 1.1 }, plain with { Liquidity = double.NaN }, plain with { Pool = 1 }, plain with { Corrected = true },
            plain with { TrancheShare = 2 }, plain with { GroupLimit = 0 }, plain with { Liquidity = 1, Pool = double.PositiveInfinity },
        })
        {
            Assert.Equal("AuctionOptionNotValid", Assert.Throws<QosValuationException>(() => Run(wrong, Offer("a", 1))).ErrorId);
        }

        foreach (AuctionOptions wrong in new[]
        {
            plain with { Mechanism = AuctionMechanism.Clock, GroupLimit = 1 }, plain with { Mechanism = AuctionMechanism.Random, Liquidity = 1 },
            plain with { Diversity = (_, values) => new AdditiveValue(values) },
        })
        {
            Assert.Equal("AuctionOptionNotSupported", Assert.Throws<QosValuationException>(() => Run(wrong, Offer("a", 1))).ErrorId);
        }
    }

    [Fact]
    public void TheTrancheIsAStrictPartition()
    {
        // Whoever might compete in both would lose on purpose: v = (1, 100), c = (.001, .5).
        DataOffer[] offers = [Offer("small", 0.001, 1, 1, "rare"), Offer("large", 0.5, 1, 100)];
        var options = new AuctionOptions { Budget = 1, Mechanism = AuctionMechanism.ProportionalShare };
        DataAward[] awards = DataAuctioneer.Run(offers, options, offer => offer.Group == "rare", out AuctionReport report);
        Assert.Equal([AuctionTranche.Diversity, AuctionTranche.Main], awards.Select(award => award.Tranche));
        Assert.Equal([0.1, 0.9], awards.Select(award => Math.Round(award.Payment, 15)));
        Assert.Equal((2, 1.0, 0.0), (report.Winners, report.TotalPayment, report.Overrun));
        awards = DataAuctioneer.Run([offers[0] with { Cost = 0.05 }, offers[1]], options, offer => offer.Group == "rare", out _);
        Assert.Equal(0.1, awards[0].Payment);
    }

    [Fact]
    public void MixedPaymentsFollowAlgorithm2()
    {
        // v = 1, c = (.3, .6), B = U = 1, ρ = .5: telling the truth the first is paid .55; reporting .5 it drops the other and is paid .8.
        var mixed = new AuctionOptions { Budget = 1, Liquidity = 0.5, Pool = 1 };
        Assert.Equal(0.55, Run(mixed, Offer("a", 0.3), Offer("b", 0.6))[0].Payment - 0.0, 1e-12);
        DataAward lie = Run(mixed, Offer("a", 0.5), Offer("b", 0.6))[0];
        Assert.Equal((0.8, 1.0), (Math.Round(lie.Payment, 12), lie.Share));

        // Theorem 3: c = .5, U = .1, ρ = 0: paid .1. Theorem 4: three free offers are paid 3 of B + U = 2.
        Assert.Equal(0.1, Run(mixed with { Liquidity = 0, Pool = 0.1 }, Offer("a", 0.5))[0].Payment, 1e-12);
        DataAuctioneer.Run([Offer("a", 0), Offer("b", 0), Offer("c", 0)], mixed with { Liquidity = 1 }, null, out AuctionReport report);
        Assert.Equal((3.0, 1.0), (report.TotalPayment, report.Overrun));
    }

    [Fact]
    public void CorrectedMixedPaymentsAreCriticalAndCoverCosts()
    {
        RandomSource random = RandomSource.Create(4);
        int checks = 0;
        foreach (AuctionSamples.Market market in AuctionSamples.Draw(1500, 21, 5))
        {
            var options = new AuctionOptions
            {
                Budget = market.Budget,
                Liquidity = random.NextInt32(5) / 4.0,
                Pool = random.NextDouble(),
                Corrected = true,
                Mechanism = random.NextInt32(2) == 0 ? AuctionMechanism.QMia : AuctionMechanism.ProportionalShare,
            };
            AuctionColumns Held(double[] costs) => DataAuctioneer.Run(costs, [], market.Values, options);
            AuctionColumns outcome = Held(market.Costs);
            Assert.True(outcome.Report.IsTruthful);
            for (int i = 0; i < market.Costs.Length; i++)
            {
                double honest = outcome.Payment[i] - (outcome.IsWinner[i] ? market.Costs[i] : 0);
                Assert.True(honest >= -1e-12);
                foreach (double report in new[] { 0, market.Costs[i] / 2, market.Costs[i] * 1.3, market.Budget, random.NextDouble() })
                {
                    AuctionColumns other = market.Costs.With(i, report, Held);
                    Assert.True(other.Payment[i] - (other.IsWinner[i] ? market.Costs[i] : 0) <= honest + 1e-9);
                    checks++;
                }
            }
        }

        Assert.True(checks > 10_000);
        DataAward[] posted = Run(new() { Budget = 1, Liquidity = 0, Pool = 1, Corrected = true }, Offer("a", 0.4), Offer("b", 0.6));
        Assert.Equal([true, false], posted.Select(award => award.IsWinner));
        Assert.Equal(0.5, posted[0].Payment);
    }

    [Fact]
    public void ColumnsAndOffersAgree()
    {
        AuctionSamples.Market market = AuctionSamples.Draw(1, 99, 300).First();
        foreach (AuctionMechanism mechanism in Enum.GetValues<AuctionMechanism>())
        {
            var options = new AuctionOptions { Mechanism = mechanism, Budget = market.Budget };
            AuctionColumns columns = DataAuctioneer.Run(market.Costs, [], market.Values, options with { Random = RandomSource.Create(1) });
            DataAward[] awards = DataAuctioneer.Run(
                [.. market.Costs.Select((cost, i) => Offer("p" + i, cost, 1, market.Values[i]))], options with { Random = RandomSource.Create(1) }, null, out AuctionReport report);
            Assert.Equal(columns.Payment, awards.Select(award => award.Payment));
            Assert.Equal(columns.Rank, awards.Select(award => award.Rank));
            Assert.Equal(columns.Report, report);
        }
    }

    [Fact]
    public void WithoutOffersNothingIsBought()
    {
        foreach (AuctionMechanism mechanism in Enum.GetValues<AuctionMechanism>())
        {
            var options = new AuctionOptions { Mechanism = mechanism, Budget = 0, Random = RandomSource.Create(1) };
            Assert.Empty(DataAuctioneer.Run([], options, null, out AuctionReport report));
            Assert.Equal((0, 0.0), (report.Winners, report.TotalPayment));
            DataAward free = DataAuctioneer.Run([Offer("a", 0)], options, null, out _)[0];
            Assert.Equal((true, 0.0), (free.IsWinner, free.Payment));
        }
    }
}
