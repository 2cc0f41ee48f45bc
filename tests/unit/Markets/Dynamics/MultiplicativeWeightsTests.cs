using QosValuation.Foundation.Randomness;
using QosValuation.Markets.Dynamics;

namespace QosValuation.Tests;

public sealed class MultiplicativeWeightsTests
{
    [Fact]
    public void WeightsFollowTheExponentialRule()
    {
        var learner = new MultiplicativeWeights(2, 1);
        Assert.Equal([0.5, 0.5], learner.Probabilities);
        learner.Learn([3, 3]);
        Assert.Equal([0.5, 0.5], learner.Probabilities);
        learner.Learn([0, 2]);
        double odds = Math.Exp(Math.Sqrt(8 * Math.Log(2)));
        Assert.Equal(odds / (1 + odds), learner.Probabilities[1], 1e-15);

        // Units do not matter.
        var scaled = new MultiplicativeWeights(2, 1);
        scaled.Learn([0, 2e9]);
        Assert.Equal(learner.Probabilities[1], scaled.Probabilities[1], 1e-12);
        Assert.Equal((0, 1), (learner.Draw(0), learner.Draw(0.999999999999)));
    }

    [Fact]
    public void RegretStaysWithinTheBound()
    {
        RandomSource random = RandomSource.Create(1);
        const int Rounds = 2000;
        foreach (int count in new[] { 2, 5, 12 })
        {
            var learner = new MultiplicativeWeights(count, 1);
            double[] sums = new double[count];
            double own = 0;
            for (int t = 0; t < Rounds; t++)
            {
                // The best action changes at half-time.
                double[] utilities = [.. Enumerable.Range(0, count).Select(k => k == (t < Rounds / 2 ? 0 : 1) ? random.NextDouble() : random.NextDouble() * 0.9)];
                own += utilities.Zip(learner.Probabilities, (utility, probability) => utility * probability).Sum();
                learner.Learn(utilities);
                for (int k = 0; k < count; k++)
                {
                    sums[k] += utilities[k];
                }
            }

            // A rate that falls as 1/√t costs at most a factor of √2 over the best fixed one, √(T ln K / 2).
            Assert.InRange(sums.Max() - own, double.NegativeInfinity, Math.Sqrt(Rounds * Math.Log(count)) + Math.Sqrt(Math.Log(count) / 8));
        }
    }
}
