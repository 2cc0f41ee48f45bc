using System.Numerics.Tensors;

namespace QosValuation.Learning.Learners;

/// <summary>A multinomial logistic model: the probability of class c at features x is softmax(W·(x, 1))_c.</summary>
public sealed class LogisticModel
{
    private readonly double[] _weights;

    /// <summary>Creates a model.</summary>
    /// <param name="weights">W, a row a class: <paramref name="classes"/> × <paramref name="stride"/> numbers; kept, not copied.</param>
    /// <param name="classes">The number of classes, at least 1.</param>
    /// <param name="stride">The number of features and 1 for the intercept.</param>
    public LogisticModel(double[] weights, int classes, int stride)
    {
        ArgumentNullException.ThrowIfNull(weights);
        ArgumentOutOfRangeException.ThrowIfNotEqual(weights.Length, classes * stride);
        _weights = weights;
        Classes = classes;
        Stride = stride;
    }

    /// <summary>The number of classes.</summary>
    public int Classes { get; }

    /// <summary>The number of features and 1 for the intercept.</summary>
    public int Stride { get; }

    /// <summary>W, a row a class; the intercept is the last column.</summary>
    public ReadOnlySpan<double> Weights => _weights;

    /// <summary>The probabilities of the classes at a row. O(classes · features).</summary>
    /// <param name="row">The features, then 1.</param>
    /// <param name="probabilities">Receives one probability a class.</param>
    /// <returns>ln Σ exp(W·x), from which −ln p_c = this − (W·x)_c.</returns>
    public double Predict(ReadOnlySpan<double> row, Span<double> probabilities)
    {
        for (int c = 0; c < Classes; c++)
        {
            probabilities[c] = TensorPrimitives.Dot(row, _weights.AsSpan(c * Stride, Stride));
        }

        return SoftMax(probabilities[..Classes]);
    }

    /// <summary>The mean cross-entropy −ln p of the rows' classes, in nats. O(rows · classes · features).</summary>
    /// <param name="data">At least one row.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <returns>0 or more.</returns>
    public double MeanLoss(LabelledMatrix data, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(data);
        double[] scores = new double[Classes];
        double sum = 0;
        for (int i = 0; i < data.Count; i++)
        {
            Poll(i, cancellationToken);
            double score = TensorPrimitives.Dot(data[i], _weights.AsSpan(data.Label(i) * Stride, Stride));
            sum += Predict(data[i], scores) - score;
        }

        return sum / data.Count;
    }

    /// <summary>
    /// The part of the rows whose class is the most probable one; where several classes tie for it, a row of one of them counts as one
    /// over their number, as if a tie were broken by chance. O(rows · classes · features).
    /// </summary>
    /// <param name="data">At least one row.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <returns>From 0 to 1.</returns>
    public double Accuracy(LabelledMatrix data, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(data);
        double[] probabilities = new double[Classes];
        double sum = 0;
        for (int i = 0; i < data.Count; i++)
        {
            Poll(i, cancellationToken);
            Predict(data[i], probabilities);
            double most = TensorPrimitives.Max(probabilities.AsSpan());
            if (probabilities[data.Label(i)] == most)
            {
                sum += 1.0 / probabilities.AsSpan().Count(most);
            }
        }

        return sum / data.Count;
    }

    /// <summary>The gradient of the mean cross-entropy of some rows with respect to W. O(rows · classes · features).</summary>
    /// <param name="data">At least one row.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <returns>As long as W.</returns>
    public double[] MeanLossGradient(LabelledMatrix data, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(data);
        double[] gradient = new double[_weights.Length];
        double[] residuals = new double[Classes];
        for (int i = 0; i < data.Count; i++)
        {
            Poll(i, cancellationToken);
            Residuals(data, i, residuals);
            for (int c = 0; c < Classes; c++)
            {
                Span<double> row = gradient.AsSpan(c * Stride, Stride);
                TensorPrimitives.MultiplyAdd(data[i], residuals[c] / data.Count, row, row);
            }
        }

        return gradient;
    }

    /// <summary>The inner product of a direction with the gradient of one row's cross-entropy. O(classes · features).</summary>
    /// <param name="data">The rows.</param>
    /// <param name="row">The row's index.</param>
    /// <param name="direction">As long as W.</param>
    /// <param name="residuals">Scratch: one number a class.</param>
    /// <returns>g_i·direction.</returns>
    public double LossGradientDot(LabelledMatrix data, int row, ReadOnlySpan<double> direction, Span<double> residuals)
    {
        ArgumentNullException.ThrowIfNull(data);
        Residuals(data, row, residuals);
        double sum = 0;
        for (int c = 0; c < Classes; c++)
        {
            sum += residuals[c] * TensorPrimitives.Dot(data[row], direction.Slice(c * Stride, Stride));
        }

        return sum;
    }

    /// <summary>Turns scores into probabilities.</summary>
    /// <param name="scores">One score a class; receives the probabilities.</param>
    /// <returns>ln Σ exp(score).</returns>
    internal static double SoftMax(Span<double> scores)
    {
        double most = TensorPrimitives.Max<double>(scores);
        double sum = 0;
        foreach (ref double score in scores)
        {
            score = Math.Exp(score - most);
            sum += score;
        }

        TensorPrimitives.Divide(scores, sum, scores);
        return most + Math.Log(sum);
    }

    // p − y: what the gradient of a row multiplies its features with.
    private void Residuals(LabelledMatrix data, int row, Span<double> residuals)
    {
        Predict(data[row], residuals);
        residuals[data.Label(row)] -= 1;
    }

    private static void Poll(int i, CancellationToken cancellationToken)
    {
        if ((i & 255) == 0)
        {
            cancellationToken.ThrowIfCancellationRequested();
        }
    }
}
