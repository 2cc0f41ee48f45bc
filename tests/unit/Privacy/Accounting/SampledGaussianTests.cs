using QosValuation.Privacy.Accounting;

namespace QosValuation.Tests;

public sealed class SampledGaussianTests
{
    // ln E[((1 − q) + q·e^(μx − μ²/2))^α]/(α − 1), x normal, by numerical integration with 30 digits (mpmath), not by the sum.
    [Theory]
    [InlineData(0.01, 0.25, 2, 2.8402138324224847e-5)]
    [InlineData(0.01, 1, 8, 0.00089364390760603185)]
    [InlineData(0.001, 0.64, 32, 3.1094163999623017)]
    [InlineData(0.1, 0.1, 16, 0.0098070860008299259)]
    [InlineData(0.5, 2, 5, 4.1339871177348635)]
    [InlineData(0.02, 0.7, 64, 18.42588139131109)]
    [InlineData(1e-5, 1, 3, 2.5774923954814102e-10)]
    [InlineData(0.9, 0.01, 128, 0.56539043565179042)]
    public void TheDivergenceAgreesWithNumericalIntegration(double rate, double squaredMu, int order, double expected) =>
        Assert.InRange(SampledGaussian.Renyi(rate, squaredMu, order) / expected, 1, 1 + 1e-9);

    [Fact]
    public void TheEndsAreTheReleaseItselfAndNothing()
    {
        Assert.Equal(0, SampledGaussian.Renyi(0, 1, 7));
        Assert.Equal(0, SampledGaussian.Renyi(0.3, 0, 7));
        Assert.Equal(3.5, SampledGaussian.Renyi(1, 1, 7), 1e-12);
        Assert.InRange(SampledGaussian.Renyi(1 - 1e-12, 1, 7), 3.5 * (1 - 1e-9), 3.5 * (1 + 1e-9));
        Assert.True(double.IsPositiveInfinity(SampledGaussian.Renyi(0.5, double.MaxValue, 1024)));
    }

    [Fact]
    public void TheDivergenceGrowsWithRateNoiseAndOrder()
    {
        foreach (int order in PrivacyCost.Orders.Skip(1))
        {
            double here = SampledGaussian.Renyi(0.05, 0.5, order);
            Assert.True(SampledGaussian.Renyi(0.049, 0.5, order) < here);
            Assert.True(SampledGaussian.Renyi(0.05, 0.49, order) < here);
            Assert.True(SampledGaussian.Renyi(0.05, 0.5, order - 1) < here);
            Assert.True(here < order * 0.5 / 2);
        }
    }
}
