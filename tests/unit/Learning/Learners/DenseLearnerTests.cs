using QosValuation.Foundation.Randomness;
using QosValuation.Learning.Learners;

namespace QosValuation.Tests;

public sealed class DenseLearnerTests
{
    // Widths that fill tiles and widths that do not.
    public static TheoryData<int[]> Shapes => [[3, 2], [16, 4], [70, 10], [130, 5], [5, 7, 3], [64, 20, 4], [33, 17, 9, 6], [20, 66, 70, 3]];

    [Theory]
    [MemberData(nameof(Shapes))]
    public void TheGradientIsThatOfFiniteDifferences(int[] widths)
    {
        ILearner learner = Make(widths);
        LabelledRows rows = Random(7, widths[0], widths[^1], 1);
        float[] parameters = Start(learner, 2);
        int[] chosen = [0, 3, 3, 6, 5, 1];
        float[] gradient = new float[learner.ParameterCount];
        double loss = learner.CreateWorker().MeanGradient(parameters, rows, chosen, gradient);

        var plain = new PlainNetwork(widths);
        double[] exact = [.. parameters.Select(x => (double)x)];
        Assert.Equal(chosen.Average(i => plain.Loss(exact, rows[i], rows.Labels[i])), loss, 1e-6);
        double[] expected = Mean(chosen.Select(i => plain.Gradient(exact, rows[i].ToArray(), rows.Labels[i])), chosen.Length);
        AssertNear(expected, gradient, 2e-6);
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public void ClippedGradientsAreThoseOfEachRowAlone(int[] widths)
    {
        ILearner learner = Make(widths);
        LabelledRows rows = Random(9, widths[0], widths[^1], 3);
        float[] parameters = Start(learner, 4);
        int[] chosen = [.. Enumerable.Range(0, 9)];
        var plain = new PlainNetwork(widths);
        double[] exact = [.. parameters.Select(x => (double)x)];
        double[][] each = [.. chosen.Select(i => plain.Gradient(exact, rows[i].ToArray(), rows.Labels[i]))];
        double[] norms = [.. each.Select(g => Math.Sqrt(g.Sum(x => x * x)))];
        double clip = norms.Order().ElementAt(4) * 1.001;
        double[] expected = Mean(each.Zip(norms, (g, norm) => g.Select(x => x * Math.Min(1, clip / norm)).ToArray()), 1);
        float[] sum = new float[learner.ParameterCount];
        int clipped = learner.CreateWorker().ClippedGradientSum(parameters, rows, chosen, clip, sum);
        Assert.Equal(4, clipped);
        AssertNear(expected, sum, 1e-5);
    }

    [Fact]
    public void OneRowsGradientIsNeverLongerThanItsBound()
    {
        ILearner learner = Make([40, 12, 5]);
        LabelledRows rows = Random(200, 40, 5, 5);
        float[] parameters = Start(learner, 6);
        float[] sum = new float[learner.ParameterCount];
        ILearnerWorker worker = learner.CreateWorker();
        for (int i = 0; i < rows.Count; i++)
        {
            worker.ClippedGradientSum(parameters, rows, [i], 0.25, sum);
            Assert.InRange(Math.Sqrt(sum.Sum(x => (double)x * x)), 0.01, 0.25 * (1 + 1e-6));
        }
    }

    [Fact]
    public void ManyRowsAddUpOverBlocks()
    {
        // 150 rows are three blocks; the mean is that of three parts.
        ILearner learner = Make([20, 6, 4]);
        LabelledRows rows = Random(150, 20, 4, 7);
        float[] parameters = Start(learner, 8);
        ILearnerWorker worker = learner.CreateWorker();
        float[] whole = new float[learner.ParameterCount];
        float[] part = new float[learner.ParameterCount];
        double loss = worker.MeanGradient(parameters, rows, Run(0, 150), whole);
        double[] expected = new double[whole.Length];
        double total = 0;
        foreach (int start in new[] { 0, 50, 100 })
        {
            total += worker.MeanGradient(parameters, rows, Run(start, 50), part) / 3;
            for (int k = 0; k < part.Length; k++)
            {
                expected[k] += part[k] / 3.0;
            }
        }

        Assert.Equal(total, loss, 1e-6);
        AssertNear(expected, whole, 1e-6);
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public void ScoresAreThoseOfPlainLoops(int[] widths)
    {
        ILearner learner = Make(widths);
        LabelledRows rows = Random(131, widths[0], widths[^1], 9);
        float[] parameters = Start(learner, 10);
        float[] scores = new float[129 * widths[^1]];
        learner.CreateWorker().Scores(parameters, rows, 2, scores);
        var plain = new PlainNetwork(widths);
        double[] exact = [.. parameters.Select(x => (double)x)];
        for (int i = 0; i < 129; i++)
        {
            AssertNear(plain.Scores(exact, rows[i + 2]), scores.AsSpan(i * widths[^1], widths[^1]).ToArray(), 5e-6);
        }
    }

    [Fact]
    public void ScoresTooLargeForAnExponentialStillHaveALoss()
    {
        var learner = new LogisticLearner(1, 2);
        LabelledRows rows = LabelledRows.Of([[1000f], [1000f]], [0, 1], 2);
        float[] gradient = new float[4];
        double loss = learner.CreateWorker().MeanGradient([1, -1, 0, 0], rows, [0, 1], gradient);
        Assert.Equal(1000, loss, 1e-3);
        Assert.All(gradient, value => Assert.True(float.IsFinite(value)));
    }

    [Fact]
    public void InitialParametersLieWithinTheBoundsOfTheirLayer()
    {
        ILearner learner = Make([400, 100, 3]);
        float[] parameters = Start(learner, 11);
        Assert.Equal((401 * 100) + (101 * 3), parameters.Length);
        Assert.InRange(parameters.AsSpan(0, 40100).ToArray().Max(MathF.Abs), 0.0499f, 0.05f);
        Assert.InRange(parameters.AsSpan(40100).ToArray().Max(MathF.Abs), 0.09f, 0.1f);
        Assert.InRange(parameters.Average(), -1e-3, 1e-3);
        Assert.Equal(parameters, Start(learner, 11));
        Assert.NotEqual(parameters, Start(learner, 12));
    }

    internal static ILearner Make(int[] widths) =>
        widths.Length == 2 ? new LogisticLearner(widths[0], widths[1]) : new MlpLearner(widths[0], widths[^1], widths[1..^1]);

    internal static float[] Start(ILearner learner, int seed)
    {
        float[] parameters = new float[learner.ParameterCount];
        learner.Initialize(parameters, RandomSource.Create(seed));
        return parameters;
    }

    internal static LabelledRows Random(int count, int features, int classes, int seed)
    {
        RandomSource random = RandomSource.Create(seed);
        float[] values = [.. Enumerable.Range(0, count * features).Select(_ => (float)random.NextNormal())];
        return new LabelledRows(values, [.. Enumerable.Range(0, count).Select(_ => random.NextInt32(classes))], features, classes);
    }

    private static int[] Run(int start, int count) => [.. Enumerable.Range(start, count)];

    private static double[] Mean(IEnumerable<double[]> vectors, int count) =>
        vectors.Aggregate((a, b) => [.. a.Zip(b, (x, y) => x + y)]).Select(x => x / count).ToArray();

    private static void AssertNear(double[] expected, float[] found, double tolerance)
    {
        double scale = Math.Max(1, expected.Max(Math.Abs));
        for (int i = 0; i < expected.Length; i++)
        {
            Assert.True(Math.Abs(expected[i] - found[i]) <= tolerance * scale, $"{i}: {expected[i]} and {found[i]}");
        }
    }
}
