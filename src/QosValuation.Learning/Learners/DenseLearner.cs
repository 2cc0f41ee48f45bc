using QosValuation.Foundation.Randomness;

namespace QosValuation.Learning.Learners;

/// <summary>Linear layers with rectified units between them, and a softmax behind the last: what the learners have in common.</summary>
public abstract class DenseLearner : ILearner
{
    private readonly int[] _widths;

    /// <summary>Creates a learner.</summary>
    /// <param name="name">Which learner it is.</param>
    /// <param name="widths">The number of features, the widths of the hidden layers, the number of classes; each at least 1.</param>
    private protected DenseLearner(ModelLearner name, int[] widths)
    {
        Name = name;
        _widths = widths;
        long count = 0;
        for (int layer = 1; layer < widths.Length; layer++)
        {
            ArgumentOutOfRangeException.ThrowIfNegativeOrZero(widths[layer - 1], nameof(widths));
            ArgumentOutOfRangeException.ThrowIfNegativeOrZero(widths[layer], nameof(widths));
            count += ((long)widths[layer - 1] + 1) * widths[layer];
        }

        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, Array.MaxLength, nameof(widths));
        ParameterCount = (int)count;
    }

    /// <inheritdoc/>
    public ModelLearner Name { get; }

    /// <inheritdoc/>
    public int Features => _widths[0];

    /// <inheritdoc/>
    public int Classes => _widths[^1];

    /// <inheritdoc/>
    public int ParameterCount { get; }

    /// <summary>The widths of the layers: features, hidden layers, classes.</summary>
    public ReadOnlySpan<int> Widths => _widths;

    /// <inheritdoc/>
    /// <remarks>Uniform in ±1/√(inputs of the layer), biases included: what PyTorch's <c>nn.Linear</c> starts from.</remarks>
    public void Initialize(Span<float> parameters, RandomSource random)
    {
        ArgumentNullException.ThrowIfNull(random);
        ArgumentOutOfRangeException.ThrowIfNotEqual(parameters.Length, ParameterCount, nameof(parameters));
        for (int layer = 1; layer < _widths.Length; layer++)
        {
            double bound = 1 / Math.Sqrt(_widths[layer - 1]);
            int count = (_widths[layer - 1] + 1) * _widths[layer];
            foreach (ref float parameter in parameters[..count])
            {
                parameter = (float)(bound * ((2 * random.NextDouble()) - 1));
            }

            parameters = parameters[count..];
        }
    }

    /// <inheritdoc/>
    public ILearnerWorker CreateWorker() => new DenseWorker(_widths, ParameterCount);
}
