using QosValuation.Foundation.Numerics;
using QosValuation.Privacy.Accounting;
using QosValuation.Privacy.Mechanisms;

namespace QosValuation.Tests;

public sealed class PrivacyLossDistributionTests
{
    [Theory]
    [InlineData(0.3, 1e-5)]
    [InlineData(1, 1e-5)]
    [InlineData(3, 1e-9)]
    [InlineData(0.5, 0.1)]
    public void AlmostEveryoneInTheSampleIsAlmostGaussianNoise(double mu, double delta)
    {
        double exact = GaussianCalibration.EpsilonOfMu(mu, delta);
        double found = PrivacyLossDistribution.Epsilon(0, [new SampledRelease(1 - 1e-9, mu * mu / 10, 10)], delta);
        Assert.InRange(found, exact * (1 - 1e-6), exact * 1.002);
    }

    [Theory]
    [InlineData(0.01, 1, 1e-5)]
    [InlineData(0.3, 0.6, 1e-3)]
    [InlineData(0.001, 2.5, 1e-6)]
    public void OneReleaseHasTheDeltaOfItsIntegral(double rate, double mu, double delta)
    {
        double found = PrivacyLossDistribution.Epsilon(0, [new SampledRelease(rate, mu * mu, 1)], delta);

        // The hockey-stick divergence of the mixture by Simpson's rule on its own.
        Assert.InRange(Divergence(rate, mu, found), delta * 0.99, delta);
    }

    [Fact]
    public void MoreStepsMoreSamplingAndLessNoiseCostMore()
    {
        double last = 0;
        foreach (SampledRelease release in new SampledRelease[] { new(0.01, 0.5, 100), new(0.01, 0.5, 200), new(0.02, 0.5, 200), new(0.02, 1, 200), new(0.5, 1, 200) })
        {
            double found = PrivacyLossDistribution.Epsilon(0, [release], 1e-6);
            Assert.True(found > last, $"{release}: {found} after {last}");
            last = found;
        }

        double alone = PrivacyLossDistribution.Epsilon(0, [new SampledRelease(0.02, 1, 200)], 1e-6);
        double together = PrivacyLossDistribution.Epsilon(0.5, [new SampledRelease(0.02, 1, 100), new SampledRelease(0.02, 1, 100)], 1e-6);
        Assert.InRange(together, Math.Max(alone, GaussianCalibration.EpsilonOfSquaredMu(0.5, 1e-6)), alone + GaussianCalibration.EpsilonOfSquaredMu(0.5, 1e-9));
    }

    [Theory]
    [InlineData(1e-4, 0.6, 20000, 1e-7)]
    [InlineData(0.01, 1, 1000, 1e-12)]
    [InlineData(0.2, 3, 50, 0.05)]
    [InlineData(1e-6, 0.3, 10, 1e-5)]
    public void TheDistributionIsNeverLooserThanDivergences(double rate, double sigma, int steps, double delta)
    {
        double square = 1 / (sigma * sigma);
        double found = PrivacyLossDistribution.Epsilon(0, [new SampledRelease(rate, square, steps)], delta);
        double[] curve = [.. PrivacyCost.Orders.Select(order => steps * SampledGaussian.Renyi(rate, square, order))];
        Assert.InRange(found, 0, PrivacyCost.EpsilonOfCurve(0, curve, delta));
    }

    [Fact]
    public void ACompositionIsAboutNormalWhereThereAreManySteps()
    {
        // Dong, Roth and Su 2022, corollary 4: q·√T·√(e^(1/σ²) − 1) is the μ of very many steps with small q.
        const double rate = 2e-3;
        const int steps = 40_000;
        double mu = rate * Math.Sqrt(steps * (Math.Exp(1) - 1));
        Assert.Equal(GaussianCalibration.EpsilonOfMu(mu, 1e-5), PrivacyLossDistribution.Epsilon(0, [new SampledRelease(rate, 1, steps)], 1e-5), 0.06);
    }

    [Fact]
    public void AUnitThatTakesPartRarelyEnoughIsHiddenByDelta() =>
        Assert.Equal(0, PrivacyLossDistribution.Epsilon(0, [new SampledRelease(1e-7, 1, 10)], 1e-5));

    private static double Divergence(double rate, double mu, double epsilon)
    {
        const int intervals = 400_000;
        double low = -12;
        double width = (mu + 24) / intervals;
        double sum = 0;
        for (int i = 0; i <= intervals; i++)
        {
            double x = low + (i * width);
            double plain = Math.Exp(NormalTail.LogDensity(x));
            double mixed = ((1 - rate) * plain) + (rate * Math.Exp(NormalTail.LogDensity(x - mu)));
            sum += Math.Max(0, mixed - (Math.Exp(epsilon) * plain)) * (i == 0 || i == intervals ? 1 : i % 2 == 1 ? 4 : 2);
        }

        return sum * width / 3;
    }
}
