using System.Numerics.Tensors;
using QosValuation.Foundation.Randomness;
using QosValuation.Learning.Learners;
using QosValuation.Privacy.Accounting;

namespace QosValuation.Tests;

public sealed class LocalTrainingTests
{
    [Fact]
    public void BatchesAreThoseOfAShuffledLoader()
    {
        // The gradient of a batch of a linear term tells which rows were in it: here the labels are all one class, and each row is its own feature.
        var seen = new List<int[]>();
        var learner = new Recorder(seen);
        LabelledRows rows = LabelledRows.Of([.. Enumerable.Range(0, 10).Select(i => new float[] { i })], new int[10], 1);
        LocalTraining.Run(learner, new float[1], rows, new LocalTrainingOptions { BatchSize = 4, Steps = 7 }, null, RandomSource.Create(1));
        Assert.Equal([4, 4, 2, 4, 4, 2, 4], seen.Select(batch => batch.Length));
        Assert.Equal(Enumerable.Range(0, 10), seen.Take(3).SelectMany(batch => batch).Order());
        Assert.Equal(Enumerable.Range(0, 10), seen.Skip(3).Take(3).SelectMany(batch => batch).Order());
        Assert.NotEqual(seen.Take(3).SelectMany(batch => batch), seen.Skip(3).Take(3).SelectMany(batch => batch));

        seen.Clear();
        LocalTraining.Run(learner, new float[1], rows, new LocalTrainingOptions { BatchSize = 10, Steps = 2 }, null, RandomSource.Create(1));
        Assert.All(seen, batch => Assert.Equal(Enumerable.Range(0, 10), batch));
    }

    [Fact]
    public void FullBatchesAreGradientDescent()
    {
        ILearner learner = DenseLearnerTests.Make([6, 4, 3]);
        LabelledRows rows = DenseLearnerTests.Random(30, 6, 3, 1);
        float[] start = DenseLearnerTests.Start(learner, 2);
        float[] trained = [.. start];
        var options = new LocalTrainingOptions { BatchSize = 30, Steps = 5, LearningRate = 0.1, Momentum = 0, WeightDecay = 0 };
        LocalTrainingResult result = LocalTraining.Run(learner, trained, rows, options, null, RandomSource.Create(null));

        // Plain loops in double precision.
        var plain = new PlainNetwork(6, 4, 3);
        double[] parameters = [.. start.Select(x => (double)x)];
        double loss = 0;
        for (int step = 0; step < 5; step++)
        {
            double[] gradient = new double[parameters.Length];
            for (int i = 0; i < rows.Count; i++)
            {
                loss += plain.Loss(parameters, rows[i], rows.Labels[i]) / rows.Count / 5;
                TensorPrimitives.MultiplyAdd(plain.Gradient(parameters, rows[i].ToArray(), rows.Labels[i]), 1.0 / rows.Count, gradient, gradient);
            }

            TensorPrimitives.MultiplyAdd(gradient, -0.1, parameters, parameters);
        }

        Assert.Equal(loss, result.Loss, 1e-6);
        Assert.True(double.IsNaN(result.ClippedFraction));
        Assert.All(parameters.Zip(trained), pair => Assert.Equal(pair.First, pair.Second, 1e-6));
    }

    [Fact]
    public void ASeedGivesTheSameBytesAndATermIsAddedAtEveryStep()
    {
        ILearner learner = DenseLearnerTests.Make([20, 5]);
        LabelledRows rows = DenseLearnerTests.Random(100, 20, 5, 3);
        float[] origin = DenseLearnerTests.Start(learner, 4);
        float[] Train(ILocalTerm? term, LocalTrainingOptions options)
        {
            float[] parameters = [.. origin];
            LocalTraining.Run(learner, parameters, rows, options, term, RandomSource.Create(5, 7));
            return parameters;
        }

        var plain = new LocalTrainingOptions { Steps = 60, LearningRate = 0.1 };
        float[] free = Train(null, plain);
        Assert.Equal(free, Train(null, plain));
        var pull = new Pull(origin, 5);
        float[] held = Train(pull, plain);
        Assert.Equal(60, pull.Calls);
        Assert.True(TensorPrimitives.Distance<float>(held, origin) < 0.3 * TensorPrimitives.Distance<float>(free, origin));
        var adam = plain with { Optimizer = ModelOptimizer.Adam, LearningRate = 0.01 };
        Assert.Equal(Train(null, adam), Train(null, adam));
    }

    [Fact]
    public void TrainingLearnsAndNoiseCosts()
    {
        // Three classes around three directions.
        RandomSource random = RandomSource.Create(6);
        LabelledRows Draw(int count) => LabelledRows.Of(
            [.. Enumerable.Range(0, count).Select(i => Enumerable.Range(0, 12).Select(k => (float)((k % 3 == i % 3 ? 0.7 : 0) + (0.5 * random.NextNormal()))).ToArray())],
            [.. Enumerable.Range(0, count).Select(i => i % 3)],
            3);
        LabelledRows train = Draw(600);
        LabelledRows test = Draw(600);
        double Accuracy(ILearner learner, PrivateTraining? privacy)
        {
            float[] parameters = DenseLearnerTests.Start(learner, 8);
            LocalTraining.Run(learner, parameters, train, new LocalTrainingOptions { Steps = 200, LearningRate = 0.1, Privacy = privacy }, null, RandomSource.Create(9));
            return ModelEvaluation.Measure(learner, parameters, test, []).Accuracy;
        }

        foreach (ILearner learner in new[] { DenseLearnerTests.Make([12, 3]), DenseLearnerTests.Make([12, 16, 3]) })
        {
            double free = Accuracy(learner, null);
            double mild = Accuracy(learner, new PrivateTraining { NoiseMultiplier = 1 });
            double drowned = Accuracy(learner, new PrivateTraining { NoiseMultiplier = 300 });
            Assert.InRange(free, 0.95, 1);
            Assert.InRange(mild, free - 0.05, 1);
            Assert.InRange(drowned, 0, 0.8);
        }
    }

    [Fact]
    public void PrivateStepsDrawEachRecordByACoinAndAddTheNoiseAskedFor()
    {
        // No gradient at all: what moves the model is noise of σ·C over the expected batch.
        var learner = new Recorder([]) { ParameterCount = 4000 };
        LabelledRows rows = LabelledRows.Of([.. Enumerable.Range(0, 50).Select(i => new float[] { i })], new int[50], 1);
        float[] parameters = new float[4000];
        var options = new LocalTrainingOptions
        {
            BatchSize = 10, Steps = 400, LearningRate = 1, Momentum = 0, WeightDecay = 0, Privacy = new PrivateTraining { Clip = 3, NoiseMultiplier = 2 },
        };
        LocalTrainingResult result = LocalTraining.Run(learner, parameters, rows, options, null, RandomSource.Create(10));
        double[] sizes = [.. learner.Seen.Select(batch => (double)batch.Length)];
        Assert.Equal(10, sizes.Average(), 0.6);
        double mean = sizes.Average();
        Assert.InRange(sizes.Sum(size => (size - mean) * (size - mean)) / sizes.Length, 6, 10.5);
        Assert.Equal(0, result.ClippedFraction);
        Assert.True(double.IsNaN(result.Loss));
        double deviation = Math.Sqrt(parameters.Sum(x => (double)x * x) / parameters.Length);
        Assert.InRange(deviation / (2 * 3 / 10.0 * Math.Sqrt(400)), 0.95, 1.05);
    }

    [Fact]
    public void ACancelledTrainingStops()
    {
        ILearner learner = DenseLearnerTests.Make([3, 2]);
        using var source = new CancellationTokenSource();
        source.Cancel();
        Assert.Throws<OperationCanceledException>(() => LocalTraining.Run(
            learner, new float[8], DenseLearnerTests.Random(5, 3, 2, 1), new LocalTrainingOptions(), null, RandomSource.Create(1), cancellationToken: source.Token));
    }

    [Theory]
    [InlineData(1, PrivacyAccountant.Pld)]
    [InlineData(4, PrivacyAccountant.Pld)]
    [InlineData(2, PrivacyAccountant.Rdp)]
    public void CalibratedNoiseKeepsTheEpsilonAskedFor(double epsilon, PrivacyAccountant accountant)
    {
        PrivateTraining privacy = PrivateTraining.Calibrate(epsilon, 1e-5, 1000, 64, 500, accountant);
        var accumulator = new PrivacyLossAccumulator(accountant);
        accumulator.Add(privacy.EventOf(1000, 64, 500));
        PrivacyLoss loss = accumulator.Measure(1e-5);
        Assert.Equal(accountant, loss.Accountant);
        Assert.InRange(loss.Epsilon, epsilon * 0.999, epsilon);

        // Everyone in every step: Gaussian noise, exactly.
        Assert.Equal(Math.Sqrt(500) * PrivacyAccountingSigma(epsilon), PrivateTraining.Calibrate(epsilon, 1e-5, 64, 64, 500, accountant).NoiseMultiplier, 1e-6);
    }

    [Fact]
    public void AnUpdateIsClippedAndNoised()
    {
        float[] origin = [.. Enumerable.Range(0, 3000).Select(k => k % 7 * 0.1f)];
        float[] model = [.. origin.Select(x => x + 0.5f)];
        Assert.True(new PrivateUpdate { Clip = 2, NoiseMultiplier = 1e-9 }.Apply(model, origin, RandomSource.Create(1)));
        Assert.Equal(2, TensorPrimitives.Distance<float>(model, origin), 1e-4);
        Assert.False(new PrivateUpdate { Clip = 3, NoiseMultiplier = 0.5 }.Apply(model, origin, RandomSource.Create(1)));
        Assert.InRange(TensorPrimitives.Distance<float>(model, origin) / Math.Sqrt(4 + (3000 * 1.5 * 1.5)), 0.96, 1.04);
        PrivateUpdate calibrated = PrivateUpdate.Calibrate(1, 1e-5, 20);
        Assert.Equal(PrivacyUnit.Contributor, calibrated.EventOf(20).Unit);
        Assert.Equal(PrivacyAccountingSigma(1) * Math.Sqrt(20), calibrated.NoiseMultiplier, 1e-9);
    }

    [Fact]
    public void ATestSetIsWeightedByClass()
    {
        // Scores are the features: rows 0 and 1 are right, row 2 is wrong, row 3 is a tie that the first class takes.
        var learner = new LogisticLearner(2, 2);
        float[] identity = [1, 0, 0, 1, 0, 0];
        LabelledRows test = LabelledRows.Of([[3, 0], [0, 1], [2, 0], [1, 1]], [0, 1, 1, 0], 2);
        (double accuracy, double loss) = ModelEvaluation.Measure(learner, identity, test, []);
        double[] losses = [Math.Log(1 + Math.Exp(-3)), Math.Log(1 + Math.Exp(-1)), Math.Log(1 + Math.Exp(2)), Math.Log(2)];
        Assert.Equal(0.75, accuracy, 1e-12);
        Assert.Equal(losses.Average(), loss, 1e-6);
        (accuracy, loss) = ModelEvaluation.Measure(learner, identity, test, [0.2, 0.6]);
        Assert.Equal((0.2 + 0.6 + 0.2) / 1.6, accuracy, 1e-12);
        Assert.Equal(((0.2 * (losses[0] + losses[3])) + (0.6 * (losses[1] + losses[2]))) / 1.6, loss, 1e-6);
        Assert.Equal((1.0, losses[0]), Rounded(ModelEvaluation.Measure(learner, identity, test.Select([0, 1]), [1, 0]), losses[0]));
        Assert.True(double.IsNaN(ModelEvaluation.Measure(learner, identity, test.Select([0]), [0, 1]).Accuracy));
    }

    private static (double, double) Rounded((double Accuracy, double Loss) found, double loss) => (found.Accuracy, Math.Abs(found.Loss - loss) < 1e-6 ? loss : found.Loss);

    private static double PrivacyAccountingSigma(double epsilon) => QosValuation.Privacy.Mechanisms.GaussianCalibration.AnalyticSigma(epsilon, 1e-5, 1);

    private sealed class Pull(float[] origin, float strength) : ILocalTerm
    {
        public int Calls { get; private set; }

        public void Add(ReadOnlySpan<float> parameters, Span<float> gradient)
        {
            Calls++;
            for (int k = 0; k < gradient.Length; k++)
            {
                gradient[k] += strength * (parameters[k] - origin[k]);
            }
        }
    }

    // A learner that has no gradient and notes the batches.
    private sealed class Recorder(List<int[]> seen) : ILearner, ILearnerWorker
    {
        public List<int[]> Seen => seen;

        public ModelLearner Name => ModelLearner.Logistic;

        public int Features => 1;

        public int Classes => 1;

        public int ParameterCount { get; init; } = 1;

        public void Initialize(Span<float> parameters, RandomSource random) => parameters.Clear();

        public ILearnerWorker CreateWorker() => this;

        public double MeanGradient(
            ReadOnlySpan<float> parameters, LabelledRows rows, ReadOnlySpan<int> chosen, Span<float> gradient, CancellationToken cancellationToken = default)
        {
            seen.Add(chosen.ToArray());
            gradient.Clear();
            return 0;
        }

        public int ClippedGradientSum(
            ReadOnlySpan<float> parameters,
            LabelledRows rows,
            ReadOnlySpan<int> chosen,
            double clip,
            Span<float> sum,
            CancellationToken cancellationToken = default)
        {
            seen.Add(chosen.ToArray());
            sum.Clear();
            return 0;
        }

        public void Scores(ReadOnlySpan<float> parameters, LabelledRows rows, int first, Span<float> scores, CancellationToken cancellationToken = default) =>
            scores.Clear();
    }
}
