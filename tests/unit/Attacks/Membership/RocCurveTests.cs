using QosValuation.Attacks.Auditing;
using QosValuation.Attacks.Membership;
using QosValuation.Foundation.Randomness;

namespace QosValuation.Tests;

public sealed class RocCurveTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void TheAreaCountsPairsAndItsErrorIsDeLongs(int seed)
    {
        // Rounded to make ties; infinite scores occur where a release settles the matter.
        RandomSource random = RandomSource.Create(seed);
        double[] positive = [.. Enumerable.Range(0, 60).Select(_ => Math.Round(2 * random.NextNormal() + 1)), double.PositiveInfinity];
        double[] negative = [.. Enumerable.Range(0, 40).Select(_ => Math.Round(2 * random.NextNormal())), double.PositiveInfinity, double.NegativeInfinity];
        (double area, double error) = new RocCurve(positive, negative).Auc();

        double[] byPositive = [.. positive.Select(p => negative.Average(n => p > n ? 1 : p == n ? 0.5 : 0))];
        double[] byNegative = [.. negative.Select(n => positive.Average(p => p > n ? 1 : p == n ? 0.5 : 0))];
        Assert.Equal(byPositive.Average(), area, 12);
        Assert.Equal(Math.Sqrt(Variance(byPositive) / positive.Length + Variance(byNegative) / negative.Length), error, 12);
    }

    [Fact]
    public void TheTruePositiveRateKeepsTheFalsePositiveRate()
    {
        double[] negative = [.. Enumerable.Range(0, 1000).Select(i => (double)i)];
        double[] positive = [.. Enumerable.Range(0, 100).Select(i => 10.0 * i + 9.5)];

        // Ten negatives may be exceeded: the threshold is 989, and two positives lie above.
        Assert.Equal(0.02, new RocCurve(positive, negative).TruePositiveRate(0.01).Rate);
        Assert.Equal(0.01, new RocCurve(positive, negative).TruePositiveRate(0.001).Rate);
        Assert.Equal(0.51, new RocCurve(positive, negative).TruePositiveRate(0.5).Rate);
        Assert.Equal(0, new RocCurve(negative, negative).TruePositiveRate(0.0001).Rate);
    }

    [Fact]
    public void TheErrorOfTheTruePositiveRateIsItsSpreadOverRepetitions()
    {
        RandomSource random = RandomSource.Create(5);
        double[] rates = new double[200];
        double errors = 0;
        for (int i = 0; i < rates.Length; i++)
        {
            double[] positive = [.. Enumerable.Range(0, 2000).Select(_ => random.NextNormal() + 1)];
            double[] negative = [.. Enumerable.Range(0, 2000).Select(_ => random.NextNormal())];
            (rates[i], double error) = new RocCurve(positive, negative).TruePositiveRate(0.02);
            errors += error / rates.Length;
        }

        // The standard deviation of 200 rates is known to 5 %; the estimate of each error is rougher, its mean is not.
        Assert.InRange(errors / Math.Sqrt(Variance(rates)), 0.8, 1.25);
        double truth = GaussianTradeOff.TruePositiveRate([1], 0.02);
        Assert.InRange(rates.Average(), truth - 4 * errors / Math.Sqrt(rates.Length) - 0.002, truth + 4 * errors / Math.Sqrt(rates.Length));
    }

    [Fact]
    public void AnAdvantageIsNotFlatteredByTheChoiceOfTheThreshold()
    {
        RandomSource random = RandomSource.Create(6);
        double sum = 0;
        double squares = 0;
        for (int i = 0; i < 300; i++)
        {
            double[] positive = [.. Enumerable.Range(0, 50).Select(_ => random.NextNormal())];
            double[] negative = [.. Enumerable.Range(0, 50).Select(_ => random.NextNormal())];
            double advantage = new RocCurve(positive, negative).CrossValidatedAdvantage().Advantage;
            sum += advantage;
            squares += advantage * advantage;
        }

        // The scores tell nothing; the best threshold on all of them would show an advantage of about 0.16. Error rate 6·10⁻⁵.
        Assert.InRange(sum / 300, -4 * Math.Sqrt(squares) / 300, 4 * Math.Sqrt(squares) / 300);
        Assert.Equal(1, new RocCurve([3, 4, 5, 6], [0, 1, 2, 2]).CrossValidatedAdvantage().Advantage);
        Assert.Equal(0.5, new RocCurve([0, 1], [0, 0]).AdvantageAt(0).Advantage + 0.25);
    }

    private static double Variance(double[] values)
    {
        double mean = values.Average();
        return values.Sum(value => (value - mean) * (value - mean)) / (values.Length - 1);
    }
}
