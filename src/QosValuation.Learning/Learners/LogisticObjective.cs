using System.Numerics.Tensors;

namespace QosValuation.Learning.Learners;

/// <summary>
/// What multinomial logistic regression minimises: F(W) = mean cross-entropy of some rows + λ/2·|W|², with its gradient and products with
/// its Hessian. The intercept is a weight like the others, so that F is strongly convex and has one minimum for any rows.
/// </summary>
/// <remarks>
/// Rows are added up in at most sixteen runs whose length depends on their number alone, and the runs in order: the same bits for any
/// number of threads. Not thread-safe: it keeps the probabilities of the last point.
/// </remarks>
public sealed class LogisticObjective
{
    private const int MostRuns = 16;
    private const int LeastRun = 512;
    private readonly LabelledMatrix _data;
    private readonly int[]? _rows;
    private readonly double _regularization;
    private readonly double[] _probabilities;
    private readonly double[][] _partials;
    private readonly double[] _losses;
    private readonly ParallelOptions _parallel;
    private readonly int _run;

    /// <summary>Creates an objective.</summary>
    /// <param name="data">The rows.</param>
    /// <param name="rows">Which rows count; null for all. None makes F the regulariser alone.</param>
    /// <param name="regularization">λ &gt; 0.</param>
    /// <param name="maximumThreads">How many threads may work; −1 for all cores. It does not change the results.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    public LogisticObjective(
        LabelledMatrix data, int[]? rows, double regularization, int maximumThreads = 1, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(data);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(regularization);
        _data = data;
        _rows = rows;
        _regularization = regularization;
        Count = rows?.Length ?? data.Count;
        Dimension = data.Classes * data.Stride;
        int runs = Math.Clamp((Count + LeastRun - 1) / LeastRun, 1, MostRuns);
        _run = (Count + runs - 1) / runs;
        _probabilities = new double[(long)Count * data.Classes];
        _partials = [.. Enumerable.Range(0, runs).Select(_ => new double[Dimension])];
        _losses = new double[runs];
        _parallel = new ParallelOptions { MaxDegreeOfParallelism = maximumThreads, CancellationToken = cancellationToken };
    }

    /// <summary>The number of rows that count.</summary>
    public int Count { get; }

    /// <summary>The number of weights: classes × (features + 1).</summary>
    public int Dimension { get; }

    /// <summary>F and its gradient; later products use the Hessian at this point. O(rows · classes · features).</summary>
    /// <param name="weights">W.</param>
    /// <param name="gradient">Receives ∇F.</param>
    /// <returns>F(W).</returns>
    public double Evaluate(double[] weights, Span<double> gradient)
    {
        ArgumentNullException.ThrowIfNull(weights);
        var model = new LogisticModel(weights, _data.Classes, _data.Stride);
        ForRuns(run =>
        {
            double[] partial = _partials[run];
            Array.Clear(partial);
            double loss = 0;
            for (int i = run * _run; i < Math.Min(Count, (run + 1) * _run); i++)
            {
                int row = _rows?[i] ?? i;
                int label = _data.Label(row);
                ReadOnlySpan<double> features = _data[row];
                Span<double> probabilities = _probabilities.AsSpan(i * _data.Classes, _data.Classes);
                double score = TensorPrimitives.Dot(features, weights.AsSpan(label * _data.Stride, _data.Stride));
                loss += model.Predict(features, probabilities) - score;
                for (int c = 0; c < _data.Classes; c++)
                {
                    Accumulate(partial, c, features, probabilities[c] - (c == label ? 1 : 0));
                }
            }

            _losses[run] = loss;
        });
        double square = TensorPrimitives.Dot<double>(weights, weights);
        Combine(weights, gradient);
        return (Count == 0 ? 0 : _losses.Sum() / Count) + _regularization / 2 * square;
    }

    /// <summary>The product of the Hessian at the last point of <see cref="Evaluate"/> with a direction. O(rows · classes · features).</summary>
    /// <param name="direction">As long as W.</param>
    /// <param name="product">Receives H·direction.</param>
    public void HessianProduct(double[] direction, Span<double> product)
    {
        ArgumentNullException.ThrowIfNull(direction);
        ForRuns(run =>
        {
            double[] partial = _partials[run];
            Array.Clear(partial);
            Span<double> scores = stackalloc double[Math.Min(_data.Classes, 256)];
            scores = _data.Classes > 256 ? new double[_data.Classes] : scores;
            for (int i = run * _run; i < Math.Min(Count, (run + 1) * _run); i++)
            {
                ReadOnlySpan<double> features = _data[_rows?[i] ?? i];
                ReadOnlySpan<double> probabilities = _probabilities.AsSpan(i * _data.Classes, _data.Classes);
                double mean = 0;
                for (int c = 0; c < _data.Classes; c++)
                {
                    scores[c] = TensorPrimitives.Dot(features, direction.AsSpan(c * _data.Stride, _data.Stride));
                    mean += probabilities[c] * scores[c];
                }

                for (int c = 0; c < _data.Classes; c++)
                {
                    Accumulate(partial, c, features, probabilities[c] * (scores[c] - mean));
                }
            }
        });
        Combine(direction, product);
    }

    private void Accumulate(double[] sum, int c, ReadOnlySpan<double> features, double factor)
    {
        Span<double> row = sum.AsSpan(c * _data.Stride, _data.Stride);
        TensorPrimitives.MultiplyAdd(features, factor, row, row);
    }

    // The mean over the rows, run by run, and the regulariser's part.
    private void Combine(double[] point, Span<double> result)
    {
        TensorPrimitives.Multiply(point, _regularization, result);
        for (int run = 0; Count > 0 && run < _partials.Length; run++)
        {
            TensorPrimitives.MultiplyAdd(_partials[run], 1.0 / Count, result, result);
        }
    }

    private void ForRuns(Action<int> work)
    {
        _parallel.CancellationToken.ThrowIfCancellationRequested();
        if (_partials.Length == 1)
        {
            work(0);
        }
        else
        {
            Parallel.For(0, _partials.Length, _parallel, work);
        }
    }
}
