using System.Numerics.Tensors;
using QosValuation.Learning.Learners;

namespace QosValuation.Valuation.MarginalUtility;

/// <summary>
/// One Newton step on the data that remain, from the model trained on all: testLoss(after the step) − testLoss. A contributor leaves with all
/// points at once. It follows retraining more closely than influence, at a solution a player. O(players · conjugate steps · n · C · d).
/// </summary>
internal sealed class NewtonStepMethod : IValuationMethod
{
    /// <inheritdoc/>
    public MarginalUtilityMethod Name => MarginalUtilityMethod.NewtonStep;

    /// <inheritdoc/>
    public bool MeasuresLoss => true;

    /// <inheritdoc/>
    public PlayerValues Measure(ValuationProblem problem, MarginalUtilityOptions options, int seed, MeasurementRun run)
    {
        LabelledMatrix train = problem.TrainMatrix;
        LogisticModel model = LogisticRegression.Fit(
            train, null, options.Regularization, InfluenceMethod.Exactness, run.MaximumThreads, run.Cancellation);
        double loss = model.MeanLoss(problem.TestMatrix, run.Cancellation);
        double[] weights = model.Weights.ToArray();
        double[] values = new double[problem.Players.Count];
        int done = 0;
        run.For(values.Length, isThreadSafe: true, player =>
        {
            int[] rest = [.. Enumerable.Range(0, train.Count).Where(point => problem.PlayerOfPoints[point] != player)];
            var objective = new LogisticObjective(train, rest, options.Regularization, 1, run.Cancellation);
            double[] gradient = new double[weights.Length];
            objective.Evaluate(weights, gradient);
            double[] step = InfluenceMethod.Solve(objective, gradient, options.Damping, run.Cancellation);
            TensorPrimitives.Subtract(weights, step, step);
            var stepped = new LogisticModel(step, train.Classes, train.Stride);
            values[player] = stepped.MeanLoss(problem.TestMatrix, run.Cancellation) - loss;
            run.Progress((double)Interlocked.Increment(ref done) / values.Length);
        });
        return new PlayerValues(values, values.Length + 1);
    }
}
