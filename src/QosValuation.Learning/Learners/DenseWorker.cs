using System.Numerics.Tensors;

namespace QosValuation.Learning.Learners;

/// <summary>Forward and backward passes through linear layers, a block of rows at a time.</summary>
internal sealed class DenseWorker : ILearnerWorker
{
    private const int BlockRows = 64;

    private readonly int[] _widths;
    private readonly int _parameters;

    // 0, 1, 2, … for rows that stand in order.
    private readonly int[] _identity;

    // What each layer gives, a row a record; the last one's are scores, then the gradient of the loss with respect to them.
    private readonly float[][] _outputs;
    private readonly float[][] _gradients;
    private readonly double[] _squares = new double[BlockRows];
    private readonly int[] _rows = new int[BlockRows];

    public DenseWorker(int[] widths, int parameters)
    {
        _widths = widths;
        _parameters = parameters;
        _identity = [.. Enumerable.Range(0, Math.Max(BlockRows, widths.Max()))];
        _outputs = [.. widths.Skip(1).Select(width => new float[BlockRows * width])];
        _gradients = [.. _outputs.Select(output => new float[output.Length])];
    }

    private int Features => _widths[0];

    private int Classes => _widths[^1];

    private int Layers => _outputs.Length;

    /// <inheritdoc/>
    public double MeanGradient(
        ReadOnlySpan<float> parameters, LabelledRows rows, ReadOnlySpan<int> chosen, Span<float> gradient, CancellationToken cancellationToken = default)
    {
        Check(parameters, rows);
        ArgumentOutOfRangeException.ThrowIfZero(chosen.Length, nameof(chosen));
        gradient.Clear();
        double loss = 0;
        for (int start = 0; start < chosen.Length; start += BlockRows)
        {
            cancellationToken.ThrowIfCancellationRequested();
            ReadOnlySpan<int> block = chosen.Slice(start, Math.Min(BlockRows, chosen.Length - start));
            Forward(parameters, rows, block);
            loss += Residuals(rows, block);
            float mean = 1f / chosen.Length;
            Span<float> residuals = _gradients[^1].AsSpan(0, block.Length * Classes);
            TensorPrimitives.Multiply(residuals, mean, residuals);
            Backward(parameters, block.Length);
            Accumulate(rows, block, gradient);
        }

        return loss / chosen.Length;
    }

    /// <inheritdoc/>
    public int ClippedGradientSum(
        ReadOnlySpan<float> parameters,
        LabelledRows rows,
        ReadOnlySpan<int> chosen,
        double clip,
        Span<float> sum,
        CancellationToken cancellationToken = default)
    {
        Check(parameters, rows);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(clip);
        sum.Clear();
        int clipped = 0;
        for (int start = 0; start < chosen.Length; start += BlockRows)
        {
            cancellationToken.ThrowIfCancellationRequested();
            ReadOnlySpan<int> block = chosen.Slice(start, Math.Min(BlockRows, chosen.Length - start));
            Forward(parameters, rows, block);
            Residuals(rows, block);
            Backward(parameters, block.Length);
            clipped += Clip(rows, block, clip);
            Accumulate(rows, block, sum);
        }

        return clipped;
    }

    /// <inheritdoc/>
    public void Scores(ReadOnlySpan<float> parameters, LabelledRows rows, int first, Span<float> scores, CancellationToken cancellationToken = default)
    {
        Check(parameters, rows);
        int count = scores.Length / Classes;
        for (int start = 0; start < count; start += BlockRows)
        {
            cancellationToken.ThrowIfCancellationRequested();
            Span<int> block = _rows.AsSpan(0, Math.Min(BlockRows, count - start));
            for (int i = 0; i < block.Length; i++)
            {
                block[i] = first + start + i;
            }

            Forward(parameters, rows, block);
            _outputs[^1].AsSpan(0, block.Length * Classes).CopyTo(scores[(start * Classes)..]);
        }
    }

    private void Check(ReadOnlySpan<float> parameters, LabelledRows rows)
    {
        ArgumentNullException.ThrowIfNull(rows);
        ArgumentOutOfRangeException.ThrowIfNotEqual(rows.Features, Features, nameof(rows));
        ArgumentOutOfRangeException.ThrowIfNotEqual(rows.Classes, Classes, nameof(rows));
        ArgumentOutOfRangeException.ThrowIfNotEqual(parameters.Length, _parameters, nameof(parameters));
    }

    private void Forward(ReadOnlySpan<float> parameters, LabelledRows rows, ReadOnlySpan<int> block)
    {
        ReadOnlySpan<float> inputs = rows.Values;
        ReadOnlySpan<int> places = block;
        for (int layer = 0; layer < Layers; layer++)
        {
            int width = _widths[layer];
            int weights = width * _widths[layer + 1];
            Span<float> output = _outputs[layer].AsSpan(0, block.Length * _widths[layer + 1]);
            DenseKernel.Products(inputs, width, places, parameters[..weights], parameters.Slice(weights, _widths[layer + 1]), output);
            if (layer < Layers - 1)
            {
                TensorPrimitives.Max(output, 0f, output);
            }

            inputs = output;
            places = _identity.AsSpan(0, block.Length);
            parameters = parameters[(weights + _widths[layer + 1])..];
        }
    }

    // p − y of each row, the gradient of its loss with respect to the scores; returns the sum of the losses.
    private double Residuals(LabelledRows rows, ReadOnlySpan<int> block)
    {
        ReadOnlySpan<float> scores = _outputs[^1].AsSpan(0, block.Length * Classes);
        Span<float> residuals = _gradients[^1].AsSpan(0, block.Length * Classes);
        double loss = 0;
        for (int i = 0; i < block.Length; i++)
        {
            ReadOnlySpan<float> row = scores.Slice(i * Classes, Classes);
            float most = row[0];
            foreach (float score in row)
            {
                most = MathF.Max(most, score);
            }

            TensorPrimitives.Subtract(row, most, residuals.Slice(i * Classes, Classes));
            loss -= residuals[(i * Classes) + rows.Labels[block[i]]];
        }

        TensorPrimitives.Exp(residuals, residuals);
        for (int i = 0; i < block.Length; i++)
        {
            Span<float> row = residuals.Slice(i * Classes, Classes);
            double sum = 0;
            foreach (float power in row)
            {
                sum += power;
            }

            loss += Math.Log(sum);
            float scale = (float)(1 / sum);
            foreach (ref float power in row)
            {
                power *= scale;
            }

            row[rows.Labels[block[i]]] -= 1;
        }

        return loss;
    }

    // From the gradient with respect to the scores to that with respect to what each hidden layer gives.
    private void Backward(ReadOnlySpan<float> parameters, int count)
    {
        int end = parameters.Length;
        for (int layer = Layers - 1; layer > 0; layer--)
        {
            int inputs = _widths[layer];
            int outputs = _widths[layer + 1];
            int start = end - ((inputs + 1) * outputs);
            Span<float> gradient = _gradients[layer - 1].AsSpan(0, count * inputs);
            gradient.Clear();
            DenseKernel.AddSums(
                parameters.Slice(start, inputs * outputs), inputs, _identity.AsSpan(0, outputs), _gradients[layer], 1, outputs, gradient, count);

            // A unit that gives 0 passes nothing back.
            ReadOnlySpan<float> given = _outputs[layer - 1].AsSpan(0, count * inputs);
            for (int i = 0; i < gradient.Length; i++)
            {
                gradient[i] = given[i] > 0 ? gradient[i] : 0;
            }

            end = start;
        }
    }

    // Scales each row's gradients so that the whole has a norm of at most clip; returns how many were scaled.
    private int Clip(LabelledRows rows, ReadOnlySpan<int> block, double clip)
    {
        Span<double> squares = _squares.AsSpan(0, block.Length);
        squares.Clear();
        for (int layer = 0; layer < Layers; layer++)
        {
            for (int i = 0; i < block.Length; i++)
            {
                ReadOnlySpan<float> input = layer == 0 ? rows[block[i]] : _outputs[layer - 1].AsSpan(i * _widths[layer], _widths[layer]);
                ReadOnlySpan<float> output = _gradients[layer].AsSpan(i * _widths[layer + 1], _widths[layer + 1]);
                squares[i] += (1 + DenseKernel.SumOfSquares(input)) * DenseKernel.SumOfSquares(output);
            }
        }

        int clipped = 0;
        for (int i = 0; i < block.Length; i++)
        {
            double norm = Math.Sqrt(squares[i]);
            if (norm <= clip)
            {
                continue;
            }

            clipped++;
            float scale = (float)(clip / norm);
            for (int layer = 0; layer < Layers; layer++)
            {
                Span<float> gradient = _gradients[layer].AsSpan(i * _widths[layer + 1], _widths[layer + 1]);
                TensorPrimitives.Multiply(gradient, scale, gradient);
            }
        }

        return clipped;
    }

    // Adds up over the block what the layers' weights and biases get.
    private void Accumulate(LabelledRows rows, ReadOnlySpan<int> block, Span<float> gradient)
    {
        ReadOnlySpan<float> inputs = rows.Values;
        ReadOnlySpan<int> places = block;
        for (int layer = 0; layer < Layers; layer++)
        {
            int width = _widths[layer];
            int outputs = _widths[layer + 1];
            ReadOnlySpan<float> given = _gradients[layer].AsSpan(0, block.Length * outputs);
            DenseKernel.AddSums(inputs, width, places, given, outputs, 1, gradient[..(width * outputs)], outputs);
            Span<float> bias = gradient.Slice(width * outputs, outputs);
            for (int i = 0; i < block.Length; i++)
            {
                TensorPrimitives.Add(bias, given.Slice(i * outputs, outputs), bias);
            }

            inputs = _outputs[layer];
            places = _identity.AsSpan(0, block.Length);
            gradient = gradient[((width + 1) * outputs)..];
        }
    }
}
