using System.Numerics.Tensors;
using QosValuation.Learning.Learners;

namespace QosValuation.Valuation.MarginalUtility;

/// <summary>
/// TracIn (Pruthi et al., NeurIPS 2020): Σ_t η·g_i(W_t)·ḡ(W_t) along gradient descent from W = 0, every step a checkpoint. Positive is helpful
/// (a proponent). A player's value is the sum over its points. O(steps · n · C · d).
/// </summary>
internal sealed class TracInMethod : IValuationMethod
{
    /// <inheritdoc/>
    public MarginalUtilityMethod Name => MarginalUtilityMethod.TracIn;

    /// <inheritdoc/>
    public bool MeasuresLoss => true;

    /// <inheritdoc/>
    /// <exception cref="QosValuationException"><c>SolverDidNotConverge</c>: the steps are too long.</exception>
    public PlayerValues Measure(ValuationProblem problem, MarginalUtilityOptions options, int seed, MeasurementRun run)
    {
        const int Part = 256;
        LabelledMatrix train = problem.TrainMatrix;
        var objective = new LogisticObjective(train, null, options.Regularization, run.MaximumThreads, run.Cancellation);
        double[] weights = new double[objective.Dimension];
        double[] gradient = new double[objective.Dimension];
        double[] values = new double[train.Count];
        for (int step = 0; step < options.Steps; step++)
        {
            var model = new LogisticModel(weights, train.Classes, train.Stride);
            double[] test = model.MeanLossGradient(problem.TestMatrix, run.Cancellation);
            run.For((train.Count + Part - 1) / Part, isThreadSafe: true, part =>
            {
                double[] residuals = new double[train.Classes];
                for (int i = part * Part; i < Math.Min(train.Count, (part + 1) * Part); i++)
                {
                    values[i] += options.LearningRate * model.LossGradientDot(train, i, test, residuals);
                }
            });
            if (!double.IsFinite(objective.Evaluate(weights, gradient)))
            {
                throw new QosValuationException(
                    Faults.SolverDidNotConverge, $"Gradient descent diverges at a learning rate of {options.LearningRate}: lower it.", options.LearningRate);
            }

            TensorPrimitives.MultiplyAdd(gradient, -options.LearningRate, weights, weights);
            run.Progress((step + 1.0) / options.Steps);
        }

        return new PlayerValues(problem.SumByPlayer(values), (long)options.Steps * train.Count);
    }
}
