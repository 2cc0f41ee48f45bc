using QosValuation.Foundation.Randomness;
using QosValuation.Learning.Federated;
using QosValuation.Learning.Learners;

namespace QosValuation.Tests;

public sealed class PrivateSharingTests
{
    public static TheoryData<FederatedAlgorithm> Algorithms { get; } =
        [.. Enum.GetValues<FederatedAlgorithm>().Where(name => name != FederatedAlgorithm.FedFomo)];

    [Theory]
    [MemberData(nameof(Algorithms))]
    public void EveryModelThatAnyoneSeesIsClipped(FederatedAlgorithm algorithm)
    {
        const double Clip = 0.01;
        FederatedRun run = FederatedSamples.Run(
            algorithm, FederatedSamples.Clients(4, 1), options => options with { Sharing = new PrivateUpdate { Clip = Clip, NoiseMultiplier = 1e-9 } });
        FederatedRound round = run.Next();
        double Length(ReadOnlyMemory<float> model) => Math.Sqrt(model.ToArray().Zip(round.Initial.ToArray(), (a, b) => ((double)a - b) * ((double)a - b)).Sum());
        Assert.All(round.Shared.Concat(round.Evaluated), model => Assert.InRange(Length(model), 0.5 * Clip, Clip * (1 + 1e-4)));
    }

    [Fact]
    public void TheNoiseHasItsSpread()
    {
        FederatedRun run = FederatedSamples.Run(
            FederatedAlgorithm.Local,
            FederatedSamples.Clients(60, 1),
            options => options with { Sharing = new PrivateUpdate { Clip = 0.01, NoiseMultiplier = 300 } });
        FederatedRound round = run.Next();
        double[] noise = [.. round.Shared.SelectMany(model => model.ToArray().Zip(round.Initial.ToArray(), (a, b) => (double)a - b))];
        double deviation = Math.Sqrt(noise.Average(value => value * value));

        // 60 · 24 draws: a standard error of 2 %.
        Assert.InRange(deviation, 3 * 0.92, 3 * 1.08);
    }

    [Fact]
    public void ARecordWithManyRowsCountsOnceInAStep()
    {
        LabelledRows rows = FederatedSamples.Rows(10, 7);
        LabelledRows grouped = rows.WithRecords(["alone", .. Enumerable.Repeat("many", 9)]);
        Assert.Equal((10, 2), (rows.Records, grouped.Records));
        Assert.Same(rows, rows.WithRecords([.. Enumerable.Repeat<string?>(null, 10)]));
        Assert.Equal(2, grouped.Select([0, 3, 4]).Records);
        LogisticLearner learner = FederatedSamples.Learner;
        float[] start = new float[learner.ParameterCount];
        learner.Initialize(start, RandomSource.Create(1));
        ILearnerWorker worker = learner.CreateWorker();
        float[] One(int row)
        {
            float[] sum = new float[start.Length];
            worker.ClippedGradientSum(start, rows, [row], 0.05, sum);
            return sum;
        }

        var options = new LocalTrainingOptions
        {
            LearningRate = 1, Momentum = 0, WeightDecay = 0, BatchSize = 2, Steps = 1, Privacy = new PrivateTraining { Clip = 0.05, NoiseMultiplier = 1e-9 },
        };
        var drawn = new HashSet<int>();
        for (int seed = 0; seed < 60; seed++)
        {
            float[] model = [.. start];
            LocalTraining.Run(learner, model, grouped, options, null, RandomSource.Create(seed));

            // Both records take part: the one's row, and one row of the other's.
            int[] fits =
            [
                .. Enumerable.Range(1, 9).Where(row =>
                    One(0).Zip(One(row), (a, b) => (a + b) / 2).Zip(start.Zip(model, (a, b) => a - b)).All(pair => Math.Abs(pair.First - pair.Second) < 1e-6)),
            ];
            drawn.Add(Assert.Single(fits));
        }

        Assert.Equal(9, drawn.Count);
    }
}
