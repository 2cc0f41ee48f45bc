using QosValuation.Allocation.Simulation;
using QosValuation.Foundation.Randomness;

namespace QosValuation.Tests;

/// <summary>The simulation against queueing theory and against the statistics of its arrival processes.</summary>
public sealed class QosTheoryTests
{
    /// <summary>A bucket of one token that is refilled continuously is a server that takes one unit of time: M/D/1.</summary>
    private static QosSimulationOptions SingleServer(double load, double patience) => new()
    {
        Agents = [new QosAgent { Name = "a", Value = 1, Capacity = 1, Remaining = 1, ArrivalRate = load }],
        Supply = 0.01,
        EpochLength = 0.01,
        Epochs = 2_000_000,
        WarmupEpochs = 20_000,
        QueueLimit = int.MaxValue,
        Patience = patience,
        Rounds = 8,
        Seed = 3,
    };

    [Theory]
    [InlineData(0.3)]
    [InlineData(0.5)]
    [InlineData(0.8)]
    public void AOneTokenBucketIsAnMD1Queue(double load)
    {
        QosReport report = QosSimulation.Run(SingleServer(load, double.PositiveInfinity)).Single();

        // Pollaczek and Khinchine: W = ρ/(2(1 − ρ)); a refill every 0.01 blurs it by that much.
        double wait = load / (2 * (1 - load));
        Assert.InRange(report.MeanWait, wait - 5 * report.MeanWaitStandardError - 0.01 * (1 + wait), wait + 5 * report.MeanWaitStandardError + 0.01 * (1 + wait));
        Assert.InRange(report.OutageRatio, load - 5 * report.OutageRatioStandardError - 0.01, load + 5 * report.OutageRatioStandardError + 0.01);

        // Poisson arrivals see time averages.
        Assert.InRange(report.OutageTime - report.OutageRatio, -5 * report.OutageRatioStandardError, 5 * report.OutageRatioStandardError);

        // Little: L = λW.
        Assert.InRange(report.MeanQueue, load * report.MeanWait * 0.99, load * report.MeanWait * 1.01);
        Assert.InRange(report.Utilisation, load - 0.01, load + 0.01);

        // The whole distribution: P(W ≤ t) = (1 − ρ)·Σ_j (−1)^j (ρ(t − j))^j / j! · exp(ρ(t − j)) (Erlang 1909).
        double Distribution(double t)
        {
            double sum = 0;
            double factorial = 1;
            for (int j = 0; j <= t; j++)
            {
                factorial *= j > 0 ? j : 1;
                sum += Math.Pow(-load * (t - j), j) / factorial * Math.Exp(load * (t - j));
            }

            return (1 - load) * sum;
        }

        foreach ((double quantile, double error, double p) in new[] { (report.P95Wait, report.P95WaitStandardError, 0.95), (report.P99Wait, report.P99WaitStandardError, 0.99) })
        {
            double blur = 0.02 + 5 * error;
            Assert.InRange(p, Distribution(quantile - blur), Distribution(quantile + blur));
        }
    }

    [Theory]
    [InlineData(0.5)]
    [InlineData(2)]
    public void WithoutPatienceItIsErlangsLossSystem(double load)
    {
        QosReport report = QosSimulation.Run(SingleServer(load, 0)).Single();
        double served = 1 / (1 + load);
        Assert.InRange(report.ServedRatio, served - 0.005 - 5 * report.ServedRatioStandardError, served + 0.005 + 5 * report.ServedRatioStandardError);
        Assert.Equal(0, report.MeanWait);
        Assert.Equal(0, report.MeanQueue);
        Assert.Equal(1 - report.ServedRatio, report.OutageRatio, 12);
    }

    [Theory]
    [InlineData(1, 1, 0.8)]
    [InlineData(2, 5, 1.7)]
    [InlineData(3, 4, 2.5)]
    public void ATokenBucketFollowsItsMarkovChain(int supply, int capacity, double rate)
    {
        // Z = tokens missing from the bucket + requests waiting. A refill takes off V, a request adds 1.
        const int states = 400;
        double[] poisson = new double[states];
        poisson[0] = Math.Exp(-rate);
        for (int k = 1; k < states; k++)
        {
            poisson[k] = poisson[k - 1] * rate / k;
        }

        double[] before = new double[states];
        before[0] = 1;
        double[] after = new double[states];
        for (int iteration = 0; iteration < 4000; iteration++)
        {
            Array.Clear(after);
            for (int z = 0; z < states; z++)
            {
                after[Math.Max(z - supply, 0)] += before[z];
            }

            Array.Clear(before);
            for (int z = 0; z < states; z++)
            {
                for (int k = 0; k < Math.Min(60, states - z) && after[z] > 1e-15; k++)
                {
                    before[z + k] += after[z] * poisson[k];
                }
            }
        }

        // Over the epoch, by the midpoint rule: who waits, and how often the bucket is empty.
        double queue = 0, outage = 0, tokens = 0;
        const int slices = 200;
        for (int slice = 0; slice < slices; slice++)
        {
            double mean = rate * (slice + 0.5) / slices;
            double probability = Math.Exp(-mean);
            for (int k = 0; k < 60; k++)
            {
                for (int z = 0; z < states; z++)
                {
                    double weight = after[z] * probability / slices;
                    queue += weight * Math.Max(0, z + k - capacity);
                    outage += z + k >= capacity ? weight : 0;
                    tokens += weight * Math.Max(0, capacity - z - k);
                }

                probability *= mean / (k + 1);
            }
        }

        QosReport report = QosSimulation.Run(new QosSimulationOptions
        {
            Agents = [new QosAgent { Name = "a", Value = 3, Capacity = capacity }],
            Supply = supply,
            ArrivalRate = rate,
            Epochs = 200_000,
            WarmupEpochs = 1000,
            QueueLimit = int.MaxValue,
            Rounds = 8,
            Seed = 9,
        }).Single();
        Assert.InRange(report.OutageRatio, outage - 5 * report.OutageRatioStandardError, outage + 5 * report.OutageRatioStandardError);
        Assert.InRange(report.OutageTime, outage - 5 * report.OutageTimeStandardError, outage + 5 * report.OutageTimeStandardError);
        Assert.InRange(report.MeanWait, queue / rate - 5 * report.MeanWaitStandardError, queue / rate + 5 * report.MeanWaitStandardError);
        Assert.Equal(queue, report.MeanQueue, 0.03 * queue + 0.01);
        Assert.Equal(tokens, report.MeanTokens, 0.02 * tokens + 0.01);
    }

    [Fact]
    public void PoissonCountsHaveEqualMeanAndVariance()
    {
        (double mean, double variance) = CountStatistics(rate: 2.5, on: 0, off: 0, window: 1, windows: 100_000);
        Assert.InRange(mean, 2.5 - 0.03, 2.5 + 0.03);
        Assert.InRange(variance / mean, 0.97, 1.03);
    }

    [Theory]
    [InlineData(1, 4)]
    [InlineData(3, 1)]
    public void BurstsKeepTheMeanAndHaveTheirIndexOfDispersion(double on, double off)
    {
        // Interrupted Poisson, sojourn rates a = 1/on and b = 1/off, burst rate λ_on = λ(on + off)/on:
        // Var N(t)/E N(t) = 1 + 2 λ_on a/(a + b)²·(1 − (1 − e^(−(a+b)t))/((a+b)t))  (Fischer & Meier-Hellstern 1993).
        const double rate = 2, window = 7;
        (double mean, double variance) = CountStatistics(rate, on, off, window, 100_000);
        double a = 1 / on, b = 1 / off;
        double expected = 1 + 2 * rate * (on + off) / on * a / ((a + b) * (a + b)) * (1 - (1 - Math.Exp(-(a + b) * window)) / ((a + b) * window));
        Assert.InRange(mean / (rate * window), 0.98, 1.02);
        Assert.InRange(variance / mean / expected, 0.96, 1.04);
    }

    [Theory]
    [InlineData(CostDistribution.Fixed, 2.5, 0)]
    [InlineData(CostDistribution.Geometric, 2.5, 0.7746)] // √(1 − 1/m)
    [InlineData(CostDistribution.Exponential, 2.5, 1)]
    [InlineData(CostDistribution.LogNormal, 2.5, 0.6)]
    public void CostsHaveTheirMeanAndVariation(CostDistribution distribution, double mean, double variation)
    {
        var model = new CostModel(distribution, mean, 0.6);
        RandomSource random = RandomSource.Create(4);
        const int count = 400_000;
        double sum = 0, squares = 0;
        for (int i = 0; i < count; i++)
        {
            double cost = model.Draw(random);
            Assert.True(distribution != CostDistribution.Geometric || (cost >= 1 && cost == Math.Floor(cost)));
            sum += cost;
            squares += cost * cost;
        }

        Assert.InRange(sum / count, mean * 0.99, mean * 1.01);
        Assert.InRange(Math.Sqrt(Math.Max(0, squares / count - sum / count * sum / count)) / mean, variation - 0.02, variation + 0.02);
    }

    [Fact]
    public void GeometricCostsOfMeanOneAreAllOne() =>
        Assert.Equal(1, new CostModel(CostDistribution.Geometric, 1, 0).Draw(RandomSource.Create(1)));

    private static (double Mean, double Variance) CountStatistics(double rate, double on, double off, double window, int windows)
    {
        var stream = new ArrivalStream(RandomSource.Create(17), rate, on, off, new CostModel(CostDistribution.Fixed, 1, 0));
        double sum = 0, squares = 0;
        for (int w = 1; w <= windows; w++)
        {
            int count = 0;
            while (stream.Time < w * window)
            {
                count++;
                double previous = stream.Time;
                stream.MoveNext();
                Assert.True(stream.Time >= previous);
            }

            sum += count;
            squares += (double)count * count;
        }

        double mean = sum / windows;
        return (mean, squares / windows - mean * mean);
    }
}
