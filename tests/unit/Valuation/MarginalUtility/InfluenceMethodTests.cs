using QosValuation.Foundation.Randomness;
using QosValuation.Learning.Learners;
using QosValuation.Valuation.MarginalUtility;

namespace QosValuation.Tests;

public sealed class InfluenceMethodTests
{
    [Fact]
    public void InfluenceIsTheAnalyticOneOfAnOutsideProgram()
    {
        // NumPy, float64: +(1/n)·g_i·H⁻¹ḡ with the whole Hessian solved, λ = 0.05.
        double[] expected =
        [
            0.1115191761410977, -0.01679057794458257, 0.015612144786476628, -0.00887042049986128, -0.03763629466712607, -0.02937261767441056,
            -0.012936985001504904, 0.005573419484471525, -0.029731875219199944, -0.019062585722264477, 0.0071208518518811595, -0.1320164068967347,
        ];
        float[][] test = [.. Enumerable.Range(0, 7).Select(i => Enumerable.Range(0, 3).Select(j => (float)(((((3 * i) + (2 * j)) % 7) - 3) / 3.0)).ToArray())];
        ValuationProblem problem = BruteForce.Problem(LogisticRegressionTests.SmallRows(), LogisticRegressionTests.SmallLabels(), test, [0, 1, 2, 0, 1, 2, 1], 3);
        IReadOnlyList<MarginalUtility> rows = MarginalUtilityMeasurement.Run(
            problem, new MarginalUtilityOptions { Method = MarginalUtilityMethod.Influence, Regularization = 0.05 });
        Assert.Equal(expected, rows.Select(row => row.Value), NeighborMethodTests.Near(1e-10));
    }

    [Fact]
    public void AllThreeFollowRetrainingWithTheSignOfAUtility()
    {
        const double Lambda = 0.02;
        (float[][] train, int[] labels, float[][] test, int[] testLabels) = Blobs(60, 40, 3);
        var all = new LabelledMatrix(train, labels, 3);
        var tests = new LabelledMatrix(test, testLabels, 3);
        double loss = LogisticRegression.Fit(all, null, Lambda, 1e-11).MeanLoss(tests);
        double[] retrained =
        [
            .. Enumerable.Range(0, 60).Select(i =>
                LogisticRegression.Fit(all, [.. Enumerable.Range(0, 60).Where(j => j != i)], Lambda, 1e-11).MeanLoss(tests) - loss),
        ];
        double[] Values(MarginalUtilityMethod method) =>
        [
            .. MarginalUtilityMeasurement.Run(
                BruteForce.Problem(train, labels, test, testLabels, 3),
                new MarginalUtilityOptions { Method = method, Regularization = Lambda }).Select(row => row.Value),
        ];
        Assert.InRange(Correlation(retrained, Values(MarginalUtilityMethod.Influence)), 0.95, 1);
        Assert.InRange(Correlation(retrained, Values(MarginalUtilityMethod.NewtonStep)), 0.995, 1);
        Assert.InRange(Correlation(retrained, Values(MarginalUtilityMethod.TracIn)), 0.4, 1);

        // The loss of leaving one out, with the same learner, is the retraining itself.
        double[] left =
        [
            .. MarginalUtilityMeasurement.Run(
                BruteForce.Problem(train, labels, test, testLabels, 3),
                new MarginalUtilityOptions { Method = MarginalUtilityMethod.LeaveOneOut, Regularization = Lambda, Utility = UtilityMeasure.NegativeLoss })
                .Select(row => row.Value),
        ];
        Assert.Equal(retrained, left, NeighborMethodTests.Near(1e-6));
    }

    [Fact]
    public void DampingEntersTheHessian()
    {
        ValuationProblem problem = BruteForce.Problem(
            LogisticRegressionTests.SmallRows(), LogisticRegressionTests.SmallLabels(), [[1, 0, 0]], [0], 3);
        var options = new MarginalUtilityOptions { Method = MarginalUtilityMethod.Influence, Regularization = 0.05 };
        double Sum(double damping) => MarginalUtilityMeasurement.Run(problem, options with { Damping = damping }).Sum(row => Math.Abs(row.Value));
        Assert.True(Sum(1) < 0.5 * Sum(0));

        // A huge damping leaves gradients alone: damping·value = g_i·ḡ/n.
        LabelledMatrix train = LogisticRegressionTests.Small();
        LogisticModel model = LogisticRegression.Fit(train, null, 0.05, 1e-12);
        double[] gradient = model.MeanLossGradient(new LabelledMatrix([[1, 0, 0]], [0], 3));
        double plain = model.LossGradientDot(train, 4, gradient, new double[3]) / 12;
        Assert.Equal(plain, 1e8 * MarginalUtilityMeasurement.Run(problem, options with { Damping = 1e8 })[4].Value, 1e-6);
    }

    [Fact]
    public void TracInIsTheSumAlongTheDescent()
    {
        ValuationProblem problem = BruteForce.Problem(
            LogisticRegressionTests.SmallRows(), LogisticRegressionTests.SmallLabels(), [[1, 0, 0]], [0], 3);
        IReadOnlyList<MarginalUtility> rows = MarginalUtilityMeasurement.Run(
            problem, new MarginalUtilityOptions { Method = MarginalUtilityMethod.TracIn, Regularization = 0.05, Steps = 2, LearningRate = 0.3 });
        LabelledMatrix train = LogisticRegressionTests.Small();
        var test = new LabelledMatrix([[1, 0, 0]], [0], 3);
        double[] weights = new double[12];
        double expected = 0;
        for (int step = 0; step < 2; step++)
        {
            var model = new LogisticModel([.. weights], 3, 4);
            expected += 0.3 * model.LossGradientDot(train, 7, model.MeanLossGradient(test), new double[3]);
            double[] gradient = model.MeanLossGradient(train);
            weights = [.. weights.Zip(gradient, (w, g) => w - (0.3 * (g + (0.05 * w))))];
        }

        Assert.Equal(expected, rows[7].Value, 12);
        QosValuationException fault = Assert.Throws<QosValuationException>(() => MarginalUtilityMeasurement.Run(
            problem, new MarginalUtilityOptions { Method = MarginalUtilityMethod.TracIn, Regularization = 1, LearningRate = 1e6, Steps = 200 }));
        Assert.Equal("SolverDidNotConverge", fault.ErrorId);
    }

    internal static (float[][] Train, int[] Labels, float[][] Test, int[] TestLabels) Blobs(int count, int tests, int seed, double distance = 1.5)
    {
        RandomSource random = RandomSource.Create(seed);
        (float[][], int[]) Draw(int n)
        {
            int[] labels = [.. Enumerable.Range(0, n).Select(i => i % 3)];
            return ([.. labels.Select(label => Enumerable.Range(0, 5).Select(j => (float)((j == label ? distance : 0) + random.NextNormal())).ToArray())], labels);
        }

        (float[][] train, int[] trainLabels) = Draw(count);
        (float[][] test, int[] testLabels) = Draw(tests);
        return (train, trainLabels, test, testLabels);
    }

    private static double Correlation(double[] x, double[] y)
    {
        double mx = x.Average(), my = y.Average();
        return x.Zip(y, (a, b) => (a - mx) * (b - my)).Sum() / Math.Sqrt(x.Sum(a => (a - mx) * (a - mx)) * y.Sum(b => (b - my) * (b - my)));
    }
}
