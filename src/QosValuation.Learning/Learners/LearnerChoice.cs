namespace QosValuation.Learning.Learners;

/// <summary>What clients train, before it is known how long their vectors are.</summary>
/// <param name="Name">The learner.</param>
public sealed record LearnerChoice(ModelLearner Name)
{
    /// <summary>The widths of the hidden layers of <see cref="ModelLearner.Mlp"/>; empty for the standard.</summary>
    public IReadOnlyList<int> Hidden { get; init; } = [];

    /// <summary>The file of <see cref="ModelLearner.Onnx"/>.</summary>
    public string? Path { get; init; }

    /// <summary>The weights that it trains, with * and ?; empty for its last linear layer.</summary>
    public IReadOnlyList<string> Trainable { get; init; } = [];

    /// <summary>Makes the learner.</summary>
    /// <param name="features">The length of a row, at least 1.</param>
    /// <param name="classes">The number of classes, at least 1.</param>
    /// <returns>The learner; one of <see cref="ModelLearner.Onnx"/> can be disposed of.</returns>
    /// <exception cref="QosValuationException">What <see cref="OnnxLearner"/> refuses.</exception>
    public ILearner Create(int features, int classes) => Name == ModelLearner.Onnx
        ? new OnnxLearner(Path ?? throw new InvalidOperationException("There is no path."), features, classes, Trainable)
        : ModelLearners.Create(Name, features, classes, [.. Hidden]);
}
