using System.Numerics.Tensors;

namespace QosValuation.Learning.Learners;

/// <summary>Multinomial logistic regression by Newton's method, each step by conjugate gradients (Lin, Weng and Keerthi 2008).</summary>
/// <remarks>It starts at W = 0 and draws nothing: the same rows give the same bits for any number of threads.</remarks>
public static class LogisticRegression
{
    /// <summary>The norm of the gradient at which training stops, unless another is asked for.</summary>
    public const double StandardTolerance = 1e-6;

    private const int MaximumSteps = 200;
    private const int MaximumHalvings = 50;

    /// <summary>Finds the minimum of an objective. O(steps · conjugate steps · rows · classes · features); about ten of each.</summary>
    /// <param name="data">The rows.</param>
    /// <param name="rows">Which rows count; null for all. None gives W = 0, for which all classes are equally probable.</param>
    /// <param name="regularization">λ &gt; 0.</param>
    /// <param name="tolerance">The norm of the gradient at which it stops, above 0.</param>
    /// <param name="maximumThreads">How many threads may work; −1 for all cores.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <returns>The model.</returns>
    public static LogisticModel Fit(
        LabelledMatrix data,
        int[]? rows,
        double regularization,
        double tolerance = StandardTolerance,
        int maximumThreads = 1,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(data);
        var objective = new LogisticObjective(data, rows, regularization, maximumThreads, cancellationToken);
        double[] weights = new double[objective.Dimension];
        if (objective.Count > 0)
        {
            Minimize(objective, weights, tolerance, cancellationToken);
        }

        return new LogisticModel(weights, data.Classes, data.Stride);
    }

    private static void Minimize(LogisticObjective objective, double[] weights, double tolerance, CancellationToken cancellationToken)
    {
        double[] gradient = new double[weights.Length];
        double[] candidate = new double[weights.Length];
        double[] next = new double[weights.Length];
        double value = objective.Evaluate(weights, gradient);
        for (int step = 0; step < MaximumSteps; step++)
        {
            double norm = TensorPrimitives.Norm<double>(gradient);
            if (norm <= tolerance)
            {
                return;
            }

            // The nearer the minimum, the more exactly the step is solved for: convergence faster than linear.
            double exactness = Math.Clamp(norm, 1e-8, 0.1);
            TensorPrimitives.Negate(gradient, next);
            double[] direction = ConjugateGradient.Solve(objective.HessianProduct, next, exactness, 2 * weights.Length, cancellationToken).Solution;
            double slope = TensorPrimitives.Dot<double>(gradient, direction);
            double length = 1;
            for (int halving = 0; ; halving++)
            {
                TensorPrimitives.MultiplyAdd(direction, length, weights, candidate);
                double lower = objective.Evaluate(candidate, next);

                // At the minimum F itself no longer tells steps apart; its gradient still does.
                if (lower <= value + 1e-4 * length * slope || TensorPrimitives.Norm<double>(next) <= 0.5 * norm)
                {
                    value = lower;
                    candidate.CopyTo(weights, 0);
                    next.CopyTo(gradient, 0);
                    break;
                }

                if (halving == MaximumHalvings)
                {
                    return;
                }

                length /= 2;
            }
        }
    }
}
