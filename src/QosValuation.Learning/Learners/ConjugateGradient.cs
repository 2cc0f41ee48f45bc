using System.Numerics.Tensors;

namespace QosValuation.Learning.Learners;

/// <summary>Conjugate gradients (Hestenes and Stiefel 1952): solves H·x = b for a symmetric positive definite H that is known by its products.</summary>
public static class ConjugateGradient
{
    /// <summary>Multiplies the matrix with a vector.</summary>
    /// <param name="vector">The vector.</param>
    /// <param name="product">Receives H·vector.</param>
    public delegate void Product(double[] vector, Span<double> product);

    /// <summary>Solves H·x = b. O(steps · (product + dimension)).</summary>
    /// <param name="product">Multiplies with H.</param>
    /// <param name="right">b.</param>
    /// <param name="tolerance">The residual's norm at which it stops, as a part of b's, above 0.</param>
    /// <param name="maximumSteps">The most steps, at least 1.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <returns>x, and whether the residual came down to the tolerance.</returns>
    public static (double[] Solution, bool Converged) Solve(
        Product product, ReadOnlySpan<double> right, double tolerance, int maximumSteps, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(product);
        double[] x = new double[right.Length];
        double[] residual = right.ToArray();
        double[] direction = right.ToArray();
        double[] image = new double[right.Length];
        double square = TensorPrimitives.Dot<double>(residual, residual);
        double target = tolerance * tolerance * square;
        for (int step = 0; step < maximumSteps && square > target; step++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            product(direction, image);
            double length = square / TensorPrimitives.Dot<double>(direction, image);
            if (!double.IsFinite(length))
            {
                break;
            }

            TensorPrimitives.MultiplyAdd(direction, length, x, x);
            TensorPrimitives.MultiplyAdd(image, -length, residual, residual);
            double next = TensorPrimitives.Dot<double>(residual, residual);
            TensorPrimitives.MultiplyAdd(direction, next / square, residual, direction);
            square = next;
        }

        return (x, square <= target);
    }
}
