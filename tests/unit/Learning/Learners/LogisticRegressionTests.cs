using QosValuation.Foundation.Randomness;
using QosValuation.Learning.Learners;

namespace QosValuation.Tests;

public sealed class LogisticRegressionTests
{
    private static readonly int[] Labels = [0, 1, 1, 0, 1, 2, 0, 1, 2, 0, 1, 1];

    [Fact]
    public void TheMinimumIsThatOfAnOutsideProgram()
    {
        // NumPy, float64: Newton's method with the whole Hessian to a gradient of 4e-17, for the rows of Small() and λ = 0.05.
        double[] expected =
        [
            0.7458479308860227, -0.0014724998599904544, 1.3252360036658117, -0.1506788864010825,
            -0.026543558103356537, 0.1371793532507049, -0.10892874163747142, 0.777577895111081,
            -0.7193043727826659, -0.13570685339071506, -1.2163072620283402, -0.6268990087099987,
        ];
        LabelledMatrix data = Small();
        LogisticModel model = LogisticRegression.Fit(data, null, 0.05, 1e-12);
        for (int i = 0; i < expected.Length; i++)
        {
            Assert.Equal(expected[i], model.Weights[i], 1e-10);
        }

        double loss = model.MeanLoss(data);
        double square = expected.Sum(w => w * w);
        Assert.Equal(0.6718453705912424, loss + 0.05 / 2 * square, 1e-10);
    }

    [Fact]
    public void GradientAndHessianAreThoseOfFiniteDifferences()
    {
        LabelledMatrix data = Random(40, 5, 4, 1);
        int[] rows = [.. Enumerable.Range(0, 40).Where(i => i % 3 != 0)];
        var objective = new LogisticObjective(data, rows, 0.03);
        RandomSource random = RandomSource.Create(2);
        double[] weights = [.. Enumerable.Range(0, objective.Dimension).Select(_ => random.NextNormal())];
        double[] direction = [.. Enumerable.Range(0, objective.Dimension).Select(_ => random.NextNormal())];
        double[] gradient = new double[weights.Length];
        double[] other = new double[weights.Length];
        double[] product = new double[weights.Length];
        objective.Evaluate(weights, gradient);
        objective.HessianProduct(direction, product);
        const double H = 1e-5;
        for (int i = 0; i < weights.Length; i++)
        {
            double up = objective.Evaluate(Moved(weights, i, H), other);
            double down = objective.Evaluate(Moved(weights, i, -H), other);
            Assert.Equal((up - down) / (2 * H), gradient[i], 1e-8);
        }

        double[] upper = new double[weights.Length];
        objective.Evaluate([.. weights.Zip(direction, (w, d) => w + (H * d))], upper);
        objective.Evaluate([.. weights.Zip(direction, (w, d) => w - (H * d))], other);
        for (int i = 0; i < weights.Length; i++)
        {
            Assert.Equal((upper[i] - other[i]) / (2 * H), product[i], 1e-7);
        }
    }

    [Fact]
    public void ThreadsDoNotChangeABit()
    {
        LabelledMatrix data = Random(5000, 8, 3, 3);
        byte[] one = Bytes(LogisticRegression.Fit(data, null, 0.01, 1e-8, 1));
        Assert.Equal(one, Bytes(LogisticRegression.Fit(data, null, 0.01, 1e-8, 2)));
        Assert.Equal(one, Bytes(LogisticRegression.Fit(data, null, 0.01, 1e-8, 7)));
    }

    [Fact]
    public void WithoutRowsAllClassesAreEquallyProbable()
    {
        LabelledMatrix data = Random(20, 3, 4, 4);
        LogisticModel model = LogisticRegression.Fit(data, [], 0.1);
        Assert.Equal(0.25, model.Accuracy(data), 12);
        Assert.Equal(Math.Log(4), model.MeanLoss(data), 12);
    }

    [Fact]
    public void OneClassAloneAndSeparableClassesHaveAMinimum()
    {
        LabelledMatrix data = Random(30, 3, 2, 5);
        int[] zeros = [.. Enumerable.Range(0, 30).Where(i => data.Label(i) == 0)];
        LogisticModel model = LogisticRegression.Fit(data, zeros, 1e-4, 1e-9);
        double[] gradient = new double[model.Weights.Length];
        new LogisticObjective(data, zeros, 1e-4).Evaluate(model.Weights.ToArray(), gradient);
        Assert.True(gradient.Max(Math.Abs) < 1e-8);
    }

    [Fact]
    public void CancellationStops()
    {
        using var source = new CancellationTokenSource();
        source.Cancel();
        Assert.ThrowsAny<OperationCanceledException>(() => LogisticRegression.Fit(Random(9, 2, 2, 6), null, 0.1, cancellationToken: source.Token));
    }

    [Fact]
    public void ConjugateGradientsSolve()
    {
        double[,] matrix = { { 4, 1, 0 }, { 1, 3, -1 }, { 0, -1, 2 } };
        (double[] x, bool converged) = ConjugateGradient.Solve(
            (vector, product) =>
            {
                for (int i = 0; i < 3; i++)
                {
                    product[i] = Enumerable.Range(0, 3).Sum(j => matrix[i, j] * vector[j]);
                }
            },
            [1, 2, 3],
            1e-14,
            100);
        Assert.True(converged);
        Assert.Equal(1, (4 * x[0]) + x[1], 12);
        Assert.Equal(3, (2 * x[2]) - x[1], 12);
    }

    internal static LabelledMatrix Small() => new(SmallRows(), Labels, 3);

    internal static float[][] SmallRows() => [.. Enumerable.Range(0, 12).Select(i => Enumerable.Range(0, 3).Select(j => ((((7 * i) + (5 * j)) % 11) - 5) / 4f).ToArray())];

    internal static int[] SmallLabels() => [.. Labels];

    private static LabelledMatrix Random(int count, int dimension, int classes, int seed)
    {
        RandomSource random = RandomSource.Create(seed);
        return new LabelledMatrix(
            [.. Enumerable.Range(0, count).Select(_ => Enumerable.Range(0, dimension).Select(_ => (float)random.NextNormal()).ToArray())],
            [.. Enumerable.Range(0, count).Select(_ => random.NextInt32(classes))],
            classes);
    }

    private static double[] Moved(double[] weights, int index, double by)
    {
        double[] moved = [.. weights];
        moved[index] += by;
        return moved;
    }

    private static byte[] Bytes(LogisticModel model) => System.Runtime.InteropServices.MemoryMarshal.AsBytes(model.Weights).ToArray();
}
