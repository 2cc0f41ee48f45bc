using QosValuation.Foundation.Numerics;

namespace QosValuation.Tests;

public sealed class BinomialBoundTests
{
    // The 95 % intervals of Clopper and Pearson as printed in statistical tables.
    [Theory]
    [InlineData(0, 10, 0, 0.30849710781876083)]
    [InlineData(1, 10, 0.002528578544491, 0.445016117028195)]
    [InlineData(5, 10, 0.187086028447400, 0.812913971552600)]
    [InlineData(10, 10, 0.69150289218123917, 1)]
    [InlineData(0, 1, 0, 0.975)]
    public void BoundsMatchTheTables(int successes, int trials, double lower, double upper)
    {
        Assert.Equal(lower, BinomialBound.Lower(successes, trials, 0.025), 12);
        Assert.Equal(upper, BinomialBound.Upper(successes, trials, 0.025), 12);
    }

    [Theory]
    [InlineData(3, 100, 0.025)]
    [InlineData(370, 100_000, 0.025)]
    [InlineData(1, 1_000_000, 1e-4)]
    [InlineData(50_000, 100_000, 0.025)]
    [InlineData(99_990, 100_000, 0.01)]
    public void TheTailAtTheBoundIsTheError(int successes, int trials, double error)
    {
        double lower = BinomialBound.Lower(successes, trials, error);
        double upper = BinomialBound.Upper(successes, trials, error);
        Assert.Equal(1, Tail(successes, trials, trials, lower) / error, 6);
        Assert.Equal(1, Tail(0, successes, trials, upper) / error, 6);
    }

    // Σ of the binomial probabilities from one number of successes to another, each from its logarithm.
    private static double Tail(int from, int to, int trials, double p)
    {
        var sum = default(CompensatedSum);
        double logFactorials = 0;
        for (int i = 1; i <= from; i++)
        {
            logFactorials += Math.Log(trials - i + 1) - Math.Log(i);
        }

        for (int k = from; k <= to; k++)
        {
            sum.Add(Math.Exp(logFactorials + k * Math.Log(p) + (trials - k) * NormalTail.LogOnePlus(-p)));
            logFactorials += Math.Log(trials - k) - Math.Log(k + 1);
        }

        return sum.Value;
    }
}
