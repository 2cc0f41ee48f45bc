using System.Numerics.Tensors;
using QosValuation.Foundation.Randomness;
using QosValuation.Learning.Optimizers;

namespace QosValuation.Attacks.Reconstruction;

/// <summary>
/// Direct Ascent Synthesis (Fort and Whitaker 2025, arXiv 2502.07753): the white-box attacker of the paper's
/// section V-D. A picture is optimised by gradient ascent so that its embedding points to a released vector.
/// </summary>
/// <remarks>
/// The canvas has side R = n + 2·⌊n/4⌋ for an encoder of side n and is X = (tanh Z + 1)/2 with Z the sum of bicubically
/// upsampled components of every side from 1 to R. Each step shows the encoders random crops of X with uniform noise,
/// and moves the components by plain gradient descent on −mean w·cos; see <see cref="MultiResolutionPreconditioner"/> for
/// how one canvas takes the place of all components. A step costs one forward and backward pass per copy, and
/// O(R³) additions for the components.
/// </remarks>
public sealed class ReconstructionAttack
{
    private readonly IReadOnlyList<AttackEncoder> _encoders;
    private readonly int _side;
    private readonly int _margin;
    private readonly int _canvas;
    private readonly BicubicMatrix?[] _resize;

    /// <summary>Prepares an attack.</summary>
    /// <param name="encoders">The encoders whose scores are summed; the first one's image size is the picture's. They stay the caller's.</param>
    public ReconstructionAttack(params IReadOnlyList<AttackEncoder> encoders)
    {
        ArgumentNullException.ThrowIfNull(encoders);
        ArgumentOutOfRangeException.ThrowIfZero(encoders.Count);
        _encoders = encoders;
        _side = encoders[0].ImageSize;
        _margin = _side / 4;
        _canvas = _side + (2 * _margin);
        _resize = [.. encoders.Select(e => e.ImageSize == _side ? null : new BicubicMatrix(_side, e.ImageSize))];
    }

    /// <summary>The side of the picture in pixels.</summary>
    public int ImageSize => _side;

    /// <summary>R, the side of the canvas in pixels.</summary>
    public int CanvasSize => _canvas;

    /// <summary>Runs the attack.</summary>
    /// <param name="targets">What the picture should embed to; at least one.</param>
    /// <param name="options">Steps, copies and augmentation; null for the published defaults.</param>
    /// <param name="random">The source of shifts and noise: the same seed gives the same picture.</param>
    /// <param name="progress">Called after every step; may be null.</param>
    /// <param name="cancellation">Ends the attack, also within a step, which is then dropped; what there is by then is returned.</param>
    /// <returns>The picture and its score. <see cref="QosValuation.Reconstruction.ClusterId"/> is −1; the caller knows better.</returns>
    /// <exception cref="QosValuationException">AttackTargetInvalid, AttackOptionInvalid, ResolutionOutOfRange.</exception>
    public QosValuation.Reconstruction Run(
        IReadOnlyList<ReconstructionTarget> targets,
        ReconstructionOptions? options,
        RandomSource random,
        Action<ReconstructionProgress>? progress = null,
        CancellationToken cancellation = default)
    {
        float[] raw = [];
        return Run(targets, options, random, ref raw, progress, cancellation);
    }

    /// <summary>Runs the attack from a canvas, and leaves there where it ended: further steps can go on from it.</summary>
    /// <param name="targets">What the picture should embed to; at least one.</param>
    /// <param name="options">Steps, copies and augmentation; null for the published defaults.</param>
    /// <param name="random">The source of shifts and noise.</param>
    /// <param name="raw">The canvas before tanh, 3 · R · R numbers, replaced by a new one; empty to start from <see cref="ReconstructionOptions.Initial"/>
    /// or grey.</param>
    /// <param name="progress">Called after every step; may be null.</param>
    /// <param name="cancellation">As in the public method.</param>
    /// <returns>As the public method.</returns>
    internal QosValuation.Reconstruction Run(
        IReadOnlyList<ReconstructionTarget> targets,
        ReconstructionOptions? options,
        RandomSource random,
        ref float[] raw,
        Action<ReconstructionProgress>? progress = null,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(targets);
        ArgumentNullException.ThrowIfNull(random);
        options ??= new ReconstructionOptions();
        int shift = Check(options);
        float[][] combined = Combine(targets);
        IDescentOptimizer optimizer = options.Optimizer == ReconstructionOptimizer.Adam
            ? new AdamOptimizer(options.LearningRate)
            : new PreconditionedDescent(_canvas, options.Resolutions ?? [.. Enumerable.Range(1, _canvas)], options.LearningRate);
        float[] current = raw.Length > 0 ? [.. raw] : Start(options.Initial);
        float[] canvas = new float[current.Length];
        float[] gradient = new float[current.Length];
        var views = new Views(this, options, combined);
        var trace = new List<double>(options.Steps);
        while (trace.Count < options.Steps && !cancellation.IsCancellationRequested)
        {
            Paint(current, canvas);
            Array.Clear(gradient);
            double score = 0;
            try
            {
                for (int done = 0; done < options.Copies; done += options.BatchSize)
                {
                    score += views.Ascend(
                        canvas, gradient, Math.Min(options.BatchSize, options.Copies - done), options.PlainCopies - done, shift, random, cancellation);
                }
            }
            catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
            {
                break;
            }

            trace.Add(score / options.Copies);
            TensorPrimitives.Divide(gradient, options.Copies, gradient);
            if (options.TotalVariationWeight > 0)
            {
                TotalVariation.SubtractGradient(canvas, _canvas, options.TotalVariationWeight, gradient);
            }

            // dX/dZ = 2X(1 − X); the score is to be raised, so that what is lowered is its negative.
            for (int i = 0; i < gradient.Length; i++)
            {
                gradient[i] *= -2 * canvas[i] * (1 - canvas[i]);
            }

            optimizer.Descend(current, gradient);
            progress?.Invoke(new ReconstructionProgress(trace.Count, options.Steps, trace[^1], () => Crop(current)));
        }

        raw = current;
        byte[] image = Crop(current);
        (double final, float[] embedding) = Score(image, combined);
        return new QosValuation.Reconstruction
        {
            ClusterId = -1,
            Score = final,
            ScoreTrace = trace.ToArray(), // PowerShell cannot index the list that a collection expression makes.
            Steps = trace.Count,
            IsComplete = trace.Count == options.Steps,
            ImageSize = _side,
            Image = image,
            Embedding = embedding,
        };
    }

    /// <summary>The weighted cosine of a picture to targets, and its embedding.</summary>
    /// <param name="image">side · side · 3 bytes.</param>
    /// <param name="targets">The targets.</param>
    /// <returns>The score and the first encoder's unit embedding.</returns>
    public (double Score, float[] Embedding) Score(byte[] image, IReadOnlyList<ReconstructionTarget> targets) => Score(image, Combine(targets));

    /// <summary>The weighted cosine of an embedding of the first encoder to its targets.</summary>
    internal double Cosine(ReadOnlySpan<float> embedding, IReadOnlyList<ReconstructionTarget> targets) =>
        TensorPrimitives.Dot(embedding, Direction(targets)) / TensorPrimitives.Norm(embedding);

    /// <summary>Σ w·v/‖v‖ over the first encoder's targets, divided by their number.</summary>
    internal float[] Direction(IReadOnlyList<ReconstructionTarget> targets) => Combine(targets)[0];

    /// <summary>The rank of a source among decoys by cosine to an embedding.</summary>
    /// <param name="embedding">The picture's embedding.</param>
    /// <param name="source">The true source's embedding.</param>
    /// <param name="decoys">Other embeddings.</param>
    /// <returns>1 where the source is nearest; equal cosines count against it.</returns>
    public static int Rank(ReadOnlySpan<float> embedding, ReadOnlySpan<float> source, IEnumerable<float[]> decoys)
    {
        ArgumentNullException.ThrowIfNull(decoys);
        float own = TensorPrimitives.CosineSimilarity(embedding, source);
        int rank = 1;
        foreach (float[] decoy in decoys)
        {
            rank += TensorPrimitives.CosineSimilarity(embedding, decoy) >= own ? 1 : 0;
        }

        return rank;
    }

    private int Check(ReconstructionOptions options)
    {
        static QosValuationException Invalid(string what, object value) =>
            new(Faults.AttackOptionInvalid, $"{what}, not {value}.", value);
        if (options.Steps < 1)
        {
            throw Invalid("The steps must be at least 1", options.Steps);
        }

        if (options.Copies < 1)
        {
            throw Invalid("The copies must be at least 1", options.Copies);
        }

        if (options.PlainCopies < 0 || options.PlainCopies > options.Copies)
        {
            throw Invalid($"The plain copies must lie from 0 to {options.Copies}", options.PlainCopies);
        }

        if (options.BatchSize < 1)
        {
            throw Invalid("The batch size must be at least 1", options.BatchSize);
        }

        if (!(options.LearningRate > 0) || !double.IsFinite(options.LearningRate))
        {
            throw Invalid("The learning rate must be positive", options.LearningRate);
        }

        if (!(options.TotalVariationWeight >= 0) || !double.IsFinite(options.TotalVariationWeight))
        {
            throw Invalid("The weight of the total variation must be at least 0", options.TotalVariationWeight);
        }

        if (!(options.NoiseAmplitude >= 0 && options.NoiseAmplitude <= 1))
        {
            throw Invalid("The noise amplitude must lie from 0 to 1", options.NoiseAmplitude);
        }

        if (options.MaximumShift < -1 || options.MaximumShift > _margin)
        {
            throw Invalid($"The largest shift must lie from 0 to {_margin} (a quarter of the image side)", options.MaximumShift);
        }

        if (options.Initial is byte[] initial && initial.Length != 3 * _side * _side)
        {
            throw Invalid($"The initial picture must hold {_side} × {_side} RGB pixels ({3 * _side * _side} bytes)", initial.Length);
        }

        return options.MaximumShift < 0 ? _margin : options.MaximumShift;
    }

    /// <summary>One vector an encoder: cosines to several targets add up to the product with Σ w·v/‖v‖, divided by their number.</summary>
    private float[][] Combine(IReadOnlyList<ReconstructionTarget> targets)
    {
        float[][] combined = [.. _encoders.Select(e => new float[e.Dimension])];
        int[] counts = new int[_encoders.Count];
        foreach (ReconstructionTarget target in targets)
        {
            if (target.Encoder < 0 || target.Encoder >= _encoders.Count)
            {
                throw new QosValuationException(
                    Faults.AttackTargetInvalid, $"There is no encoder {target.Encoder}; there are {_encoders.Count}.", target.Encoder);
            }

            float[] sum = combined[target.Encoder];
            double norm = Math.Sqrt(target.Vector.Sum(v => (double)v * v));
            string? fault = target.Vector.Length != sum.Length ? $"has {target.Vector.Length} numbers: embed with the same model that is attacked"
                : norm == 0 ? "is all zero"
                : !double.IsFinite(norm) ? "holds numbers that are not finite"
                : !double.IsFinite(target.Weight) ? $"has the weight {target.Weight}, which is not finite"
                : null;
            if (fault is not null)
            {
                throw new QosValuationException(
                    Faults.AttackTargetInvalid, $"A target for {_encoders[target.Encoder].Name} must be a finite vector of {sum.Length} numbers, not all zero; "
                        + $"this one {fault}.", target.Vector.Length);
            }

            TensorPrimitives.MultiplyAdd(target.Vector, (float)(target.Weight / norm), sum, sum);
            counts[target.Encoder]++;
        }

        if (targets.Count == 0)
        {
            throw new QosValuationException(Faults.AttackTargetInvalid, "An attack needs at least one target.", null);
        }

        for (int e = 0; e < combined.Length; e++)
        {
            TensorPrimitives.Divide(combined[e], Math.Max(1, counts[e]), combined[e]);
        }

        return combined;
    }

    private float[] Start(byte[]? initial)
    {
        float[] raw = new float[3 * _canvas * _canvas];
        if (initial is null)
        {
            return raw;
        }

        // The picture in the middle, mirrored into the margin; extremes are drawn in a little, where artanh is finite.
        for (int y = 0; y < _canvas; y++)
        {
            int row = Mirror(y - _margin);
            for (int x = 0; x < _canvas; x++)
            {
                int column = Mirror(x - _margin);
                for (int channel = 0; channel < 3; channel++)
                {
                    double value = initial[(3 * ((row * _side) + column)) + channel] / 255.0;
                    raw[(((channel * _canvas) + y) * _canvas) + x] = (float)Math.Atanh(Math.Clamp((2 * value) - 1, -0.98, 0.98));
                }
            }
        }

        return raw;
    }

    private int Mirror(int position) => position < 0 ? Math.Min(_side - 1, -position) : position >= _side ? Math.Max(0, (2 * _side) - 2 - position) : position;

    private static void Paint(float[] raw, float[] canvas)
    {
        TensorPrimitives.Tanh(raw, canvas);
        TensorPrimitives.Add(canvas, 1f, canvas);
        TensorPrimitives.Multiply(canvas, 0.5f, canvas);
    }

    private byte[] Crop(float[] raw)
    {
        byte[] image = new byte[3 * _side * _side];
        for (int channel = 0; channel < 3; channel++)
        {
            for (int y = 0; y < _side; y++)
            {
                ReadOnlySpan<float> row = raw.AsSpan((((channel * _canvas) + y + _margin) * _canvas) + _margin, _side);
                for (int x = 0; x < _side; x++)
                {
                    image[(3 * ((y * _side) + x)) + channel] = (byte)Math.Round(255 * ((Math.Tanh(row[x]) + 1) / 2));
                }
            }
        }

        return image;
    }

    private (double Score, float[] Embedding) Score(byte[] image, float[][] combined)
    {
        float[] plain = new float[image.Length];
        int plane = _side * _side;
        for (int i = 0; i < plane; i++)
        {
            for (int channel = 0; channel < 3; channel++)
            {
                plain[(channel * plane) + i] = image[(3 * i) + channel] / 255f;
            }
        }

        double score = 0;
        float[] embedding = [];
        for (int e = 0; e < _encoders.Count; e++)
        {
            AttackEncoder encoder = _encoders[e];
            float[] input = new float[encoder.Model.InputLength];
            float[] output = new float[encoder.Dimension];
            float[] scores = new float[1];
            Show(e, plain, input);
            encoder.Model.Evaluate(input, 1, combined[e], new float[input.Length], output, scores);
            score += scores[0];
            if (e == 0)
            {
                TensorPrimitives.Divide(output, TensorPrimitives.Norm(output), output);
                embedding = output;
            }
        }

        return (score, embedding);
    }

    /// <summary>Turns a view in [0, 1] into an encoder's pixels.</summary>
    private void Show(int encoder, ReadOnlySpan<float> view, Span<float> input)
    {
        int size = _encoders[encoder].ImageSize;
        int plane = size * size;
        for (int channel = 0; channel < 3; channel++)
        {
            Span<float> target = input.Slice(channel * plane, plane);
            ReadOnlySpan<float> source = view.Slice(channel * _side * _side, _side * _side);
            if (_resize[encoder] is BicubicMatrix resize)
            {
                Separable(resize, source, target, transposed: false);
            }
            else
            {
                source.CopyTo(target);
            }

            (float scale, float offset) = _encoders[encoder].Normalization(channel);
            TensorPrimitives.Multiply(target, scale, target);
            TensorPrimitives.Add(target, offset, target);
        }
    }

    /// <summary>Carries a gradient from an encoder's pixels back to the view, and adds it there.</summary>
    private void Trace(int encoder, ReadOnlySpan<float> gradient, Span<float> view)
    {
        int size = _encoders[encoder].ImageSize;
        float[] back = new float[_side * _side];
        for (int channel = 0; channel < 3; channel++)
        {
            ReadOnlySpan<float> source = gradient.Slice(channel * size * size, size * size);
            if (_resize[encoder] is BicubicMatrix resize)
            {
                Separable(resize, source, back, transposed: true);
                source = back;
            }

            Span<float> target = view.Slice(channel * _side * _side, _side * _side);
            TensorPrimitives.MultiplyAdd(source, _encoders[encoder].Normalization(channel).Scale, target, target);
        }
    }

    private static void Separable(BicubicMatrix matrix, ReadOnlySpan<float> source, Span<float> target, bool transposed)
    {
        int from = transposed ? matrix.Size : matrix.Samples;
        int to = transposed ? matrix.Samples : matrix.Size;
        float[] first = new float[to * from];
        float[] turned = new float[to * from];
        float[] second = new float[to * to];
        if (transposed)
        {
            matrix.ApplyTransposed(source, from, first);
            BicubicMatrix.Transpose(first, to, from, turned);
            matrix.ApplyTransposed(turned, to, second);
        }
        else
        {
            matrix.Apply(source, from, first);
            BicubicMatrix.Transpose(first, to, from, turned);
            matrix.Apply(turned, to, second);
        }

        BicubicMatrix.Transpose(second, to, to, target);
    }

    /// <summary>The augmented copies of one batch, with their buffers.</summary>
    private sealed class Views
    {
        private readonly ReconstructionAttack _attack;
        private readonly float _noise;
        private readonly float[][] _targets;
        private readonly float[] _view;
        private readonly float[] _viewGradient;
        private readonly (int Top, int Left)[] _offsets;
        private readonly float[][] _input;
        private readonly float[][] _inputGradient;

        public Views(ReconstructionAttack attack, ReconstructionOptions options, float[][] targets)
        {
            _attack = attack;
            _noise = (float)options.NoiseAmplitude;
            _targets = targets;
            int batch = Math.Min(options.BatchSize, options.Copies);
            int length = 3 * attack._side * attack._side;
            _view = new float[batch * length];
            _viewGradient = new float[batch * length];
            _offsets = new (int, int)[batch];
            _input = [.. attack._encoders.Select(e => new float[batch * e.Model.InputLength])];
            _inputGradient = [.. _input.Select(i => new float[i.Length])];
        }

        /// <summary>Adds the gradient of the summed score of some copies to the canvas gradient, and returns that score.</summary>
        public double Ascend(float[] canvas, float[] gradient, int copies, int plain, int shift, RandomSource random, CancellationToken cancellation)
        {
            int side = _attack._side;
            int size = _attack._canvas;
            int length = 3 * side * side;
            for (int copy = 0; copy < copies; copy++)
            {
                // Rolling the canvas by (dx, dy) and cropping its centre is cropping at the margin less the shift.
                int top = _attack._margin;
                int left = _attack._margin;
                Span<float> view = _view.AsSpan(copy * length, length);
                if (copy < plain)
                {
                    view.Clear();
                }
                else
                {
                    top -= random.NextInt32((2 * shift) + 1) - shift;
                    left -= random.NextInt32((2 * shift) + 1) - shift;
                    Noise(view, random);
                }

                _offsets[copy] = (top, left);
                for (int row = 0; row < 3 * side; row++)
                {
                    Span<float> target = view.Slice(row * side, side);
                    ReadOnlySpan<float> source = canvas.AsSpan((((row / side * size) + top + (row % side)) * size) + left, side);
                    TensorPrimitives.Add(source, target, target);
                }
            }

            Array.Clear(_viewGradient, 0, copies * length);
            float[] clipped = new float[length];
            double score = 0;
            float[] scores = new float[copies];
            for (int e = 0; e < _targets.Length; e++)
            {
                AttackEncoder encoder = _attack._encoders[e];
                int pixels = encoder.Model.InputLength;
                for (int copy = 0; copy < copies; copy++)
                {
                    TensorPrimitives.Min(_view.AsSpan(copy * length, length), 1f, clipped);
                    _attack.Show(e, clipped, _input[e].AsSpan(copy * pixels, pixels));
                }

                encoder.Model.Evaluate(
                    _input[e].AsSpan(0, copies * pixels), copies, _targets[e], _inputGradient[e].AsSpan(0, copies * pixels), default, scores, cancellation);
                score += scores.Sum(s => (double)s);
                for (int copy = 0; copy < copies; copy++)
                {
                    _attack.Trace(e, _inputGradient[e].AsSpan(copy * pixels, pixels), _viewGradient.AsSpan(copy * length, length));
                }
            }

            for (int copy = 0; copy < copies; copy++)
            {
                (int top, int left) = _offsets[copy];
                for (int row = 0; row < 3 * side; row++)
                {
                    ReadOnlySpan<float> seen = _view.AsSpan((copy * length) + (row * side), side);
                    ReadOnlySpan<float> source = _viewGradient.AsSpan((copy * length) + (row * side), side);
                    Span<float> target = gradient.AsSpan((((row / side * size) + top + (row % side)) * size) + left, side);
                    for (int x = 0; x < side; x++)
                    {
                        // Where the noise carried a sample beyond 1 it was clipped, and nothing flows.
                        target[x] += seen[x] <= 1 ? source[x] : 0;
                    }
                }
            }

            return score;
        }

        private void Noise(Span<float> view, RandomSource random)
        {
            if (_noise == 0)
            {
                view.Clear();
                return;
            }

            // Two draws of 24 bits from every word.
            float unit = _noise / (1 << 24);
            for (int i = 0; i < view.Length; i += 2)
            {
                ulong word = random.NextUInt64();
                view[i] = (word >> 40) * unit;
                if (i + 1 < view.Length)
                {
                    view[i + 1] = ((word >> 8) & 0xFFFFFF) * unit;
                }
            }
        }
    }
}
