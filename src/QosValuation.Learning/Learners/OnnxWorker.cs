using System.Numerics.Tensors;
using QosValuation.Onnx.Gradients;

namespace QosValuation.Learning.Learners;

/// <summary>Passes through an ONNX model, a block of rows at a time; where each row's gradient counts, a row at a time.</summary>
internal sealed class OnnxWorker : ILearnerWorker
{
    private const int BlockRows = 64;

    private readonly OnnxLearner _learner;
    private readonly float[] _inputs;
    private readonly float[] _targets;
    private readonly float[] _scores;

    public OnnxWorker(OnnxLearner learner)
    {
        _learner = learner;
        int rows = Math.Max(BlockRows, learner.Model.Batch);
        _inputs = new float[rows * learner.Features];
        _targets = new float[rows * learner.Classes];
        _scores = new float[rows * learner.Classes];
    }

    private int Classes => _learner.Classes;

    // Rows that the model takes at once.
    private int Block => _learner.Model.Batch > 0 ? _learner.Model.Batch : BlockRows;

    /// <inheritdoc/>
    public double MeanGradient(
        ReadOnlySpan<float> parameters, LabelledRows rows, ReadOnlySpan<int> chosen, Span<float> gradient, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfZero(chosen.Length, nameof(chosen));
        GradientModel model = Begin(parameters, rows);
        try
        {
            gradient.Clear();
            double loss = 0;
            for (int start = 0; start < chosen.Length; start += Block)
            {
                ReadOnlySpan<int> block = chosen.Slice(start, Math.Min(Block, chosen.Length - start));
                Run(model, rows, block, 1f / chosen.Length, cancellationToken);
                loss += Loss(rows, block);
                AddGradient(model, 1, gradient);
            }

            return loss / chosen.Length;
        }
        finally
        {
            _learner.Return(model);
        }
    }

    /// <inheritdoc/>
    /// <remarks>
    /// One run a row, in which no other row takes part: O(rows · model). A gradient that is not finite, which nothing could bound, counts as 0.
    /// </remarks>
    public int ClippedGradientSum(
        ReadOnlySpan<float> parameters,
        LabelledRows rows,
        ReadOnlySpan<int> chosen,
        double clip,
        Span<float> sum,
        CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(clip);
        GradientModel model = Begin(parameters, rows);
        try
        {
            sum.Clear();
            int clipped = 0;
            for (int i = 0; i < chosen.Length; i++)
            {
                Run(model, rows, chosen.Slice(i, 1), 1, cancellationToken);
                double squares = 0;
                foreach (GradientParameter weight in model.Parameters)
                {
                    squares += DenseKernel.SumOfSquares(weight.Gradient);
                }

                double norm = Math.Sqrt(squares);
                if (!(norm <= clip))
                {
                    clipped++;
                }

                if (double.IsFinite(norm))
                {
                    AddGradient(model, norm <= clip ? 1 : (float)(clip / norm), sum);
                }
            }

            return clipped;
        }
        finally
        {
            _learner.Return(model);
        }
    }

    /// <inheritdoc/>
    public void Scores(ReadOnlySpan<float> parameters, LabelledRows rows, int first, Span<float> scores, CancellationToken cancellationToken = default)
    {
        GradientModel model = Begin(parameters, rows);
        try
        {
            int count = scores.Length / Classes;
            Span<int> block = stackalloc int[BlockRows];
            int size = Math.Min(Block, BlockRows);
            for (int start = 0; start < count; start += size)
            {
                Span<int> places = block[..Math.Min(size, count - start)];
                for (int i = 0; i < places.Length; i++)
                {
                    places[i] = first + start + i;
                }

                Run(model, rows, places, 0, cancellationToken);
                _scores.AsSpan(0, places.Length * Classes).CopyTo(scores[(start * Classes)..]);
            }
        }
        finally
        {
            _learner.Return(model);
        }
    }

    private GradientModel Begin(ReadOnlySpan<float> parameters, LabelledRows rows)
    {
        ArgumentNullException.ThrowIfNull(rows);
        ArgumentOutOfRangeException.ThrowIfNotEqual(rows.Features, _learner.Features, nameof(rows));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(rows.Classes, Classes, nameof(rows));
        ArgumentOutOfRangeException.ThrowIfNotEqual(parameters.Length, _learner.ParameterCount, nameof(parameters));
        GradientModel model = _learner.Borrow();
        for (int w = 0; w < model.Parameters.Count; w++)
        {
            ClassifierWeight weight = _learner.Model.Weights[w];
            parameters.Slice(weight.Start, weight.Count).CopyTo(model.Parameters[w].Value);
        }

        return model;
    }

    // Scores and the gradient of the rows' losses, each counted with a weight. A model of one batch size is filled up with copies that do not count.
    private void Run(GradientModel model, LabelledRows rows, ReadOnlySpan<int> block, float weight, CancellationToken cancellationToken)
    {
        int count = _learner.Model.Batch > 0 ? _learner.Model.Batch : block.Length;
        int features = _learner.Features;
        Span<float> targets = _targets.AsSpan(0, count * Classes);
        targets.Clear();
        for (int i = 0; i < count; i++)
        {
            rows[block[Math.Min(i, block.Length - 1)]].CopyTo(_inputs.AsSpan(i * features));
            if (i < block.Length)
            {
                targets[(i * Classes) + rows.Labels[block[i]]] = weight;
            }
        }

        model.Evaluate(_inputs.AsSpan(0, count * features), count, targets, [], _scores.AsSpan(0, count * Classes), cancellation: cancellationToken);
    }

    private void AddGradient(GradientModel model, float factor, Span<float> gradient)
    {
        for (int w = 0; w < model.Parameters.Count; w++)
        {
            ClassifierWeight weight = _learner.Model.Weights[w];
            Span<float> sum = gradient.Slice(weight.Start, weight.Count);
            TensorPrimitives.MultiplyAdd(model.Parameters[w].Gradient, factor, sum, sum);
        }
    }

    // The sum of −ln p of the rows' classes.
    private double Loss(LabelledRows rows, ReadOnlySpan<int> block)
    {
        double loss = 0;
        for (int i = 0; i < block.Length; i++)
        {
            ReadOnlySpan<float> row = _scores.AsSpan(i * Classes, Classes);
            float most = TensorPrimitives.Max(row);
            double sum = 0;
            foreach (float score in row)
            {
                sum += Math.Exp((double)score - most);
            }

            loss += Math.Log(sum) + most - row[rows.Labels[block[i]]];
        }

        return loss;
    }
}
