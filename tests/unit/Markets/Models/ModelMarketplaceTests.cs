using QosValuation.Foundation.Numerics;
using QosValuation.Foundation.Randomness;
using QosValuation.Markets.Models;

namespace QosValuation.Tests;

public sealed class ModelMarketplaceTests
{
    private static readonly ModelMarketRules[] Rules =
    [
        .. from step in Enum.GetValues<ModelGraphStep>()
           from payment in Enum.GetValues<ModelPayment>()
           select new ModelMarketRules { GraphStep = step, Payment = payment },
    ];

    private static void Near(double[] expected, double[] actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        Assert.All(expected.Zip(actual), pair => Assert.Equal(pair.First, pair.Second, 1e-9));
    }

    // By the definition: gain, written as in the paper.
    private static double Gain(double scale, double own, double all) => Math.Sqrt(scale / own) - Math.Sqrt(scale / all);

    // What a set of imports is worth to a buyer at the prices.
    private static double Worth(BuyerView view, IEnumerable<int> chosen) =>
        Gain(view.Scale, view.Own, view.Own + chosen.Sum(j => view.Sizes[j])) - chosen.Sum(view.Price);

    private static double BestWorth(BuyerView view, int left = -1)
    {
        double best = 0;
        for (int set = 0; set < 1 << view.Sizes.Length; set++)
        {
            int[] members = [.. Enumerable.Range(0, view.Sizes.Length).Where(j => (set >> j & 1) == 1)];
            if (!members.Contains(view.Buyer) && !members.Contains(left))
            {
                best = Math.Max(best, Worth(view, members));
            }
        }

        return best;
    }

    // The largest x at which the marginal gain is still the price, by bisection of the falling function.
    private static double Bisected(double scale, double size, double price)
    {
        double low = 0;
        double high = 1;
        double Excess(double data) => Math.Sqrt(scale / data) - Math.Sqrt(scale / (data + size)) - price;
        while (Excess(high) > 0)
        {
            high *= 2;
        }

        for (int k = 0; k < 300; k++)
        {
            double middle = (low + high) / 2;
            (low, high) = Excess(middle) > 0 ? (middle, high) : (low, middle);
        }

        return low + size;
    }

    [Fact]
    public void TheRegistriesFollowTheEnums()
    {
        Assert.Equal(Enum.GetValues<ModelGraphStep>(), GraphSteps.All.Select(step => step.Name));
        Assert.Equal(Enum.GetValues<ModelPayment>(), ModelPayments.All.Select(payment => payment.Name));
        Assert.Equal("ModelMarketOptionNotValid", Assert.Throws<QosValuationException>(() => GraphSteps.Find((ModelGraphStep)9)).ErrorId);
        Assert.Equal("ModelMarketOptionNotValid", Assert.Throws<QosValuationException>(() => ModelPayments.Find((ModelPayment)(-1))).ErrorId);
    }

    [Fact]
    public void ThresholdsSolveTheirEquation()
    {
        var random = RandomSource.Create(7);
        for (int k = 0; k < 20_000; k++)
        {
            double scale = Math.Pow(10, 8 * random.NextDouble());
            double size = Math.Round(Math.Pow(10, 5 * random.NextDouble()));
            double price = Math.Pow(10, -5 + (8 * random.NextDouble()));
            double threshold = DataGain.Threshold(scale, size, price);
            double expected = Bisected(scale, size, price);
            Assert.True(Math.Abs(threshold - expected) <= 1e-9 * expected, $"K = {scale}, N = {size}, b = {price}: {threshold} and not {expected}");
        }

        Assert.Equal(double.PositiveInfinity, DataGain.Threshold(1e4, 100, 0));
        Assert.Equal(double.PositiveInfinity, DataGain.Threshold(1e4, 100, -1e-17));
        Assert.Equal(double.PositiveInfinity, DataGain.Threshold(1e4, 100, double.Epsilon));
        Assert.Equal(100, DataGain.Threshold(1e4, 100, 1e300));
        Assert.InRange(DataGain.Threshold(1e4, 10_000, 50), 10_003.75, 10_003.85);
    }

    [Fact]
    public void Case0ThreeClientsAlikeImportEachOther()
    {
        foreach (ModelMarketRules rules in Rules)
        {
            ModelMarketClearing round = ModelMarketplace.Clear(
                ModelMarkets.Traders([100, 100, 100], [1, 1, 1], 1e4), ModelMarkets.Distances(3, (_, _) => 0), rules);
            double price = (100 / Math.Sqrt(200)) - (100 / Math.Sqrt(300));
            Assert.All(round.Imports, imports => Assert.Equal(2, imports.Length));
            Near([0, 0, 0, 0, 0, 0, 0, 0, 0], round.Payment.Values);
            Near([2 * price, 2 * price, 2 * price], round.Paid);
            double utility = 10 - (100 / Math.Sqrt(300)) - 2;
            Near([utility, utility, utility], round.Utility);
            Assert.Equal(2.2265, utility, 1e-4);
            Assert.Equal(3 * utility, round.Welfare, 1e-9);
        }
    }

    [Fact]
    public void Case1DistanceLeavesOneImportEach()
    {
        ModelMarketClearing round = ModelMarketplace.Clear(
            ModelMarkets.Traders([100, 100, 100], [1, 1, 1], 1e4), ModelMarkets.Distances(3, (_, _) => 1), new());
        Assert.Equal([[1], [0], [0]], round.Imports);
        double price = 10 - (100 / Math.Sqrt(200)) - 1;
        Near([price, price, price], round.Paid);
        Near([2 * price, price, 0], round.Received);
        double gain = 10 - (100 / Math.Sqrt(200));
        Near([gain - price + (2 * price) - 2, gain - price + price - 1, gain - price], round.Utility);
        Near([2.8578643762690497, 1.9289321881345254, 1], round.Utility);
    }

    [Fact]
    public void Case2ABuyerWithOneSellerKeepsNothingOfTheMarginalPayment()
    {
        ModelMarketClearing round = ModelMarketplace.Clear(
            ModelMarkets.Traders([100, 300, 100], [100, 1, 100], 1e4, 0, 0), ModelMarkets.Distances(3, (_, _) => 0), new());
        Assert.Equal([[1], [], []], round.Imports);
        Near([0, 5, 0, -5, 0, 0, 0, 0, 0], round.Payment.Values);
        Near([0, 4, 0], round.Utility);
    }

    [Fact]
    public void Cases3And4AFalseCostGainsUnderTheMarginalPaymentAndNotUnderTheCriticalOne()
    {
        TraderColumns traders = ModelMarkets.Traders([100, 100, 100], [0, 1.4, 2], 1e4, 0, 0);
        TraderColumns lie = traders with { ReportedCosts = [0, 1.4, 1] };
        SquareMatrix near = ModelMarkets.Distances(3, (_, _) => 0);
        double all = 10 - (100 / Math.Sqrt(200));
        ModelMarketClearing honest = ModelMarketplace.Clear(traders, near, new());
        ModelMarketClearing lying = ModelMarketplace.Clear(lie, near, new());
        Assert.Equal([1], honest.Imports[0]);
        Assert.Equal([2], lying.Imports[0]);
        Assert.Equal(2.9289, all, 1e-4);
        Near([0, all - 1.4, 0], honest.Utility);
        Near([0, 0, all - 2], lying.Utility);
        var critical = new ModelMarketRules { Payment = ModelPayment.Critical };
        Near([all - 2, 0.6, 0], ModelMarketplace.Clear(traders, near, critical).Utility);
        Near([all - 1.4, 0, 1.4 - 2], ModelMarketplace.Clear(lie, near, critical).Utility);
    }

    [Fact]
    public void Case5ADearLargeSellerHidesASmallOneUntilTheSearchGoesOn()
    {
        TraderColumns traders = ModelMarkets.Traders([100, 10_000, 100], [0, 50, 0.1], 1e4, 0, 0);
        SquareMatrix near = ModelMarkets.Distances(3, (_, _) => 0);
        Assert.Empty(ModelMarketplace.Choose(traders, near, new())[0]);
        Assert.Equal([2], ModelMarketplace.Choose(traders, near, new() { GraphStep = ModelGraphStep.Skip })[0]);
        Assert.Equal([2], ModelMarketplace.Choose(traders, near, new() { GraphStep = ModelGraphStep.Optimal })[0]);
        ModelMarketClearing round = ModelMarketplace.Clear(traders, near, new() { GraphStep = ModelGraphStep.Skip });
        Assert.Equal(10 - (100 / Math.Sqrt(200)), round.Paid[0], 1e-9);
    }

    [Fact]
    public void TheBestSetIsThatOfBruteForceAndTheThresholdsFindItWhereSizesAreEqual()
    {
        int below = 0;
        int buyers = 0;
        foreach (int seed in ModelMarkets.Seeds)
        {
            (TraderColumns traders, SquareMatrix distances, ModelMarketRules rules) = ModelMarkets.Draw(seed);
            for (int i = 0; i < traders.Count; i++)
            {
                BuyerView view = ModelMarketplace.View(traders, distances, rules, i);
                if (view.Scale == 0)
                {
                    continue;
                }

                double best = BestWorth(view);
                double Found(ModelGraphStep step) => Worth(view, GraphSteps.Find(step).Choose(view, default));
                Assert.Equal(best, Found(ModelGraphStep.Optimal), 1e-9 * Math.Max(1, best));
                double skip = Found(ModelGraphStep.Skip);
                double threshold = Found(ModelGraphStep.Threshold);
                Assert.True(skip >= -1e-9 && threshold >= -1e-9 && skip <= best + 1e-9 && threshold <= best + 1e-9);
                buyers++;
                below += best - threshold > 1e-9 ? 1 : 0;
                if (traders.Sizes.Distinct().Count() == 1)
                {
                    Assert.Equal(best, threshold, 1e-9 * Math.Max(1, best));
                }
            }
        }

        Assert.InRange(below, 1, buyers / 5);
    }

    [Fact]
    public void ACriticalPriceIsWhereTheChoiceTurns()
    {
        foreach (int seed in ModelMarkets.Seeds)
        {
            (TraderColumns traders, SquareMatrix distances, ModelMarketRules rules) = ModelMarkets.Draw(seed);
            BuyerView view = ModelMarketplace.View(traders, distances, rules, seed % traders.Count);
            if (view.Scale == 0)
            {
                continue;
            }

            foreach (IGraphStep step in GraphSteps.All)
            {
                int[] chosen = step.Choose(view, default);
                foreach (int seller in chosen)
                {
                    // By bisection over what the seller asks: a view made anew, in which the order is sorted.
                    double low = traders.Costs[seller];
                    double high = low + Math.Sqrt(view.Scale);
                    for (int k = 0; k < 100; k++)
                    {
                        double middle = (low + high) / 2;
                        double[] costs = [.. traders.Costs];
                        costs[seller] = middle;
                        BuyerView asked = ModelMarketplace.View(traders with { Costs = costs }, distances, rules, view.Buyer);
                        (low, high) = step.Choose(asked, default).Contains(seller) ? (middle, high) : (low, middle);
                    }

                    double critical = step.CriticalPrice(view, chosen, seller, default) - view.Penalties[seller];
                    Assert.True(Math.Abs(low - critical) <= 1e-9 * Math.Max(1, critical), $"seed {seed}, {step.Name}: {critical} and not {low}");
                }
            }
        }
    }

    [Fact]
    public void PaymentsCancelAndNobodyIsWorseOff()
    {
        int lower = 0;
        foreach (int seed in ModelMarkets.Seeds)
        {
            (TraderColumns traders, SquareMatrix distances, ModelMarketRules drawn) = ModelMarkets.Draw(seed);
            double[] marginal = [];
            foreach (ModelMarketRules kind in Rules)
            {
                ModelMarketRules rules = kind with { Lambda = drawn.Lambda };
                ModelMarketClearing round = ModelMarketplace.Clear(traders, distances, rules);
                for (int i = 0; i < round.Count; i++)
                {
                    for (int j = 0; j < round.Count; j++)
                    {
                        Assert.Equal(0, round.Payment[i, j] + round.Payment[j, i]);
                    }

                    Assert.True(round.IsRational(i), $"seed {seed}, {rules}: {round.Utility[i]}");
                    double scale = Math.Max(1, round.Gain[i]);
                    Assert.Equal(Gain(traders.GainScales[i], traders.Sizes[i], traders.Sizes[i] + round.Imports[i].Sum(j => traders.Sizes[j])), round.Gain[i], 1e-9 * scale);
                    Assert.Equal(traders.Costs[i] * round.Imports.Count(imports => imports.Contains(i)), round.Cost[i], 1e-9 * Math.Max(1, round.Cost[i]));
                    Assert.Equal(round.Gain[i] - round.Payment.Row(i).ToArray().Sum() - round.Cost[i], round.Utility[i], 1e-9 * Math.Max(1, round.Paid[i] + round.Received[i]));
                }

                Assert.Equal(round.Utility.Sum(), round.Welfare, 1e-9 * Math.Max(1, round.Gain.Sum()));
                if (rules.GraphStep == ModelGraphStep.Threshold)
                {
                    if (rules.Payment == ModelPayment.Marginal)
                    {
                        marginal = round.Paid;
                        CheckMarginal(traders, distances, rules, round);
                    }
                    else
                    {
                        Assert.All(round.Paid.Zip(marginal), pair => Assert.True(pair.First <= pair.Second + 1e-9));
                        lower += round.Paid.Zip(marginal).Count(pair => pair.First < pair.Second - 1e-9);
                    }
                }
            }
        }

        Assert.True(lower > 0);
    }

    // The payment of the authors' code: differences of gains, entry by entry.
    private static void CheckMarginal(TraderColumns traders, SquareMatrix distances, ModelMarketRules rules, ModelMarketClearing round)
    {
        for (int i = 0; i < round.Count; i++)
        {
            for (int j = 0; j < round.Count; j++)
            {
                double Pays(int buyer, int seller)
                {
                    double all = traders.Sizes[buyer] + round.Imports[buyer].Sum(k => traders.Sizes[k]);
                    return !round.Imports[buyer].Contains(seller) ? 0
                        : Gain(traders.GainScales[buyer], traders.Sizes[buyer], all) - Gain(traders.GainScales[buyer], traders.Sizes[buyer], all - traders.Sizes[seller])
                            - (rules.Lambda * distances[buyer, seller] * traders.Sizes[seller] / traders.Sizes[buyer]);
                }

                Assert.Equal(Pays(i, j) - Pays(j, i), round.Payment[i, j], 1e-9 * Math.Max(1, round.Paid[i] + round.Received[i]));
            }
        }
    }

    [Fact]
    public void CostLiesGainUnderTheMarginalPaymentAlone()
    {
        var found = new Dictionary<(ModelGraphStep, ModelPayment), int>();
        foreach (int seed in ModelMarkets.Seeds)
        {
            (TraderColumns traders, SquareMatrix distances, ModelMarketRules drawn) = ModelMarkets.Draw(seed);
            foreach (ModelMarketRules kind in Rules)
            {
                ModelMarketRules rules = kind with { Lambda = drawn.Lambda };
                ModelMarketClearing round = ModelMarketplace.Clear(traders, distances, rules);
                ModelMarketCheck check = ModelMarketProbe.Check(traders, distances, rules, round, RandomSource.Create(seed));
                Assert.True(check.IsZeroSum && check.Probes > 0);
                if (check.Lies > 0)
                {
                    found[(rules.GraphStep, rules.Payment)] = found.GetValueOrDefault((rules.GraphStep, rules.Payment)) + 1;

                    // The whole market again, with the lie in it.
                    int liar = traders.Names.ToList().IndexOf(check.Liar);
                    double[] reported = [.. traders.Costs];
                    reported[liar] = check.FalseCost;
                    ModelMarketClearing lying = ModelMarketplace.Clear(traders with { ReportedCosts = reported }, distances, rules);
                    Assert.Equal(check.LieGain, lying.Utility[liar] - round.Utility[liar], 1e-9 * Math.Max(1, lying.Received[liar] + round.Received[liar]));
                }
            }
        }

        Assert.All(Enum.GetValues<ModelGraphStep>(), step => Assert.True(found[(step, ModelPayment.Marginal)] > 0));
        Assert.DoesNotContain(found.Keys, key => key.Item2 == ModelPayment.Critical);
    }

    [Fact]
    public void SizeAndScaleLiesGainUnderBoth()
    {
        TraderColumns traders = ModelMarkets.Traders([100, 100, 100], [1, 1, 1], 1e4);
        SquareMatrix near = ModelMarkets.Distances(3, (_, _) => 0);
        foreach (ModelPayment payment in Enum.GetValues<ModelPayment>())
        {
            var rules = new ModelMarketRules { Payment = payment };
            double honest = ModelMarketplace.Clear(traders, near, rules).Utility[0];
            Assert.True(ModelMarketplace.Clear(traders with { ReportedSizes = [150, 100, 100] }, near, rules).Utility[0] > honest + 0.01);
            Assert.True(ModelMarketplace.Clear(traders with { ReportedGainScales = [8e3, 1e4, 1e4] }, near, rules).Utility[0] > honest + 0.01);
        }
    }

    [Fact]
    public void WhatIsSharedFreelyCostsAndPaysNothing()
    {
        TraderColumns traders = ModelMarkets.Traders([100, 300], [1, 2], 1e4);
        ModelMarketClearing round = ModelMarketplace.Share(traders, [[1], []]);
        Near([5, -2], round.Utility);
        Assert.True(round.IsRational(0));
        Assert.False(round.IsRational(1));
        Assert.Equal(3, round.Welfare, 1e-12);
        ModelMarketCheck check = ModelMarketProbe.Check(traders, null, new(), round, RandomSource.Create(1));
        Assert.Equal(["c1"], check.Losers);
        Assert.Equal((false, true, 0), (check.IsRational, check.IsZeroSum, check.Probes));
    }

    [Fact]
    public void TheNumberOfThreadsChangesNothing()
    {
        (TraderColumns traders, SquareMatrix distances, ModelMarketRules rules) = ModelMarkets.Draw(14);
        foreach (ModelMarketRules kind in Rules)
        {
            ModelMarketClearing one = ModelMarketplace.Clear(traders, distances, kind with { MaxDegreeOfParallelism = 1 });
            ModelMarketClearing many = ModelMarketplace.Clear(traders, distances, kind with { MaxDegreeOfParallelism = 8 });
            Assert.Equal(one.Payment.Values, many.Payment.Values);
            Assert.Equal(one.Utility, many.Utility);
        }
    }

    [Fact]
    public void ClientsAndDistancesThatCannotBeAreRefused()
    {
        TraderColumns traders = ModelMarkets.Traders([100, 100], [1, 1], 1e4);
        SquareMatrix near = ModelMarkets.Distances(2, (_, _) => 0);
        string Refused(TraderColumns columns, SquareMatrix distances, ModelMarketRules rules) =>
            Assert.Throws<QosValuationException>(() => ModelMarketplace.Clear(columns, distances, rules)).ErrorId;
        Assert.Equal("ModelTraderNotValid", Refused(traders with { Sizes = [100, 0] }, near, new()));
        Assert.Equal("ModelTraderNotValid", Refused(traders with { ReportedCosts = [1, -1] }, near, new()));
        Assert.Equal("ModelTraderNotValid", Refused(traders with { GainScales = [1, double.NaN] }, near, new()));
        Assert.Equal("ModelDistanceNotValid", Refused(traders, ModelMarkets.Distances(3, (_, _) => 0), new()));
        Assert.Equal("ModelDistanceNotValid", Refused(traders, ModelMarkets.Distances(2, (_, _) => -1), new()));
        Assert.Equal("ModelMarketOptionNotValid", Refused(traders, near, new() { Lambda = double.NaN }));
    }

    [Fact]
    public void ASearchThatIsTooLongSaysSo()
    {
        // Many sellers of almost the same price a row: no branch can be cut off early.
        const int Count = 60;
        double[] sizes = [1, .. Enumerable.Range(0, Count).Select(i => 1000.0 + (i * 7919 % 601))];
        double[] costs = [0, .. sizes.Skip(1).Select(size => size * 1e-3)];
        double scale = Math.Pow(2 * 1e-3 * Math.Pow(31_234.5, 1.5), 2);
        TraderColumns traders = ModelMarkets.Traders(sizes, costs, [scale, .. new double[Count]]);
        QosValuationException fault = Assert.Throws<QosValuationException>(() => ModelMarketplace.Choose(
            traders, ModelMarkets.Distances(Count + 1, (_, _) => 0), new() { GraphStep = ModelGraphStep.Optimal }));
        Assert.Equal("ModelGraphTooLarge", fault.ErrorId);
    }
}
