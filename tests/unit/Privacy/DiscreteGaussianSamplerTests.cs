using QosValuation.Numerics;
using QosValuation.Privacy;

namespace QosValuation.Tests.Privacy;

public sealed class DiscreteGaussianSamplerTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(7)]
    public void DrawsFollowTheExactProbabilities(long sigma)
    {
        const int count = 200_000;
        var sampler = new DiscreteGaussianSampler(sigma, RandomSource.Create(17));
        int reach = (int)(10 * sigma);
        double[] weights = [.. Enumerable.Range(-reach, 2 * reach + 1).Select(x => Math.Exp(-(double)x * x / (2 * sigma * sigma)))];
        double total = weights.Sum();
        int[] histogram = new int[weights.Length];
        for (int i = 0; i < count; i++)
        {
            histogram[sampler.Sample() + reach]++;
        }

        double chiSquare = 0;
        int cells = 0;
        for (int i = 0; i < weights.Length; i++)
        {
            double expected = count * weights[i] / total;
            if (expected >= 10)
            {
                chiSquare += (histogram[i] - expected) * (histogram[i] - expected) / expected;
                cells++;
            }
        }

        // The mean of χ² is the number of cells less one, its variance twice that; six standard deviations.
        Assert.True(cells > 7 * (int)sigma);
        Assert.InRange(chiSquare, 0, cells + 6 * Math.Sqrt(2.0 * cells));
    }

    [Theory]
    [InlineData(1L << 27)]
    [InlineData(DiscreteGaussianSampler.MaximumSigma)]
    public void LargeSigmaApproachesTheNormalDistribution(long sigma)
    {
        var sampler = new DiscreteGaussianSampler(sigma, RandomSource.Create(5));
        double[] sample = [.. Enumerable.Range(0, 20_000).Select(_ => (double)sampler.Sample() / sigma)];
        Assert.InRange(Samples.KolmogorovSmirnov(sample, Samples.NormalCumulative), 0, 2.5);
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(1, 3)]
    [InlineData(1, 1)]
    [InlineData(7, 3)]
    public void BernoulliExpHasItsProbability(int numerator, int denominator)
    {
        const int count = 100_000;
        var sampler = new DiscreteGaussianSampler(1, RandomSource.Create(23));
        int hits = 0;
        for (int i = 0; i < count; i++)
        {
            hits += sampler.BernoulliExp(numerator, denominator) ? 1 : 0;
        }

        double expected = Math.Exp(-(double)numerator / denominator);
        double error = 6 * Math.Sqrt(expected * (1 - expected) / count);
        Assert.InRange((double)hits / count, expected - error, expected + error);
    }

    [Fact]
    public void LaplaceDrawsHaveTheirMoments()
    {
        const int count = 200_000;
        const double scale = 4;
        var sampler = new DiscreteGaussianSampler(3, RandomSource.Create(29));
        double[] sample = [.. Enumerable.Range(0, count).Select(_ => (double)sampler.SampleLaplace())];

        // P(x) ∝ exp(−|x|/t): variance 2q/(1 − q)² with q = exp(−1/t); the kurtosis is below 6.5.
        double q = Math.Exp(-1 / scale);
        double variance = 2 * q / ((1 - q) * (1 - q));
        Assert.InRange(sample.Average(), -6 * Math.Sqrt(variance / count), 6 * Math.Sqrt(variance / count));
        double second = sample.Average(x => x * x);
        Assert.InRange(second, variance * (1 - 6 * Math.Sqrt(6.5 / count)), variance * (1 + 6 * Math.Sqrt(6.5 / count)));
        Assert.Equal((1 - q) / (1 + q), sample.Count(x => x == 0) / (double)count, 6 * Math.Sqrt(0.11 / count));
    }

    [Fact]
    public void TheCalibrationIsSoundForTheExactProfileOfTheDiscreteGaussian()
    {
        // δ(ε) = Σ max(0, P(x) − e^ε·P(x − Δ)) summed over the integers, for shifts that are no multiple of anything convenient.
        foreach ((int sigma, int shift) in new[] { (1, 1), (3, 1), (5, 7), (40, 11), (200, 60) })
        {
            foreach (double epsilon in new[] { 0.1, 0.5, 1, 3 })
            {
                int reach = 40 * sigma + shift;
                double total = 0;
                double exact = 0;
                for (int x = -reach; x <= reach; x++)
                {
                    total += Math.Exp(-(double)x * x / (2.0 * sigma * sigma));
                }

                for (int x = -reach; x <= reach; x++)
                {
                    double p = Math.Exp(-(double)x * x / (2.0 * sigma * sigma)) / total;
                    double shifted = Math.Exp(-(double)(x - shift) * (x - shift) / (2.0 * sigma * sigma)) / total;
                    exact += Math.Max(0, p - Math.Exp(epsilon) * shifted);
                }

                double rho = (double)shift * shift / (2.0 * sigma * sigma);
                Assert.True(Math.Log(exact) <= ZeroConcentratedPrivacy.LogDelta(rho, epsilon));
            }
        }
    }

    [Fact]
    public void TheSameSeedDrawsTheSameIntegers()
    {
        long[] Draw(int seed)
        {
            var sampler = new DiscreteGaussianSampler(1000, RandomSource.Create(seed));
            return [.. Enumerable.Range(0, 40).Select(_ => sampler.Sample())];
        }

        Assert.Equal(Draw(1), Draw(1));
        Assert.NotEqual(Draw(1), Draw(2));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-3)]
    [InlineData(DiscreteGaussianSampler.MaximumSigma + 1)]
    public void SigmaOutsideItsRangeIsRefused(long sigma) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new DiscreteGaussianSampler(sigma, RandomSource.Create(1)));
}
