using QosValuation.Privacy.Accounting;
using QosValuation.Privacy.Mechanisms;

namespace QosValuation.Tests;

public sealed class ZeroConcentratedPrivacyTests
{
    [Theory]
    [InlineData(0.5)]
    [InlineData(0.01)]
    [InlineData(3)]
    [InlineData(1e-6)]
    [InlineData(400)]
    public void TheConversionIsTheMinimumOverAllOrders(double rho)
    {
        // Brute force: ε(α) = αρ + ln((α − 1)/α) − (ln δ + ln α)/(α − 1) on a fine grid of orders.
        foreach (double delta in new[] { 1e-2, 1e-5, 1e-12 })
        {
            double best = double.PositiveInfinity;
            for (int i = -40_000; i <= 40_000; i++)
            {
                double beta = Math.Pow(10, i / 4000.0);
                double alpha = 1 + beta;
                best = Math.Min(best, alpha * rho + Math.Log(beta / alpha) - (Math.Log(delta) + Math.Log(alpha)) / beta);
            }

            double epsilon = ZeroConcentratedPrivacy.Epsilon(rho, delta);
            double expected = Math.Max(0, best);
            Assert.InRange(epsilon, expected * (1 - 1e-6) - 1e-9, expected * (1 + 1e-9) + 1e-9);
        }
    }

    [Theory]
    [InlineData(1, 1e-5)]
    [InlineData(0.1, 1e-6)]
    [InlineData(10, 1e-9)]
    [InlineData(1e-3, 1e-5)]
    [InlineData(100, 1e-300)]
    public void TheConversionSaysLessThanTheExactProfile(double epsilon, double delta)
    {
        double sigma = GaussianCalibration.AnalyticSigma(epsilon, delta, 1);
        double rho = 1 / (2 * sigma * sigma);
        Assert.True(ZeroConcentratedPrivacy.LogDelta(rho, epsilon) > Math.Log(delta));
        Assert.InRange(ZeroConcentratedPrivacy.Epsilon(rho, delta) / epsilon, 1, 1.6);
    }
}
