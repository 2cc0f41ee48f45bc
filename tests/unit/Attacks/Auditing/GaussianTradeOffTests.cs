using QosValuation.Attacks.Auditing;
using QosValuation.Attacks.Membership;
using QosValuation.Foundation.Randomness;

namespace QosValuation.Tests;

public sealed class GaussianTradeOffTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(0.27)]
    [InlineData(1)]
    [InlineData(4)]
    public void OneDistanceGivesTheClosedForms(double mu)
    {
        Assert.Equal(Samples.NormalCumulative(mu / Math.Sqrt(2)), GaussianTradeOff.Auc([mu]), 12);
        Assert.Equal(2 * Samples.NormalCumulative(mu / 2) - 1, GaussianTradeOff.Advantage([mu]), 12);
        double expected = Samples.NormalCumulative(MathNet.Numerics.Distributions.Normal.InvCDF(0, 1, 0.001) + mu);
        Assert.Equal(expected, GaussianTradeOff.TruePositiveRate([mu], 0.001), 10);
        Assert.Equal(expected, GaussianTradeOff.TruePositiveRate([mu, mu, mu], 0.001), 10);
    }

    [Fact]
    public void SeveralDistancesGiveThePooledCurve()
    {
        double[] mus = [0.3, 1, 2.5];
        RandomSource random = RandomSource.Create(4);
        const int Trials = 60_000;
        double[] positive = new double[Trials];
        double[] negative = new double[Trials];
        for (int i = 0; i < Trials; i++)
        {
            double mu = mus[i % 3];
            positive[i] = mu * mu / 2 + mu * random.NextNormal();
            negative[i] = -mu * mu / 2 + mu * random.NextNormal();
        }

        var curve = new RocCurve(positive, negative);
        Close(curve.Auc(), GaussianTradeOff.Auc(mus));
        Close(curve.AdvantageAt(0), GaussianTradeOff.Advantage(mus));
        Close(curve.TruePositiveRate(0.01), GaussianTradeOff.TruePositiveRate(mus, 0.01));
    }

    [Fact]
    public void PairsThatCoincideOrDifferWithoutNoiseAreTheLimits()
    {
        Assert.Equal(0.5, GaussianTradeOff.Auc([0]));
        Assert.Equal(1, GaussianTradeOff.Auc([double.PositiveInfinity]));
        Assert.Equal(1, GaussianTradeOff.Advantage([double.PositiveInfinity]));
        Assert.Equal(1, GaussianTradeOff.TruePositiveRate([double.PositiveInfinity], 0.001));
        Assert.Equal(0.001, GaussianTradeOff.TruePositiveRate([0], 0.001), 9);
        Assert.Equal(0.5 + 0.5 * 0.001 * 2, GaussianTradeOff.TruePositiveRate([0, double.PositiveInfinity], 0.001), 2);
    }

    // Four standard errors: error rate 6·10⁻⁵ a comparison.
    private static void Close((double Value, double Error) measured, double expected) =>
        Assert.InRange(measured.Value, expected - 4 * measured.Error, expected + 4 * measured.Error);
}
