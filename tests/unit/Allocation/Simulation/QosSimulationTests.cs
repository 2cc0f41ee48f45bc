using QosValuation.Allocation.Simulation;
using QosValuation.Foundation.Randomness;
using QosValuation.Onnx.Model;

namespace QosValuation.Tests;

public sealed class QosSimulationTests
{
    internal static readonly AllocationScheme[] AllSchemes =
    [
        AllocationScheme.Proposed, AllocationScheme.Random, AllocationScheme.RoundRobin, AllocationScheme.MaxMin,
        AllocationScheme.WaterFilling, AllocationScheme.MaxWelfare, AllocationScheme.Vtc,
    ];

    private static QosAgent[] Population(int count, double capacity = 4, Func<int, double>? value = null) =>
        [.. Enumerable.Range(0, count).Select(n => new QosAgent { Name = "agent" + n, Value = value?.Invoke(n) ?? 1 + n % 5, Capacity = capacity })];

    [Fact]
    public void ATraceWorkedByHandGivesTheseFigures()
    {
        // One agent, bucket 2, one token at the start of every epoch of length 1, six epochs.
        // t=0: refill to 1. t=0.25: A served at once. t=0.5: B waits. t=0.75: C waits. t=1: token, B served (wait 0.5).
        // t=1.5: D (cost 2) waits behind C. t=2: token, C served (wait 1.25). t=3: 1 token; D needs 2. t=4: 2 tokens, D served (wait 2.5).
        // t=4.5: E (cost 3) exceeds the bucket: dropped. t=5: 1 token. t=5.5: F served at once. Left: 0.
        RequestTrace trace = RequestTrace.Create(
        [
            (0.75, "a", 1), (0.25, "a", double.NaN), (0.5, "a", 1), (1.5, "a", 2), (4.5, "a", 3), (5.5, "a", 1), (6, "a", 1),
        ]);
        QosReport report = QosSimulation.Run(new QosSimulationOptions
        {
            Agents = [new QosAgent { Name = "a", Value = 2, Capacity = 2 }],
            Supply = 1,
            Epochs = 6,
            Arrivals = ArrivalProcess.Trace,
            Trace = trace,
            Rounds = 1,
            Seed = 1,
        }).Single();
        Assert.Equal((6, 5, 1, 0, 0), (report.Arrived, report.Served, report.Rejected, report.Abandoned, report.Waiting));
        Assert.Equal(5 / 6.0, report.ServedRatio);
        Assert.Equal(4 / 6.0, report.OutageRatio); // B, C, D, E
        Assert.Equal(4.25 / 5, report.MeanWait);
        Assert.Equal(2.5, report.P95Wait);
        Assert.Equal(2.5, report.P99Wait);
        Assert.Equal(4.25 / 6, report.MeanQueue, 15); // Little: the waits, over the time
        Assert.Equal((6, 6, 6, 0), (report.Supplied, report.Granted, report.Spent, report.Unspent));
        Assert.Equal(1, report.Utilisation);

        // Tokens held: 1 on [0,0.25), [3,4), [5,5.5). The mean cost of the trace is 10/7 > 1: a single token is short.
        Assert.Equal(1.75 / 6, report.MeanTokens, 15);
        Assert.Equal(1, report.OutageTime);
        Assert.Equal(3, report.RewardRate);
        Assert.Equal(0, report.FullRatio);
        Assert.True(double.IsNaN(report.MeanWaitStandardError));
    }

    [Fact]
    public void PatienceEndsAfterTheRefillOfTheSameInstantAndBeforeArrivals()
    {
        // Bucket 1, a token every epoch. Patience 1: A arrives at 0 and takes the token; B and C arrive at 0.
        // t=1: refill serves B although its patience ends then; C leaves at 1, so that D, which arrives at 1, is alone and waits till 2.
        RequestTrace trace = RequestTrace.Create([(0, "a", 1), (0, "a", 1), (0, "a", 1), (1, "a", 1)]);
        QosReport report = QosSimulation.Run(new QosSimulationOptions
        {
            Agents = [new QosAgent { Name = "a", Value = 1, Capacity = 1 }],
            Supply = 1,
            Epochs = 3,
            Patience = 1,
            Arrivals = ArrivalProcess.Trace,
            Trace = trace,
            Rounds = 1,
            Seed = 1,
        }).Single();
        Assert.Equal((4, 3, 1, 0), (report.Arrived, report.Served, report.Abandoned, report.Waiting));
        Assert.Equal(2 / 3.0, report.MeanWait, 15);
        Assert.Equal(3 / 3.0, report.MeanQueue, 15); // B and C over [0,1), D over [1,2)
    }

    [Fact]
    public void ADearRequestThatLeavesLetsACheaperOneGo()
    {
        // The head costs 2 and leaves at 0.5; then the request of cost 1 behind it is served at that instant from the one token.
        RequestTrace trace = RequestTrace.Create([(0, "a", 2), (0.25, "a", 1)]);
        QosReport report = QosSimulation.Run(new QosSimulationOptions
        {
            Agents = [new QosAgent { Name = "a", Value = 1, Capacity = 2, Remaining = 1 }],
            Supply = 0,
            Epochs = 1,
            Patience = 0.5,
            Arrivals = ArrivalProcess.Trace,
            Trace = trace,
            Rounds = 1,
            Seed = 1,
        }).Single();
        Assert.Equal((1, 1, 0.25), (report.Served, report.Abandoned, report.MeanWait));
        Assert.Equal(1, report.Utilisation); // the token held at the start is spent
    }

    [Fact]
    public void AgreesWithASimulatorThatStepsThroughInstants()
    {
        RandomSource random = RandomSource.Create(21);
        for (int instance = 0; instance < 300; instance++)
        {
            // Dyadic numbers: instants coincide often, and sums are exact.
            int agents = 1 << random.NextInt32(3);
            int epochs = 1 + random.NextInt32(12);
            int warmup = random.NextInt32(epochs);
            double patience = random.NextInt32(3) == 0 ? double.PositiveInfinity : 0.25 * random.NextInt32(12);
            int limit = random.NextInt32(5);
            double supply = agents * 0.25 * random.NextInt32(9);
            QosAgent[] population = [.. Enumerable.Range(0, agents).Select(n => new QosAgent
            {
                Name = "n" + n,
                Value = 1,
                Capacity = 1 + random.NextInt32(4),
                Remaining = 0.25 * random.NextInt32(5),
            })];
            (double Time, string Agent, double Cost)[] requests = [.. Enumerable.Range(0, random.NextInt32(60)).Select(_ =>
                (0.125 * random.NextInt32(8 * epochs + 8), "n" + random.NextInt32(agents), 0.25 * (1 + random.NextInt32(10))))];
            var options = new QosSimulationOptions
            {
                Agents = population,
                Supply = supply,
                Epochs = epochs,
                WarmupEpochs = warmup,
                Patience = patience,
                QueueLimit = limit,
                Arrivals = ArrivalProcess.Trace,
                Trace = RequestTrace.Create(requests),
                Rounds = 1,
                PerAgent = true,
                Seed = 1,
            };
            QosReport[] reports = [.. QosSimulation.Run(options)];
            for (int n = 0; n < agents; n++)
            {
                // Equal values: Eq. 15 gives everybody min(V/N, room), so that agents can be stepped one by one.
                Stepped expected = Step(population[n], supply / agents, epochs, warmup, patience, limit, [.. requests.Where(r => r.Agent == "n" + n).OrderBy(r => r.Time)]);
                QosReport report = reports[n + 1];
                Assert.Equal("n" + n, report.Agent);
                Assert.Equal(
                    (expected.Arrived, expected.Waits.Count, expected.Rejected, expected.Abandoned, expected.Waiting),
                    (report.Arrived, report.Served, report.Rejected, report.Abandoned, report.Waiting));
                Assert.Equal(expected.Waits.Count == 0 ? double.NaN : expected.Waits.Average(), report.MeanWait, 12);
                double[] sorted = [.. expected.Waits.Order()];
                Assert.Equal(sorted.Length == 0 ? double.NaN : sorted[(int)Math.Ceiling(0.95 * sorted.Length) - 1], report.P95Wait);
                Assert.Equal(expected.Queue / (epochs - warmup), report.MeanQueue, 12);
                Assert.Equal(expected.TokenTime / (epochs - warmup), report.MeanTokens, 12);
                Assert.Equal((expected.Granted, expected.Spent, expected.Tokens), (report.Granted, report.Spent, report.Unspent));
            }

            double[] all = [.. reports.Skip(1).Select(r => r.Served)];
            Assert.Equal(all.Sum(), reports[0].Served);
            Assert.Equal(reports.Skip(1).Sum(r => r.MeanQueue), reports[0].MeanQueue, 12);
        }
    }

    [Fact]
    public void NothingIsLostOrMadeUnderAnySchemeProcessOrStrategy()
    {
        foreach (AllocationScheme scheme in AllSchemes)
        {
            foreach (ArrivalProcess process in new[] { ArrivalProcess.Poisson, ArrivalProcess.OnOff })
            {
                QosAgent[] agents = Population(12);
                agents[1] = agents[1] with { Strategy = QosStrategy.Hoarder, Remaining = 3 };
                agents[2] = agents[2] with { Strategy = QosStrategy.Flooder };
                agents[3] = agents[3] with { Strategy = QosStrategy.Sybil, Remaining = 2 };
                agents[4] = agents[4] with { Value = 0 };
                var options = new QosSimulationOptions
                {
                    Agents = agents,
                    Schemes = [scheme],
                    Supply = 17,
                    Epochs = 60,
                    WarmupEpochs = 10,
                    Arrivals = process,
                    CostDistribution = CostDistribution.Exponential,
                    Patience = 6,
                    QueueLimit = 5,
                    HoarderSpending = 0.3,
                    Rounds = 3,
                    PerAgent = true,
                    Seed = 12,
                };
                foreach (QosReport report in QosSimulation.Run(options))
                {
                    Assert.Equal(report.Arrived, report.Served + report.Rejected + report.Abandoned + report.Waiting, 9);
                    if (report.Granted > 0)
                    {
                        Assert.InRange(report.Utilisation, 0, 1 + 1e-12);
                    }

                    Assert.InRange(report.ServedRatio, 0, 1);
                    Assert.InRange(report.OutageRatio, 1 - report.ServedRatio - 1e-12, 1);
                    Assert.True(report.Junk <= report.Spent);
                    Assert.False(report.P95Wait > report.P99Wait || report.MeanWait > 6 || report.P99Wait > 6 + 1e-9);
                    if (report.Agent.Length == 0)
                    {
                        Assert.Equal(17.0 * 50, report.Supplied);
                        Assert.InRange(report.Granted, 0, report.Supplied * (1 + 1e-12));
                        Assert.InRange(report.Jain, 0, 1);
                        Assert.InRange(report.Gini, 0, 1);
                    }
                    else
                    {
                        Assert.Equal(report.Agent == "agent2", report.Junk > 0);
                        Assert.Equal(report.Agent == "agent1", report.Withheld > 0);
                    }
                }

                // Without a warm-up the balance of tokens closes: held at the start + granted = spent + left.
                foreach (QosReport report in QosSimulation.Run(options with { WarmupEpochs = 0 }).Where(r => r.Agent.Length > 0))
                {
                    double start = agents.Single(a => a.Name == report.Agent).Remaining;
                    Assert.Equal(start + report.Granted, report.Spent + report.Unspent, 9);
                    Assert.True(scheme == AllocationScheme.Random || report.Unspent <= 4 * (report.Strategy == QosStrategy.Sybil ? 4 : 1) + 1e-9);
                }
            }
        }
    }

    [Fact]
    public void PlentyServesEverythingAtOnce()
    {
        foreach (AllocationScheme scheme in AllSchemes)
        {
            QosReport report = QosSimulation.Run(new QosSimulationOptions
            {
                Agents = Population(3, capacity: 1000),
                Schemes = [scheme],
                Supply = 1_000_000,
                Epochs = 50,
                Rounds = 2,
                Seed = 2,
            }).Single();
            Assert.Equal((1.0, 0.0, 0.0, 0.0), (report.ServedRatio, report.OutageRatio, report.MeanWait, report.P99Wait));
            Assert.Equal(0, report.OutageTime);
            Assert.InRange(report.Arrived, 300 - 60, 300 + 60);
        }
    }

    [Fact]
    public void SpendToEarnMore()
    {
        // Equal in all but activity: the idle agent's bucket fills once and earns nothing more.
        QosAgent[] agents =
        [
            new QosAgent { Name = "busy", Value = 1, Capacity = 4, Remaining = 1, ArrivalRate = 5 },
            new QosAgent { Name = "idle", Value = 1, Capacity = 4, Remaining = 1, ArrivalRate = 0 },
        ];
        foreach (AllocationScheme scheme in AllSchemes.Where(s => s != AllocationScheme.Random))
        {
            QosReport[] reports = [.. QosSimulation.Run(new QosSimulationOptions { Agents = agents, Schemes = [scheme], Supply = 8, Epochs = 100, Rounds = 2, PerAgent = true, Seed = 6 })];
            Assert.Equal(3, reports[2].Granted, 9);
            Assert.Equal(4, reports[2].Unspent, 9);
            Assert.InRange(reports[2].FullRatio, 0.9, 1);
            Assert.True(double.IsNaN(reports[2].ServedRatio));
            Assert.True(reports[1].Granted > 150);
            Assert.Equal(reports[1].ServedRatio, reports[0].WorstServedRatio);
        }
    }

    [Fact]
    public void TheSameSeedGivesTheSameReportsForAnyParallelism()
    {
        var options = new QosSimulationOptions
        {
            Agents = Population(20),
            Schemes = AllSchemes,
            Supply = 30,
            Epochs = 40,
            ValueConcentration = 0.5,
            CostDistribution = CostDistribution.Geometric,
            RequestCost = 1.5,
            Rounds = 13,
            PerAgent = true,
            Seed = 77,
            MaxDegreeOfParallelism = 1,
        };
        QosReport[] alone = [.. QosSimulation.Run(options)];
        Assert.Equal(alone, QosSimulation.Run(options with { MaxDegreeOfParallelism = 4 }).ToArray());
        Assert.Equal(alone, QosSimulation.Run(options with { MaxDegreeOfParallelism = -1 }).ToArray());
        Assert.NotEqual(alone[0], QosSimulation.Run(options with { Seed = 78 }).First());
        Assert.Equal(AllSchemes.Length * 21, alone.Length);

        // All schemes meet the same requests, and other agents' strategies leave one's requests alone.
        Assert.Single(alone.Where(r => r.Agent.Length == 0).Select(r => r.Arrived).Distinct());
        QosAgent[] flooded = Population(20);
        flooded[3] = flooded[3] with { Strategy = QosStrategy.Flooder };
        QosReport[] other = [.. QosSimulation.Run(options with { Agents = flooded })];
        Assert.Equal(alone.Select(r => r.Arrived), other.Select(r => r.Arrived));

        // Without a seed the reports name the one that was drawn, and it reproduces them.
        QosReport drawn = QosSimulation.Run(options with { Seed = null, PerAgent = false }).First();
        Assert.Equal(drawn, QosSimulation.Run(options with { Seed = drawn.Seed, PerAgent = false }).First());
    }

    [Fact]
    public void StandardErrorsShrinkWithTheRootOfTheRounds()
    {
        var options = new QosSimulationOptions { Agents = Population(10), Supply = 15, Epochs = 50, Rounds = 50, Seed = 5 };
        QosReport few = QosSimulation.Run(options).Single();
        QosReport many = QosSimulation.Run(options with { Rounds = 800 }).Single();
        Assert.InRange(few.MeanWaitStandardError / many.MeanWaitStandardError, 3, 5.3);
        Assert.InRange(many.MeanWait, few.MeanWait - 5 * few.MeanWaitStandardError, few.MeanWait + 5 * few.MeanWaitStandardError);
        Assert.InRange(many.Jain, few.Jain - 5 * few.JainStandardError, few.Jain + 5 * few.JainStandardError);
    }

    [Fact]
    public void TheRoundGoesOnWhereItStopped()
    {
        // Three tokens an epoch for four agents that spend at once: a fixed start would starve the last one.
        foreach (AllocationScheme scheme in new[] { AllocationScheme.RoundRobin, AllocationScheme.MaxMin, AllocationScheme.Vtc })
        {
            QosReport[] reports = [.. QosSimulation.Run(new QosSimulationOptions
            {
                Agents = Population(4, value: _ => 1),
                Schemes = [scheme],
                Supply = 3,
                ArrivalRate = 50,
                Epochs = 40,
                Rounds = 1,
                PerAgent = true,
                Seed = 1,
            })];
            Assert.All(reports.Skip(1), r => Assert.InRange(r.Granted, 29, 31));
            Assert.Equal(120, reports[0].Granted);
        }
    }

    [Fact]
    public void QuantilesAreOrderStatistics()
    {
        RandomSource random = RandomSource.Create(30);
        var sample = new WaitSample(int.MaxValue, random);
        var waits = new List<double>[3] { [], [], [] };
        for (int i = 0; i < 1000; i++)
        {
            int agent = random.NextInt32(3);
            double wait = random.NextPositiveDouble();
            waits[agent].Add(wait);
            sample.Add(agent, wait);
        }

        double[] probabilities = [0.01, 0.5, 0.95, 0.99, 1];
        foreach (int zeros in new[] { 0, 7, 100_000 })
        {
            double[] Expected(IEnumerable<double> positives)
            {
                double[] sorted = [.. Enumerable.Repeat(0.0, zeros).Concat(positives).Order()];
                return [.. probabilities.Select(p => sorted[Math.Max(1, (int)Math.Ceiling(p * sorted.Length)) - 1])];
            }

            double[] all = new double[5];
            sample.Quantiles(zeros, probabilities, all);
            Assert.Equal(Expected(waits.SelectMany(w => w)), all);
            double[] each = new double[15];
            sample.QuantilesByAgent([.. waits.Select(w => (long)w.Count)], [zeros, zeros, zeros], probabilities, each);
            Assert.Equal(waits.SelectMany(Expected), each);
        }

        double[] none = new double[1];
        new WaitSample(5, random).Quantiles(0, [0.95], none);
        Assert.True(double.IsNaN(none[0]));
    }

    [Fact]
    public void BeyondTheLimitQuantilesComeFromAUniformSample()
    {
        RandomSource random = RandomSource.Create(31);
        var sample = new WaitSample(20_000, random);
        for (int i = 1; i <= 1_000_000; i++)
        {
            sample.Add(i % 2, i / 1e6); // increasing: a sample that forgot the early ones would show
        }

        double[] quantiles = new double[2];
        sample.Quantiles(1_000_000, [0.6, 0.975], quantiles); // ranks 0.2 and 0.95 of those above 0
        Assert.InRange(quantiles[0], 0.2 - 5 * Math.Sqrt(0.2 * 0.8 / 20_000), 0.2 + 5 * Math.Sqrt(0.2 * 0.8 / 20_000));
        Assert.InRange(quantiles[1], 0.95 - 5 * Math.Sqrt(0.95 * 0.05 / 20_000), 0.95 + 5 * Math.Sqrt(0.95 * 0.05 / 20_000));
        double[] each = new double[4];
        sample.QuantilesByAgent([500_000, 500_000], [500_000, 500_000], [0.6, 0.975], each);
        Assert.InRange(each[2], 0.2 - 0.03, 0.2 + 0.03);
    }

    [Fact]
    public void StopsWhenCancelled()
    {
        using var source = new CancellationTokenSource();
        var options = new QosSimulationOptions { Agents = Population(10), Schemes = AllSchemes, Epochs = 1000, Rounds = 1000, Seed = 1, Progress = _ => source.Cancel() };
        Assert.ThrowsAny<OperationCanceledException>(() => QosSimulation.Run(options, source.Token).Count());
    }

    [Fact]
    public void NamesTheOptionThatIsWrong()
    {
        var valid = new QosSimulationOptions { Agents = Population(2), Epochs = 5, Rounds = 1, Seed = 1 };
        Assert.Single(QosSimulation.Run(valid));
        QosSimulationOptions[] wrong =
        [
            valid with { Agents = [] },
            valid with { Agents = [valid.Agents[0], valid.Agents[0]] },
            valid with { Agents = [valid.Agents[0] with { Value = double.NaN }] },
            valid with { Agents = [valid.Agents[0] with { Value = -1 }] },
            valid with { Agents = [valid.Agents[0] with { Capacity = 0 }] },
            valid with { Agents = [valid.Agents[0] with { Remaining = 5 }] },
            valid with { Agents = [valid.Agents[0] with { ArrivalRate = double.PositiveInfinity }] },
            valid with { Agents = [valid.Agents[0] with { RequestCost = 0 }] },
            valid with { Agents = [valid.Agents[0] with { Name = " " }] },
            valid with { Schemes = [] },
            valid with { Supply = double.PositiveInfinity },
            valid with { Epochs = 0 },
            valid with { WarmupEpochs = 5 },
            valid with { EpochLength = 0 },
            valid with { ArrivalRate = -1 },
            valid with { RequestCost = 0 },
            valid with { CostDistribution = CostDistribution.Geometric, RequestCost = 0.5 },
            valid with { CostVariation = 0 },
            valid with { Patience = double.NaN },
            valid with { QueueLimit = -1 },
            valid with { HoarderSpending = 1.5 },
            valid with { FloodFactor = 0.5 },
            valid with { SybilIdentities = 0 },
            valid with { Rounds = 0 },
            valid with { MaxDegreeOfParallelism = 0 },
            valid with { ValueConcentration = 0 },
            valid with { Arrivals = ArrivalProcess.OnOff, MeanOff = 0 },
            valid with { Arrivals = ArrivalProcess.Trace },
            valid with { Arrivals = ArrivalProcess.Trace, Trace = RequestTrace.Create([(0, "stranger", 1)]) },
            valid with { SybilSplit = SybilSplit.Concave, Agents = [valid.Agents[0] with { Strategy = QosStrategy.Sybil }] },
        ];
        foreach (QosSimulationOptions options in wrong)
        {
            Assert.Equal("QosOptionNotValid", Assert.Throws<QosValuationException>(() => QosSimulation.Run(options)).ErrorId);
        }

        Assert.Throws<QosValuationException>(() => QosSimulation.CompareStrategies(valid));
    }

    private static Stepped Step(QosAgent agent, double share, int epochs, int warmup, double patience, int limit, (double Time, string Agent, double Cost)[] requests)
    {
        var result = new Stepped { Tokens = agent.Remaining };
        var queue = new List<(double Time, double Cost)>();
        const double instant = 0.125;
        for (int tick = 0; tick < epochs * 8; tick++)
        {
            double now = tick * instant;
            bool counts = now >= warmup;
            void ServeQueue()
            {
                while (queue.Count > 0 && result.Tokens >= queue[0].Cost)
                {
                    result.Tokens -= queue[0].Cost;
                    result.Spent += counts ? queue[0].Cost : 0;
                    if (queue[0].Time >= warmup)
                    {
                        result.Waits.Add(now - queue[0].Time);
                    }

                    queue.RemoveAt(0);
                }
            }

            if (tick % 8 == 0)
            {
                double grant = Math.Min(share, agent.Capacity - result.Tokens);
                result.Tokens += grant;
                result.Granted += counts ? grant : 0;
            }

            ServeQueue();
            void Leave()
            {
                while (queue.Count > 0 && queue[0].Time + patience <= now)
                {
                    result.Abandoned += queue[0].Time >= warmup ? 1 : 0;
                    queue.RemoveAt(0);
                    ServeQueue();
                }
            }

            Leave();
            foreach ((double time, _, double cost) in requests)
            {
                if (time == now)
                {
                    result.Arrived += counts ? 1 : 0;
                    if (cost > agent.Capacity || ((queue.Count > 0 || result.Tokens < cost) && queue.Count >= limit))
                    {
                        result.Rejected += counts ? 1 : 0;
                    }
                    else
                    {
                        queue.Add((time, cost));
                        if (queue.Count == 1)
                        {
                            ServeQueue();
                        }

                        Leave();
                    }
                }
            }

            result.Queue += counts ? instant * queue.Count : 0;
            result.TokenTime += counts ? instant * result.Tokens : 0;
        }

        result.Waiting = queue.Count(r => r.Time >= warmup);
        return result;
    }

    private sealed class Stepped
    {
        public List<double> Waits { get; } = [];

        public int Arrived { get; set; }

        public int Rejected { get; set; }

        public int Abandoned { get; set; }

        public int Waiting { get; set; }

        public double Tokens { get; set; }

        public double Granted { get; set; }

        public double Spent { get; set; }

        public double Queue { get; set; }

        public double TokenTime { get; set; }
    }
}
