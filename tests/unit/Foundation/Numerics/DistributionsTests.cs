using QosValuation.Foundation.Numerics;
using QosValuation.Foundation.Randomness;

namespace QosValuation.Tests;

public sealed class DistributionsTests
{
    [Theory]
    [InlineData(0.01, -100.5608854578687, 10001.621213528313)]
    [InlineData(0.5, -1.9635100260214235, 4.934802200544679)]
    [InlineData(1, -0.5772156649015329, 1.6449340668482264)]
    [InlineData(30, 3.384438132685572, 0.0338950603577399)]
    public void LogGammaHasItsMoments(double shape, double digamma, double trigamma)
    {
        // E ln G = ψ(α), Var ln G = ψ′(α); six standard errors (kurtosis of ln G is at most 9).
        const int count = 100_000;
        RandomSource random = RandomSource.Create(1);
        double[] sample = [.. Enumerable.Range(0, count).Select(_ => Distributions.LogGamma(shape, random))];
        Assert.All(sample, x => Assert.True(double.IsFinite(x)));
        double error = 6 * Math.Sqrt(trigamma / count);
        Assert.InRange(sample.Average(), digamma - error, digamma + error);
        Assert.InRange(sample.Average(x => (x - digamma) * (x - digamma)) / trigamma, 1 - 6 * Math.Sqrt(8.0 / count), 1 + 6 * Math.Sqrt(8.0 / count));
    }

    [Theory]
    [InlineData(0.1, 5)]
    [InlineData(0.5, 500)]
    [InlineData(3, 40)]
    public void DirichletHasItsMoments(double alpha, int dimension)
    {
        // E xᵢ = 1/N, Σ E xᵢ² = (α + 1)/(Nα + 1), E x₁x₂ = α/(N(Nα + 1)).
        const int count = 4_000;
        RandomSource random = RandomSource.Create(2);
        double[] shares = new double[dimension];
        double[] squares = new double[count];
        double[] first = new double[count];
        double[] products = new double[count];
        for (int i = 0; i < count; i++)
        {
            Distributions.Dirichlet(alpha, shares, 0, random);
            Assert.Equal(1, shares.Sum(), 1e-12);
            squares[i] = shares.Sum(x => x * x);
            first[i] = shares[0];
            products[i] = shares[0] * shares[^1];
        }

        AssertMean(squares, (alpha + 1) / (dimension * alpha + 1));
        AssertMean(first, 1.0 / dimension);
        AssertMean(products, alpha / (dimension * (dimension * alpha + 1)));
    }

    [Theory]
    [InlineData(0.5)]
    [InlineData(1)]
    public void TheMarginalOfTwoSharesIsBeta(double alpha)
    {
        // α = 1: uniform; α = 1/2: the arcsine distribution.
        RandomSource random = RandomSource.Create(3);
        double[] shares = new double[2];
        double[] sample = new double[20_000];
        for (int i = 0; i < sample.Length; i++)
        {
            Distributions.Dirichlet(alpha, shares, 0, random);
            sample[i] = shares[0];
        }

        Assert.InRange(Samples.KolmogorovSmirnov(sample, x => alpha == 1 ? x : 2 / Math.PI * Math.Asin(Math.Sqrt(x))), 0, 2.5);
    }

    [Fact]
    public void TinyConcentrationsSurvive()
    {
        RandomSource random = RandomSource.Create(4);
        double[] shares = new double[500];
        for (int i = 0; i < 200; i++)
        {
            Distributions.Dirichlet(0.001, shares, 1e-300, random);
            Assert.Equal(1, shares.Sum(), 1e-12);
            Assert.All(shares, x => Assert.InRange(x, 1e-300, 1));
        }
    }

    [Theory]
    [InlineData(5, 0.3)]
    [InlineData(40, 0.02)]
    [InlineData(40, 0.5)]
    [InlineData(100, 0.9)]
    [InlineData(1_000, 0.25)]
    public void BinomialFollowsTheExactProbabilities(int trials, double probability)
    {
        const int count = 100_000;
        RandomSource random = RandomSource.Create(5);
        int[] histogram = new int[trials + 1];
        for (int i = 0; i < count; i++)
        {
            histogram[Distributions.Binomial(trials, probability, random)]++;
        }

        double chiSquare = 0;
        int cells = 0;
        double logBinomial = 0;
        for (int k = 0; k <= trials; k++)
        {
            double expected = count * Math.Exp(logBinomial + k * Math.Log(probability) + (trials - k) * Math.Log(1 - probability));
            if (expected >= 10)
            {
                chiSquare += (histogram[k] - expected) * (histogram[k] - expected) / expected;
                cells++;
            }

            logBinomial += Math.Log((double)(trials - k) / (k + 1));
        }

        Assert.InRange(chiSquare, 0, cells + 6 * Math.Sqrt(2.0 * cells) + 6);
        Assert.True(cells > 3);
    }

    [Fact]
    public void BinomialReachesItsEnds()
    {
        RandomSource random = RandomSource.Create(6);
        Assert.Equal(0, Distributions.Binomial(0, 0.5, random));
        Assert.Equal(0, Distributions.Binomial(9, 0, random));
        Assert.Equal(9, Distributions.Binomial(9, 1, random));
        double[] large = [.. Enumerable.Range(0, 5_000).Select(_ => (Distributions.Binomial(1L << 53, 0.5, random) - (double)(1L << 52)) / Math.Sqrt(1L << 51))];
        Assert.InRange(Samples.KolmogorovSmirnov(large, Samples.NormalCumulative), 0, 2.5);
    }

    private static void AssertMean(double[] sample, double expected)
    {
        double mean = sample.Average();
        double error = 6 * Math.Sqrt(sample.Average(x => (x - mean) * (x - mean)) / sample.Length);
        Assert.InRange(mean, expected - error, expected + error);
    }

    [Theory]
    [InlineData(0.05)]
    [InlineData(1.0)]
    [InlineData(7.0)]
    public void SharesAreTheGammasThatTheSourceGivesOneByOne(double concentration)
    {
        // The shares of N agents read words ahead; the draws after them go on where they ended, with the other half of a pair of normals.
        foreach (int count in new[] { 1, 2, 500, 501 })
        {
            RandomSource whole = RandomSource.Create(2);
            RandomSource single = RandomSource.Create(2);
            double[] shares = new double[count];
            Distributions.Dirichlet(concentration, shares, 0, whole);
            double[] logs = [.. Enumerable.Range(0, count).Select(_ => Distributions.LogGamma(concentration, single))];
            double largest = logs.Max();
            double total = logs.Sum(log => Math.Exp(log - largest));
            Assert.All(shares.Zip(logs), pair => Assert.Equal(Math.Exp(pair.Second - largest) / total, pair.First, 1e-14));
            Assert.Equal(single.NextNormal(), whole.NextNormal());
            Assert.Equal(single.NextUInt64(), whole.NextUInt64());
        }
    }
}
