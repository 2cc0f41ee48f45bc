using QosValuation.Allocation.Fairness;
using QosValuation.Foundation.Numerics;
using QosValuation.Foundation.Randomness;

namespace QosValuation.Tests;

public sealed class InequalityTests
{
    [Fact]
    public void HandWorkedExample()
    {
        // r = 1, 3: μ = 2, x = 1/2, 3/2, p = 1/4, 3/4.
        double[] rates = [1, 3];
        Assert.Equal(1.0 / 3, Inequality.MinMaxRatio(rates), 1e-15);
        Assert.Equal((0.25 * Math.Log(4) + 0.75 * Math.Log(4.0 / 3)) / Math.Log(2), Inequality.Entropy(rates), 1e-15);
        Assert.Equal((0.5 * Math.Log(0.5) + 1.5 * Math.Log(1.5)) / 2, Inequality.Theil(rates), 1e-15);
        Assert.Equal(1 - Math.Pow((Math.Sqrt(0.5) + Math.Sqrt(1.5)) / 2, 2), Inequality.Atkinson(rates), 1e-15);
        Assert.Equal(1 - Math.Sqrt(0.75), Inequality.Atkinson(rates, 1), 1e-15);

        // ε = 2: the harmonic mean of 1/2 and 3/2 is 3/4.
        Assert.Equal(0.25, Inequality.Atkinson(rates, 2), 1e-15);
        Assert.Equal(0, Inequality.Atkinson(rates, 0));
        Assert.Equal([0, 0.5, 1], Inequality.Lorenz([3, 1]).Population);
        Assert.Equal([0, 0.25, 1], Inequality.Lorenz([3, 1]).Share);
    }

    [Fact]
    public void TheyAgreeWithTheirDefinitions()
    {
        RandomSource random = RandomSource.Create(1);
        for (int trial = 0; trial < 300; trial++)
        {
            double spread = 3 * random.NextDouble();
            double[] rates = [.. Enumerable.Range(0, 2 + random.NextInt32(60)).Select(_ => Math.Exp(spread * random.NextNormal()))];
            double mean = rates.Average();
            double sum = rates.Sum();
            Assert.Equal(rates.Min() / rates.Max(), Inequality.MinMaxRatio(rates), 1e-15);
            Assert.Equal(-rates.Sum(r => r / sum * Math.Log(r / sum)) / Math.Log(rates.Length), Inequality.Entropy(rates), 1e-13);
            Assert.Equal(rates.Average(r => r / mean * Math.Log(r / mean)), Inequality.Theil(rates), 1e-13);
            Assert.Equal(1 - Math.Exp(rates.Average(r => Math.Log(r / mean))), Inequality.Atkinson(rates, 1), 1e-13);
            foreach (double aversion in new[] { 0.1, 0.5, 0.9, 1.1, 2, 5, 20 })
            {
                double direct = 1 - Math.Pow(rates.Average(r => Math.Pow(r / mean, 1 - aversion)), 1 / (1 - aversion));
                Assert.Equal(direct, Inequality.Atkinson(rates, aversion), 1e-11);
            }
        }
    }

    [Fact]
    public void TheyAreRelatedAsTheirTheorySays()
    {
        RandomSource random = RandomSource.Create(2);
        for (int trial = 0; trial < 200; trial++)
        {
            double[] rates = [.. Enumerable.Range(0, 2 + random.NextInt32(50)).Select(_ => random.NextInt32(5) == 0 ? 0 : Math.Exp(4 * random.NextNormal()))];
            rates[0] = 1;
            double theil = Inequality.Theil(rates);
            Assert.Equal((1 - Inequality.Entropy(rates)) * Math.Log(rates.Length), theil, 1e-13);
            Assert.InRange(theil, 0, Math.Log(rates.Length) + 1e-13);

            // Atkinson grows with ε, is continuous at 1, and never exceeds 1 − min/μ.
            double before = 0;
            double bound = 1 - (rates.Min() / rates.Average());
            foreach (double aversion in new[] { 0, 0.2, 0.5, 0.8, 0.999999, 1, 1.000001, 1.5, 3, 30, 1000 })
            {
                double atkinson = Inequality.Atkinson(rates, aversion);
                Assert.InRange(atkinson, before - 1e-12, bound + 1e-12);
                before = atkinson;
            }

            if (rates.Min() > 0)
            {
                Assert.Equal(Inequality.Atkinson(rates, 1), Inequality.Atkinson(rates, 1 - 1e-9), 1e-7);
                Assert.Equal(Inequality.Atkinson(rates, 1), Inequality.Atkinson(rates, 1 + 1e-9), 1e-7);
            }
        }
    }

    [Fact]
    public void TheAreaUnderTheLorenzCurveIsHalfOfOneMinusGini()
    {
        RandomSource random = RandomSource.Create(3);
        for (int trial = 0; trial < 100; trial++)
        {
            double[] rates = [.. Enumerable.Range(0, 1 + random.NextInt32(900)).Select(_ => random.NextInt32(4) == 0 ? 0 : Math.Exp(2 * random.NextNormal()))];
            LorenzCurve curve = Inequality.Lorenz(rates);
            Assert.Equal(rates.Length + 1, curve.Count);
            Assert.Equal((1 - FairnessMeasures.Gini(rates)) / 2, Area(curve), 1e-13);
        }
    }

    [Fact]
    public void ALongLorenzCurveIsThinnedToExactPoints()
    {
        double[] rates = [.. Enumerable.Range(1, 123_457).Select(k => (double)k)];
        LorenzCurve curve = Inequality.Lorenz([.. rates.Reverse()]);
        Assert.Equal(1001, curve.Count);
        Assert.Equal((0.0, 0.0, 1.0, 1.0), (curve.Population[0], curve.Share[0], curve.Population[^1], curve.Share[^1]));
        for (int i = 0; i < curve.Count; i++)
        {
            double k = Math.Round(curve.Population[i] * rates.Length);
            Assert.Equal(k * (k + 1) / (rates.Length * (rates.Length + 1.0)), curve.Share[i], 1e-14);
        }

        Assert.Equal((1 - FairnessMeasures.Gini(rates)) / 2, Area(curve), 1e-6);
    }

    [Theory]
    [InlineData(1e-12)]
    [InlineData(1e-300)]
    [InlineData(1e290)]
    public void AMillionRatesKeepTwelveDigits(double unit)
    {
        // r = k·unit for k = 1..N, μ = (N + 1)/2: closed forms by Stirling's series and that of the hyperfactorial Π kᵏ.
        const int count = 1_000_000;
        double n = count;
        double[] rates = [.. Enumerable.Range(1, count).Select(k => k * unit)];
        const double logGlaisher = 0.248754477033784262547;
        double logHyperfactorial = logGlaisher + ((n * n / 2) + (n / 2) + (1.0 / 12)) * Math.Log(n) - n * n / 4 + 1 / (720 * n * n);
        double theil = 2 * logHyperfactorial / (n * (n + 1)) - Math.Log((n + 1) / 2);
        Assert.Equal(1, Inequality.Theil(rates) / theil, 1e-12);
        Assert.Equal(1, Inequality.Entropy(rates) / (1 - theil / Math.Log(n)), 1e-12);
        double logFactorial = (n + 0.5) * Math.Log(n) - n + NormalTail.LogSqrtTwoPi + 1 / (12 * n);
        Assert.Equal(1, Inequality.Atkinson(rates, 1) / (1 - Math.Exp(logFactorial / n - Math.Log((n + 1) / 2))), 1e-12);
        double harmonic = Math.Log(n) + 0.57721566490153286061 + 1 / (2 * n) - 1 / (12 * n * n);
        Assert.Equal(1, Inequality.Atkinson(rates, 2) / (1 - (n / harmonic / ((n + 1) / 2))), 1e-12);
        Assert.Equal(1, Inequality.MinMaxRatio(rates) * n, 1e-12);
    }

    [Fact]
    public void NearlyEvenRatesKeepTheDigitsOfSmallIndices()
    {
        // x = 1 ± y: T = y²/2 + y⁴/12 + …, A(1) = 1 − √(1 − y²) = y²/2 + y⁴/8 + ….
        foreach (double y in new[] { Math.ScaleB(1, -12), Math.ScaleB(1, -20), Math.ScaleB(1, -26) })
        {
            double[] rates = [1 - y, 1 + y];
            Assert.Equal(1, Inequality.Theil(rates) / (y * y / 2 * (1 + y * y / 6)), 1e-12);
            Assert.Equal(1, Inequality.Atkinson(rates, 1) / (y * y / 2 * (1 + y * y / 4)), 1e-12);

            // ε = 2: 1 − HM/μ = y² exactly.
            Assert.Equal(1, Inequality.Atkinson(rates, 2) / (y * y), 1e-12);
        }
    }

    [Fact]
    public void RatesAtTheEndsOfTheRangeStayFinite()
    {
        double[] rates = [double.Epsilon, 1, double.MaxValue];
        Assert.Equal(0, Inequality.MinMaxRatio(rates));
        Assert.Equal(Math.Log(3), Inequality.Theil(rates), 1e-12);
        Assert.Equal(0, Inequality.Entropy(rates), 1e-12);
        foreach (double aversion in new[] { 0.5, 1, 2, 50, 1e6, 1e300 })
        {
            Assert.InRange(Inequality.Atkinson(rates, aversion), 0.66, 1);
        }

        // A large aversion looks at the poorest alone: 1 − min/μ·N^(1/(ε − 1)), here min/μ = 2·10⁻¹⁰/(1 + 10⁻¹⁰).
        Assert.Equal(1, (1 - Inequality.Atkinson([1e-10, 1], 200)) / (2e-10 / (1 + 1e-10) * Math.Pow(2, 1.0 / 199)), 1e-5);
        Assert.Equal(1, (1 - Inequality.Atkinson([1e-4, 1], 200)) / (2e-4 / (1 + 1e-4) * Math.Pow(2, 1.0 / 199)), 1e-11);
    }

    [Fact]
    public void DegenerateRatesHaveDocumentedResults()
    {
        foreach (double[] even in new[] { new double[] { 0, 0, 0 }, [7, 7, 7], [5], [0] })
        {
            Assert.Equal(1, Inequality.MinMaxRatio(even));
            Assert.Equal(1, Inequality.Entropy(even), 1e-15);
            Assert.Equal(0, Inequality.Theil(even));
            Assert.All([0, 0.5, 1, 2, 1000], e => Assert.Equal(0, Inequality.Atkinson(even, e)));
            LorenzCurve diagonal = Inequality.Lorenz(even);
            Assert.All(diagonal.Population.Zip(diagonal.Share), point => Assert.Equal(point.First, point.Second, 1e-15));
        }

        // One of N has all: p = 1; x = N.
        double[] concentrated = [0, 9, 0, 0];
        Assert.Equal(0, Inequality.Entropy(concentrated));
        Assert.Equal(Math.Log(4), Inequality.Theil(concentrated), 1e-15);
        Assert.Equal(0.75, Inequality.Atkinson(concentrated, 0.5), 1e-15);
        Assert.Equal(1, Inequality.Atkinson(concentrated, 1));
        Assert.Equal(1, Inequality.Atkinson(concentrated, 3));
        FairnessReport empty = FairnessMeasures.Measure(Array.Empty<double>(), withLorenz: true);
        Assert.All([empty.MinMaxRatio, empty.Entropy, empty.Theil, empty.Atkinson], index => Assert.True(double.IsNaN(index)));
        Assert.Equal(0, empty.LorenzCurve!.Count);
    }

    [Fact]
    public void AReportHoldsThemAll()
    {
        double[] rates = [4, 1, 0, 2, 2];
        FairnessReport report = FairnessMeasures.Measure(rates, 2, withLorenz: true);
        Assert.Equal(FairnessMeasures.Gini(rates), report.Gini);
        Assert.Equal(Inequality.Entropy(rates), report.Entropy);
        Assert.Equal(Inequality.Theil(rates), report.Theil);
        Assert.Equal((1.0, 2.0), (report.Atkinson, report.Aversion));
        Assert.Equal([0, 0, 1.0 / 9, 3.0 / 9, 5.0 / 9, 1], report.LorenzCurve!.Share);
        Assert.Null(FairnessMeasures.Measure(rates).LorenzCurve);
        Assert.Equal(0.5, FairnessMeasures.Measure(rates).Aversion);
    }

    [Fact]
    public void FaultsAreRefused()
    {
        Assert.All([-0.5, double.NaN, double.PositiveInfinity], e =>
            Assert.Equal("AversionNotValid", Assert.Throws<QosValuationException>(() => FairnessMeasures.Measure(new double[] { 1 }, e)).ErrorId));
        foreach (double rate in new[] { -1, double.NaN, double.PositiveInfinity })
        {
            Assert.Equal("RateNotValid", Assert.Throws<QosValuationException>(() => Inequality.Theil([1, rate])).ErrorId);
            Assert.Equal("RateNotValid", Assert.Throws<QosValuationException>(() => Inequality.Entropy([1, rate])).ErrorId);
            Assert.Equal("RateNotValid", Assert.Throws<QosValuationException>(() => Inequality.Atkinson([1, rate])).ErrorId);
            Assert.Equal("RateNotValid", Assert.Throws<QosValuationException>(() => Inequality.Lorenz([1, rate])).ErrorId);
        }
    }

    private static double Area(LorenzCurve curve) =>
        Enumerable.Range(1, curve.Count - 1).Sum(i => (curve.Population[i] - curve.Population[i - 1]) * (curve.Share[i] + curve.Share[i - 1]) / 2);
}
