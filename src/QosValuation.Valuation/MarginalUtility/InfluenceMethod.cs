using QosValuation.Learning.Learners;

namespace QosValuation.Valuation.MarginalUtility;

/// <summary>
/// Influence functions (Koh and Liang, ICML 2017) with the sign of a utility: +(1/n)·g_i·H⁻¹ḡ ≈ testLoss(without i) − testLoss, g_i the gradient
/// of the point's cross-entropy, ḡ that of the mean test loss, H the Hessian of mean cross-entropy + λ/2·|W|² plus the damping. A player's value is
/// the sum over its points. The paper's appendix D has the opposite sign.
/// </summary>
internal sealed class InfluenceMethod : IValuationMethod
{
    /// <summary>How nearly H⁻¹ḡ is solved for, and the norm of the gradient to which the model is trained.</summary>
    internal const double Exactness = 1e-12;

    /// <inheritdoc/>
    public MarginalUtilityMethod Name => MarginalUtilityMethod.Influence;

    /// <inheritdoc/>
    public bool MeasuresLoss => true;

    /// <inheritdoc/>
    public PlayerValues Measure(ValuationProblem problem, MarginalUtilityOptions options, int seed, MeasurementRun run)
    {
        LabelledMatrix train = problem.TrainMatrix;
        LogisticModel model = LogisticRegression.Fit(train, null, options.Regularization, Exactness, run.MaximumThreads, run.Cancellation);
        run.Progress(0.3);
        var objective = new LogisticObjective(train, null, options.Regularization, run.MaximumThreads, run.Cancellation);
        double[] weights = model.Weights.ToArray();
        objective.Evaluate(weights, new double[weights.Length]);
        double[] test = model.MeanLossGradient(problem.TestMatrix, run.Cancellation);
        double[] solution = Solve(objective, test, options.Damping, run.Cancellation);
        run.Progress(0.9);
        double[] values = new double[train.Count];
        const int Part = 256;
        run.For((train.Count + Part - 1) / Part, isThreadSafe: true, part =>
        {
            double[] residuals = new double[train.Classes];
            for (int i = part * Part; i < Math.Min(train.Count, (part + 1) * Part); i++)
            {
                values[i] = model.LossGradientDot(train, i, solution, residuals) / train.Count;
            }
        });
        return new PlayerValues(problem.SumByPlayer(values), train.Count);
    }

    /// <summary>Solves (H + damping)·x = b.</summary>
    /// <exception cref="QosValuationException"><c>SolverDidNotConverge</c>.</exception>
    internal static double[] Solve(LogisticObjective objective, double[] right, double damping, CancellationToken cancellationToken)
    {
        (double[] solution, bool converged) = ConjugateGradient.Solve(
            (vector, product) =>
            {
                objective.HessianProduct(vector, product);
                System.Numerics.Tensors.TensorPrimitives.MultiplyAdd(vector, damping, product, product);
            },
            right,
            Exactness,
            Math.Max(1000, 4 * right.Length),
            cancellationToken);
        return converged
            ? solution
            : throw new QosValuationException(
                Faults.SolverDidNotConverge,
                "H⁻¹g could not be solved for to twelve digits: the Hessian is too ill-conditioned. Give a larger -Regularization or -Damping.",
                damping);
    }
}
