using System.Numerics;
using QosValuation.Foundation.Randomness;
using QosValuation.Privacy.Accounting;
using QosValuation.Privacy.Mechanisms;

namespace QosValuation.Tests;

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
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(1000)]
    [InlineData((1L << 36) - 1)]
    [InlineData(DiscreteGaussianSampler.MaximumSigma)]
    public void TheFixedPointProbabilityLiesWithinItsErrorOfTheExactOne(long sigma)
    {
        // The exact one in 192 binary places, of which the bounds certify all but a few.
        RandomSource random = RandomSource.Create(41);
        var sampler = new DiscreteGaussianSampler(sigma, random);
        BigInteger worst = 0;
        for (int i = 0; i < 4_000; i++)
        {
            long step = i % 14;
            long offset = i / 14 % 4 == 0 ? sigma - 1 : random.NextInt64(sigma);
            BigInteger magnitude = (BigInteger)step * sigma + offset;
            (BigInteger lower, BigInteger upper) = ExponentialBounds.Of(magnitude * magnitude, 2 * (BigInteger)sigma * sigma, 192);
            Assert.InRange(upper - lower, 0, 64);
            BigInteger exact = 13 * (lower << (int)step) >> 4;
            Assert.True(exact < BigInteger.One << 192);
            worst = BigInteger.Max(worst, BigInteger.Abs(((BigInteger)sampler.Threshold(step, offset) << 128) - exact));
        }

        Assert.InRange(worst >> 128, 0, 63);
    }

    [Theory]
    [InlineData(1, 1, "0.367879441171442321595523770161460867445811131031767834507836")]
    [InlineData(1, 2, "0.606530659712633423603799534991180453441918135487186955682892")]
    [InlineData(200, 7, "0.000000000000390468704320152088885113075607066500585271416783")]
    [InlineData(0, 5, "1")]
    public void TheBoundsEncloseTheExponential(int numerator, int denominator, string digits)
    {
        // Reference digits from mpmath with 200 digits.
        string decimals = digits.Contains('.', StringComparison.Ordinal) ? digits[(digits.IndexOf('.', StringComparison.Ordinal) + 1)..] : string.Empty;
        BigInteger scale = BigInteger.Pow(10, decimals.Length);
        BigInteger truncated = decimals.Length == 0 ? BigInteger.One : BigInteger.Parse(decimals, System.Globalization.CultureInfo.InvariantCulture);
        foreach (int bits in new[] { 1, 64, 130 })
        {
            (BigInteger lower, BigInteger upper) = ExponentialBounds.Of(numerator, denominator, bits);
            Assert.True(lower * scale <= (truncated + 1) << bits);
            Assert.True(upper * scale >= truncated << bits);
            Assert.InRange(upper - lower, 1, 2);
        }
    }

    [Fact]
    public void ADrawOnTheEdgeIsDecidedByFurtherBits()
    {
        // σ = 1, k = 1, j = 0: taken with probability 13/16·2·exp(−1/2). Its first 64 bits as the uniform draw leave it open,
        // and the next 64 decide: just below are taken, just above not.
        BigInteger exact = 13 * 2 * ExponentialBounds.Of(1, 2, 160).Lower >> 4;
        ulong first = (ulong)(exact >> 96);
        ulong second = (ulong)((exact >> 32) & ulong.MaxValue);
        const ulong positiveOne = 0b10;
        const ulong zero = 0b1;
        long Draw(ulong uniform, params ulong[] next) => new DiscreteGaussianSampler(1, new ScriptedSource([positiveOne, 0, uniform, .. next, zero, 0, 0])).Sample();
        Assert.Equal(1, Draw(first, second - 16));
        Assert.Equal(0, Draw(first, second + 16));
        Assert.Equal(1, Draw(first - 8));
        Assert.Equal(0, Draw(first + 8));

        // 70 σ are proposed where 70 coins show tails, and refused once the uniform number is known not to be all but zero.
        var far = new DiscreteGaussianSampler(1, new ScriptedSource(0, 1UL << 7, 0, 5, 0, 0, zero, 0, 0));
        Assert.Equal(0, far.Sample());
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

    [Fact]
    public void DiscreteNoiseIsWorthContinuousNoiseAHairSmaller()
    {
        // The exact profile of the discrete Gaussian in one and two dimensions against that of N(0, σ² − 9).
        foreach ((int sigma, int first, int second) in new[] { (4, 1, 0), (5, 3, 2), (8, 5, 0), (12, 7, 4), (20, 11, 13), (40, 1, 0) })
        {
            int reach = 11 * sigma;
            double[] weights = [.. Enumerable.Range(-reach, 2 * reach + 1).Select(x => Math.Exp(-(double)x * x / (2.0 * sigma * sigma)))];
            double total = weights.Sum();
            foreach (double epsilon in new[] { 0.05, 0.3, 1, 2.5 })
            {
                double exact = 0;
                for (int x = -reach; x <= reach; x++)
                {
                    for (int y = second == 0 ? 0 : -reach; y <= (second == 0 ? 0 : reach); y++)
                    {
                        // ln P(x − Δ)/P(x) = (2xΔ − Δ²)/2σ².
                        double loss = (2.0 * x * first - first * first + 2.0 * y * second - second * second) / (2.0 * sigma * sigma);
                        double weight = weights[x + reach] / total * (second == 0 ? 1 : weights[y + reach] / total);
                        exact += weight * Math.Max(0, 1 - Math.Exp(epsilon + loss));
                    }
                }

                double squaredMu = DiscreteGaussianGuarantee.SquaredMu(Math.Sqrt(first * first + second * second), sigma, 1);
                double bound = GaussianCalibration.LogDeltaOfMu(Math.Sqrt(squaredMu), epsilon);
                Assert.True(Math.Log(exact) <= bound + 1e-9, $"σ = {sigma}, Δ = ({first}, {second}), ε = {epsilon}: {Math.Log(exact)} above {bound}");
            }
        }
    }

    [Theory]
    [InlineData(1e-12, 1e-12)]
    [InlineData(1e-3, 1e-5)]
    [InlineData(1, 1e-5)]
    [InlineData(10, 1e-300)]
    [InlineData(1e6, 0.5)]
    public void TheGridSigmaKeepsTheGuaranteeWithHardlyMoreNoise(double epsilon, double delta)
    {
        double multiplier = NoiseMechanisms.Of(PrivacyMechanism.DiscreteGaussian).Sigma(epsilon, delta, 1);
        Assert.Equal(GaussianCalibration.AnalyticSigma(epsilon, delta, 1), multiplier);
        foreach (double sensitivity in new[] { 1e-6, 0.5, 1, 100, 2.0 * (1 << 20), 2.0 * (1L << 36) })
        {
            double sigma = DiscreteGaussianGuarantee.GridSigma(sensitivity, multiplier);
            double mu = Math.Sqrt(DiscreteGaussianGuarantee.SquaredMu(sensitivity, sigma, 1));
            Assert.True(GaussianCalibration.LogDeltaOfMu(mu, epsilon) <= Math.Log(delta));
            Assert.Equal(sigma, Math.Round(sigma));
            Assert.InRange(sigma, 4, Math.Max(sensitivity * multiplier + 5, sensitivity * multiplier * (1 + 1e-12)));
        }

        Assert.Equal(double.PositiveInfinity, DiscreteGaussianGuarantee.SquaredMu(1, 3, 1));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-3)]
    [InlineData(DiscreteGaussianSampler.MaximumSigma + 1)]
    public void SigmaOutsideItsRangeIsRefused(long sigma) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new DiscreteGaussianSampler(sigma, RandomSource.Create(1)));

    /// <summary>Gives the words it was told to, and fails beyond.</summary>
    private sealed class ScriptedSource(params ulong[] words) : RandomSource
    {
        private int _next;

        public override bool IsCryptographic => false;

        public override ulong NextUInt64() => words[_next++];
    }
}
