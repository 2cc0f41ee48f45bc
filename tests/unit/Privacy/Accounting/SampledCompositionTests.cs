using QosValuation.Foundation.Numerics;
using QosValuation.Foundation.Randomness;
using QosValuation.Privacy.Accounting;
using QosValuation.Privacy.Mechanisms;

namespace QosValuation.Tests;

/// <summary>Samples composed once, against an independent program, the other composition, divergences, and integrals by hand.</summary>
public sealed class SampledCompositionTests
{
    // The bounds of an independent program, as docs/concepts/privacy.md has them: quadrature over 8 million points, losses rounded down and up.
    [Theory]
    [InlineData(0.01, 1, 1000, 1e-5, 1.8272, 1.8292)]
    [InlineData(0.004, 0.8, 500, 1e-5, 1.0311, 1.0321)]
    [InlineData(0.05, 2, 2000, 1e-6, 6.1045, 6.1085)]
    [InlineData(0.5, 4, 100, 1e-5, 5.8685, 5.8690)]
    [InlineData(0.1, 0.7, 10, 1e-5, 6.0206, 6.0206)]
    public void TheLossLiesAboveAnIndependentProgramsLowerBound(double rate, double sigma, int steps, double delta, double low, double high)
    {
        foreach (double near in new[] { 0.3, 2, 7, 40 })
        {
            double found = new SampledComposition([new SampledRelease(rate, 1 / (sigma * sigma), steps)], near, delta).Epsilon(0);
            Assert.InRange(found, low, high * 1.0015);
        }
    }

    [Fact]
    public void ItIsTheOtherCompositionWithNoiseInClosedForm()
    {
        RandomSource random = RandomSource.Create(7);
        for (int round = 0; round < 12; round++)
        {
            double delta = Math.Pow(10, -3 - (6 * random.NextDouble()));
            SampledRelease[] samples =
            [
                .. Enumerable.Range(0, 1 + random.NextInt32(3)).Select(_ => new SampledRelease(
                    Math.Pow(10, -3 * random.NextDouble()) * 0.9, Math.Pow(10, (1.5 * random.NextDouble()) - 1.2), 1 + random.NextInt32(400))),
            ];
            foreach (double square in new[] { 0, 1e-4, 0.3 })
            {
                double other = PrivacyLossDistribution.Epsilon(square, samples, delta);
                double found = new SampledComposition(samples, 1.3 * other, delta).Epsilon(square);
                Assert.True(found >= other * (1 - 2.5e-3) && found <= other * (1 + 1.5e-3), $"{string.Join(' ', samples)} + {square} at {delta}: {found} and {other}");
                double[] curve = [.. PrivacyCost.Orders.Select(order => samples.Sum(s => s.Count * SampledGaussian.Renyi(s.Rate, s.SquaredMu, order)))];
                Assert.InRange(found, 0, PrivacyCost.EpsilonOfCurve(square, curve, delta) * (1 + 1e-9));
            }
        }
    }

    // δ of one sampled and one Gaussian release by quadrature over both: ∫∫ (p − e^ε·q)₊.
    [Theory]
    [InlineData(0.3, 1.2, 0.4, 1e-3)]
    [InlineData(0.02, 2, 0.15, 1e-4)]
    public void OneSampleAndOneReleaseHaveTheDeltaOfTheirIntegral(double rate, double mu, double gaussian, double delta)
    {
        double found = new SampledComposition([new SampledRelease(rate, mu * mu, 1)], 1, delta).Epsilon(gaussian * gaussian);
        double exact = Math.Max(Divergence(rate, mu, gaussian, found, isRemoved: true), Divergence(rate, mu, gaussian, found, isRemoved: false));
        Assert.InRange(exact, delta * 0.99, delta);
    }

    [Fact]
    public void WhatIsLeftIsWhatBringsTheLossToEpsilon()
    {
        const double delta = 1e-6;
        SampledRelease[] samples = [new(0.02, 0.8, 300), new(0.1, 0.05, 100)];
        double alone = PrivacyLossDistribution.Epsilon(0, samples, delta);
        double last = 0;
        foreach (double epsilon in new[] { alone * 1.01, alone * 1.3, alone * 3, 30 })
        {
            double left = new SampledComposition(samples, epsilon, delta).LargestSquaredMu(epsilon);
            Assert.True(left > last);
            last = left;
            var composition = new SampledComposition(samples, epsilon, delta);
            Assert.True(composition.Keeps(epsilon, left) && !composition.Keeps(epsilon, left * (1 + 1e-6)));
            double other = PrivacyLossDistribution.Epsilon(left, samples, delta);
            Assert.InRange(other, epsilon * (1 - 1.5e-3), epsilon == 30 ? double.PositiveInfinity : epsilon * (1 + 2.5e-3));
        }

        Assert.True(new SampledComposition(samples, alone * 0.98, delta).LargestSquaredMu(alone * 0.98) < 0);
        Assert.Equal(GaussianCalibration.SquaredMu(2, delta) - 0.03, new SampledComposition([new(1, 0.01, 3)], 2, delta).LargestSquaredMu(2), 1e-9);
        Assert.Equal(double.PositiveInfinity, new SampledComposition([new(0.5, double.PositiveInfinity, 1)], 1, delta).Epsilon(0));
    }

    private static double Divergence(double rate, double mu, double gaussian, double epsilon, bool isRemoved)
    {
        const double width = 0.004;
        double sum = 0;
        for (double x = -9; x < mu + 9; x += width)
        {
            double plain = Density(x);
            double mixed = ((1 - rate) * plain) + (rate * Density(x - mu));
            (double p, double q) = isRemoved ? (mixed, plain) : (plain, mixed);

            // Over the Gaussian release in closed form: its own divergence at ε − ln(p/q).
            double rest = epsilon - Math.Log(p / q);
            double inner = Cdf((gaussian / 2) - (rest / gaussian)) - (Math.Exp(rest) * Cdf((-gaussian / 2) - (rest / gaussian)));
            sum += p * Math.Max(0, inner) * width;
        }

        return sum;
    }

    private static double Density(double x) => Math.Exp(NormalTail.LogDensity(x));

    private static double Cdf(double x) => Math.Exp(NormalTail.LogCdf(x));
}
