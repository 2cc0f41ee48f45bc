using QosValuation.Allocation.Fairness;
using QosValuation.Allocation.Schemes;
using QosValuation.Foundation.Randomness;

namespace QosValuation.Tests;

public sealed class FairnessMeasuresTests
{
    [Fact]
    public void HandWorkedExample()
    {
        // r = 1, 2, 3: J = 36/(3·14), G = (1 + 2 + 1)·2/(2·3·6).
        Assert.Equal(36.0 / 42, FairnessMeasures.Jain([1, 2, 3]), 1e-15);
        Assert.Equal(8.0 / 36, FairnessMeasures.Gini([3, 1, 2]), 1e-15);

        // One of N has all: J = 1/N, G = 1 − 1/N.
        Assert.Equal(0.25, FairnessMeasures.Jain([0, 7, 0, 0]), 1e-15);
        Assert.Equal(0.75, FairnessMeasures.Gini([0, 7, 0, 0]), 1e-15);
    }

    [Fact]
    public void BothAgreeWithTheirDefinitionsInDecimals()
    {
        RandomSource random = RandomSource.Create(1);
        for (int trial = 0; trial < 200; trial++)
        {
            double[] rates = [.. Enumerable.Range(0, 1 + random.NextInt32(60)).Select(_ => random.NextInt32(4) == 0 ? 0 : Math.Round(100 * random.NextDouble(), 9))];
            decimal sum = 0, squares = 0, differences = 0;
            foreach (double a in rates)
            {
                sum += (decimal)a;
                squares += (decimal)a * (decimal)a;
                foreach (double b in rates)
                {
                    differences += Math.Abs((decimal)a - (decimal)b);
                }
            }

            if (sum > 0)
            {
                Assert.Equal((double)(sum * sum / (rates.Length * squares)), FairnessMeasures.Jain(rates), 1e-14);
                Assert.Equal((double)(differences / (2 * rates.Length * sum)), FairnessMeasures.Gini(rates), 1e-14);
            }
        }
    }

    [Theory]
    [InlineData(1e300)]
    [InlineData(1e-300)]
    [InlineData(1e-310)]
    public void TheScaleOfTheRatesDoesNotMatter(double scale)
    {
        double[] rates = [.. Enumerable.Range(1, 50).Select(i => (double)i)];
        double[] scaled = [.. rates.Select(r => r * scale)];
        double tolerance = scale < 1e-308 ? 1e-10 : 1e-14;
        Assert.Equal(FairnessMeasures.Jain(rates), FairnessMeasures.Jain(scaled), tolerance);
        Assert.Equal(FairnessMeasures.Gini(rates), FairnessMeasures.Gini(scaled), tolerance);
    }

    [Fact]
    public void AMillionTinyRatesKeepTwelveDigits()
    {
        // r = k·10⁻¹² for k = 1..N: J = 3(N + 1)/(2(2N + 1)), G = (N² − 1)/(3N(N + 1)) = (N − 1)/(3N).
        const int count = 1_000_000;
        double[] rates = [.. Enumerable.Range(1, count).Select(k => k * 1e-12)];
        Assert.Equal(3.0 * (count + 1.0) / (2 * (2.0 * count + 1)), FairnessMeasures.Jain(rates), 1e-13);
        Assert.Equal((count - 1.0) / (3.0 * count), FairnessMeasures.Gini(rates), 1e-13);
    }

    [Fact]
    public void NearlyEqualRatesKeepTheirSmallCoefficient()
    {
        // N − 1 rates of 1 and one of 1 + x: G = x(N − 1)/(N(N + x)).
        double x = Math.BitIncrement(1.0) - 1;
        double[] rates = [.. Enumerable.Repeat(1.0, 999), 1 + x];
        Assert.Equal(1, FairnessMeasures.Gini(rates) / (x * 999 / (1000 * (1000 + x))), 1e-12);
        Assert.Equal(1, FairnessMeasures.Jain(rates), 1e-15);
    }

    [Fact]
    public void OrderDoesNotMatterAndBoundsHold()
    {
        RandomSource random = RandomSource.Create(2);
        for (int trial = 0; trial < 300; trial++)
        {
            double[] rates = [.. Enumerable.Range(0, 1 + random.NextInt32(40)).Select(_ => Math.Exp(20 * random.NextNormal()))];
            double jain = FairnessMeasures.Jain(rates);
            double gini = FairnessMeasures.Gini(rates);
            Assert.InRange(jain, (1.0 / rates.Length) * (1 - 1e-14), 1);
            Assert.InRange(gini, 0, 1 - (1.0 / rates.Length) * (1 - 1e-12));
            random.Shuffle<double>(rates);
            Assert.Equal(jain, FairnessMeasures.Jain(rates), 1e-14);
            Assert.Equal(gini, FairnessMeasures.Gini(rates), 1e-14);
        }
    }

    [Fact]
    public void DegenerateRatesHaveDocumentedResults()
    {
        Assert.Equal(1, FairnessMeasures.Jain([0, 0, 0]));
        Assert.Equal(0, FairnessMeasures.Gini([0, 0, 0]));
        Assert.Equal(1, FairnessMeasures.Jain([5]));
        Assert.Equal(0, FairnessMeasures.Gini([5]));
        FairnessReport empty = FairnessMeasures.Measure(Array.Empty<double>());
        Assert.Equal(0, empty.Count);
        Assert.True(double.IsNaN(empty.Jain) && double.IsNaN(empty.Gini) && double.IsNaN(empty.MinRate) && double.IsNaN(empty.MaxRate));
        Assert.Equal(0, FairnessMeasures.RewardRate(3, 0));
        Assert.Equal(1.5, FairnessMeasures.RewardRate(3, 2));
        Assert.Equal(double.MaxValue, FairnessMeasures.RewardRate(3, double.Epsilon));
    }

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(-1)]
    [InlineData(double.PositiveInfinity)]
    public void FaultyRatesAreRefused(double rate)
    {
        Assert.Equal("RateNotValid", Assert.Throws<QosValuationException>(() => FairnessMeasures.Jain([1, rate])).ErrorId);
        Assert.Equal("RateNotValid", Assert.Throws<QosValuationException>(() => FairnessMeasures.Gini([1, rate])).ErrorId);
        Assert.Equal("RateNotValid", Assert.Throws<QosValuationException>(() => FairnessMeasures.Measure(new[] { 1, rate })).ErrorId);
    }

    [Fact]
    public void AReportOfGrantsAddsWhatTheyHold()
    {
        TokenAgent[] agents = [.. new[] { 1.0, 3, 6, 0 }.Select((v, i) => new TokenAgent { Agent = $"{i}", Value = v, Capacity = 5 })];
        FairnessReport report = FairnessMeasures.Measure(TokenAllocator.Allocate(agents, 10, AllocationScheme.Proposed));

        // u = 1, 3, 5, 0 and r = 1, 1, 5/6, 0.
        Assert.Equal(4, report.Count);
        Assert.Equal(1 + 9 + 30, report.SocialWelfare, 1e-12);
        Assert.Equal(9, report.Allocated, 1e-12);
        Assert.Equal(10, report.Supply);
        Assert.Equal(0, report.MinRate);
        Assert.Equal(1, report.MaxRate, 1e-15);
        Assert.Equal((17 / 6.0) * (17 / 6.0) / (4 * (2 + 25 / 36.0)), report.Jain, 1e-14);

        TokenGrant[] mixed = [.. TokenAllocator.Allocate(agents, 10, AllocationScheme.Proposed), .. TokenAllocator.Allocate(agents, 5, AllocationScheme.Proposed)];
        Assert.True(double.IsNaN(FairnessMeasures.Measure(mixed).Supply));
    }
}
