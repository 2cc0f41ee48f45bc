using QosValuation.Foundation.Randomness;
using QosValuation.Markets.Auctions;

namespace QosValuation.Tests;

public sealed class DataAuctionsTests
{
    [Fact]
    public void TheRegistryFollowsTheEnum()
    {
        Assert.Equal(Enum.GetValues<AuctionMechanism>(), DataAuctions.All.Select(auction => auction.Name));
        Assert.All(DataAuctions.All, auction => Assert.Same(auction, DataAuctions.Find(auction.Name)));
        Assert.Equal("AuctionNotSupported", Assert.Throws<QosValuationException>(() => DataAuctions.Find((AuctionMechanism)99)).ErrorId);
    }

    [Theory]
    [InlineData(AuctionMechanism.QMia, 3000)]
    [InlineData(AuctionMechanism.ProportionalShare, 3000)]
    [InlineData(AuctionMechanism.ConstantRatio, 4000)]
    [InlineData(AuctionMechanism.Clock, 1000)]
    [InlineData(AuctionMechanism.SubmodularGreedy, 1000)]
    public void PaymentsAreTheSupremaOfWinningReports(AuctionMechanism mechanism, int markets) =>
        Assert.True(AuctionSamples.CheckThresholds(mechanism, AuctionSamples.Draw(markets, 1)) > markets / 2);

    [Theory]
    [InlineData(AuctionMechanism.Clock)]
    [InlineData(AuctionMechanism.SubmodularGreedy)]
    public void PaymentsForDiverseDataAreTheSupremaToo(AuctionMechanism mechanism)
    {
        RandomSource random = RandomSource.Create(5);
        double[][] similarity = [.. Enumerable.Range(0, 5).Select(_ => Enumerable.Range(0, 8).Select(_ => random.NextInt32(4) / 3.0).ToArray())];
        int winners = AuctionSamples.CheckThresholds(
            mechanism,
            AuctionSamples.Draw(800, 2),
            values => FacilityLocation.OfSimilarity(Array.ConvertAll(similarity, row => row[..values.Length]), values));
        Assert.True(winners > 400);
    }

    [Fact]
    public void QMiaPaysByItsClosedForm()
    {
        // One provider is paid the budget; two in the example of Lemma 3 are paid 1.1 of 1.
        Assert.Equal([1.0], AuctionSamples.Run(AuctionMechanism.QMia, [0.5], [1], 1).Payment);
        AuctionColumns two = AuctionSamples.Run(AuctionMechanism.QMia, [0.4, 0.5], [1, 1], 1);
        Assert.Equal([0.5, 0.6], two.Payment.Select(payment => Math.Round(payment, 12)));
        Assert.Equal(0.1, two.Report.Overrun, 1e-12);
        Assert.False(two.Report.IsBudgetFeasible);
        Assert.True(two.Report.IsTruthful);

        // Data that cost nothing are paid the whole budget each.
        Assert.Equal([1.0, 1, 1], AuctionSamples.Run(AuctionMechanism.QMia, [0, 0, 0], [1, 1, 1], 1).Payment);

        // Lemma 4: the better data are paid less.
        Assert.Equal([0.6667, 0.9], AuctionSamples.Run(AuctionMechanism.QMia, [0.1, 0.6], [1, 0.9], 1).Payment.Select(payment => Math.Round(payment, 4)));
    }

    [Fact]
    public void QMiaStopsAtTheFirstThatDoesNotFit()
    {
        AuctionColumns outcome = AuctionSamples.Run(AuctionMechanism.QMia, [5, 0.5, 0.1], [100, 1, 0], 1);
        Assert.Equal([AwardReason.TooDear, AwardReason.Blocked, AwardReason.ZeroValue], outcome.Reason);
        Assert.Equal([1, 2, 0], outcome.Rank);
        Assert.Equal(AwardReason.Budget, AuctionSamples.Run(AuctionMechanism.QMia, [0.6, 0.7], [1, 1], 1).Reason[1]);
    }

    [Fact]
    public void TiesGoToTheEarlierOffer()
    {
        Assert.Equal([true, true, false, false], AuctionSamples.Run(AuctionMechanism.QMia, [1, 1, 1, 1], [1, 1, 1, 1], 2).IsWinner);
        Assert.Equal([true, false], AuctionSamples.Run(AuctionMechanism.ProportionalShare, [0.6, 0.6], [1, 1], 1).IsWinner);
    }

    [Fact]
    public void ManyOffersAreSoldAsFewAre()
    {
        RandomSource random = RandomSource.Create(3);
        const int Count = 150_000;
        double[] costs = [.. Enumerable.Range(0, Count).Select(_ => Math.Round(random.NextDouble(), 3))];
        double[] values = [.. Enumerable.Range(0, Count).Select(_ => 0.1 + Math.Round(random.NextDouble(), 2))];
        double budget = costs.Sum() * 0.6;
        AuctionColumns outcome = AuctionSamples.Run(AuctionMechanism.QMia, costs, values, budget);
        int[] order = [.. Enumerable.Range(0, Count).OrderBy(i => costs[i] / values[i])];
        Assert.True(outcome.Report.Winners > 65_536);
        Assert.Equal(order.Take(outcome.Report.Winners).Order(), Enumerable.Range(0, Count).Where(i => outcome.IsWinner[i]));
        for (int k = 0; k < 20; k++)
        {
            // The definition: max over k of min(B − P_k, v·ψ of the next), with the winner removed.
            int winner = order[random.NextInt32(outcome.Report.Winners)];
            double sum = 0;
            double best = 0;
            foreach (int other in order.Where(other => other != winner))
            {
                best = Math.Max(best, Math.Min(budget - sum, values[winner] * (costs[other] / values[other])));
                sum += costs[other];
            }

            Assert.Equal(Math.Max(best, budget - sum), outcome.Payment[winner], 1e-9 * budget);
        }
    }

    [Fact]
    public void ProportionalShareIsOnePricePerValue()
    {
        AuctionColumns outcome = AuctionSamples.Run(AuctionMechanism.ProportionalShare, [0.1, 0.3, 0.7, 0.8], [4, 3, 4, 4], 1);
        Assert.Equal([1 / 7.0 * 4, 1 / 7.0 * 3, 0, 0], outcome.Payment.Select(payment => payment), (a, b) => Math.Abs(a - b) < 1e-12);
        Assert.Equal(1 / 7.0, outcome.Report.UnitPrice, 1e-12);
        Assert.Equal(AwardReason.Budget, outcome.Reason[2]);
        Assert.Equal(AwardReason.TooDear, outcome.Reason[3]);
    }

    [Fact]
    public void ConstantRatioNeedsTheBranchPayment()
    {
        // p_3 = .23505 and not .57143: with true cost .403 it would gain .168 by reporting .1.
        double[] costs = [0.8, 0.3, 0.7, 0.1];
        double[] values = [4, 3, 4, 4];
        Assert.Equal(0.23505, AuctionSamples.Run(AuctionMechanism.ConstantRatio, costs, values, 1).Payment[3], 5e-6);
        AuctionColumns naive = AuctionSamples.Run(AuctionMechanism.NaiveConstantRatio, costs, values, 1);
        Assert.Equal(0.57143, naive.Payment[3], 5e-6);
        Assert.Equal(0.23505, naive.CriticalCost[3], 5e-6);
        Assert.False(naive.Report.IsTruthful);
        Assert.False(AuctionSamples.Run(AuctionMechanism.NaiveConstantRatio, [0.8, 0.3, 0.7, 0.403], values, 1).IsWinner[3]);
    }

    [Fact]
    public void ConstantRatioIsWithinItsBoundOfTheBest()
    {
        double worst = 0;
        foreach (AuctionSamples.Market market in AuctionSamples.Draw(4000, 7))
        {
            AuctionColumns outcome = AuctionSamples.Run(AuctionMechanism.ConstantRatio, market.Costs, market.Values, market.Budget);
            double left = market.Budget;
            double best = 0;
            foreach (int i in Enumerable.Range(0, market.Costs.Length).Where(i => market.Values[i] > 0 && market.Costs[i] <= market.Budget).OrderBy(i => market.Costs[i] / market.Values[i]))
            {
                double part = market.Costs[i] <= left ? 1 : left / market.Costs[i];
                best += part * market.Values[i];
                left -= part * market.Costs[i];
            }

            if (best > 0)
            {
                worst = Math.Max(worst, best / outcome.Report.Value);
            }
        }

        Assert.InRange(worst, 1, 2 + Math.Sqrt(2) + 1e-9);
    }

    [Fact]
    public void TheGreedyNeedsTheHalf()
    {
        // Its payments stay within the budget, of which the reports may take no more than half.
        AuctionColumns outcome = AuctionSamples.Run(AuctionMechanism.SubmodularGreedy, [0.1, 0.2, 0.6], [1, 1, 1], 1);
        Assert.Equal([AwardReason.Won, AwardReason.Won, AwardReason.TooDear], outcome.Reason);
    }

    [Fact]
    public void TheClockPrefersDataThatDiffer()
    {
        double[][] similarity = [[1, 1, 0], [1, 1, 0], [0, 0, 1]];
        AuctionColumns outcome = AuctionSamples.Run(
            AuctionMechanism.Clock, [0.2, 0.2, 0.2], [1, 1, 1], 1, (_, values) => FacilityLocation.OfSimilarity(similarity, values));
        Assert.True(outcome.IsWinner[2] && outcome.IsWinner[0] != outcome.IsWinner[1]);
        Assert.Equal(3, outcome.Report.Value);
        Assert.Equal(AwardReason.Budget, outcome.Reason[0]);
    }

    [Fact]
    public void RandomPaysWhatIsAskedAndDrawsAlikeWithASeed()
    {
        AuctionColumns Held(int seed) => DataAuctioneer.Run(
            [.. Enumerable.Repeat(0.3, 10)], [], [], new AuctionOptions { Mechanism = AuctionMechanism.Random, Budget = 1, Random = RandomSource.Create(seed) });
        Assert.Equal(3, Held(1).Report.Winners);
        Assert.Equal(Held(1).IsWinner, Held(1).IsWinner);
        Assert.True(Enumerable.Range(0, 20).Select(seed => string.Concat(Held(seed).IsWinner)).Distinct().Count() > 10);
        Assert.All(Held(1).Payment.Where(payment => payment > 0), payment => Assert.Equal(0.3, payment));
        Assert.Equal(
            "RandomSourceMissing",
            Assert.Throws<QosValuationException>(() => DataAuctioneer.Run([0.3], [], [], new AuctionOptions { Mechanism = AuctionMechanism.Random, Budget = 1 })).ErrorId);
    }

    [Theory]
    [InlineData(AuctionMechanism.QMia)]
    [InlineData(AuctionMechanism.ProportionalShare)]
    public void GroupsKeepPaymentsCritical(AuctionMechanism mechanism)
    {
        RandomSource random = RandomSource.Create(11);
        int winners = 0;
        foreach (AuctionSamples.Market market in AuctionSamples.Draw(1000, 12))
        {
            string[] groups = [.. market.Costs.Select(_ => "abc"[random.NextInt32(3)].ToString())];
            int limit = 1 + random.NextInt32(2);
            DataAward[] Held(double[] costs) => DataAuctioneer.Run(
                [.. costs.Select((cost, i) => new DataOffer { Contributor = "p" + i, Cost = cost, MarginalUtility = market.Values[i], Group = groups[i] })],
                new AuctionOptions { Mechanism = mechanism, Budget = market.Budget, GroupLimit = limit },
                null,
                out _);
            DataAward[] awards = Held(market.Costs);
            Assert.All(awards.Where(award => award.IsWinner).GroupBy(award => award.Group), group => Assert.True(group.Count() <= limit));
            if (mechanism == AuctionMechanism.ProportionalShare)
            {
                Assert.True(awards.Sum(award => award.Payment) <= market.Budget * (1 + 1e-12));
            }

            for (int i = 0; i < awards.Length; i++)
            {
                if (awards[i].IsWinner)
                {
                    winners++;
                    double low = 0;
                    double high = 2 * market.Budget + 1;
                    for (int k = 0; k < 80; k++)
                    {
                        double[] costs = [.. market.Costs];
                        costs[i] = low + (high - low) / 2;
                        (low, high) = Held(costs)[i].IsWinner ? (costs[i], high) : (low, costs[i]);
                    }

                    Assert.Equal(low, awards[i].Payment, 1e-9);
                }
            }
        }

        Assert.True(winners > 1000);
    }
}
