namespace QosValuation.Learning.Learners;

/// <summary>The learners by name.</summary>
public static class ModelLearners
{
    /// <summary>The width of the hidden layer, unless another is asked for.</summary>
    public const int StandardWidth = 64;

    /// <summary>Makes a learner.</summary>
    /// <param name="name">Its name; one of <see cref="ModelLearner.Onnx"/> is made of a file (<see cref="OnnxLearner"/>).</param>
    /// <param name="features">The length of a row, at least 1.</param>
    /// <param name="classes">The number of classes, at least 1.</param>
    /// <param name="hidden">The widths of the hidden layers of <see cref="ModelLearner.Mlp"/>, one or two; none for <see cref="StandardWidth"/>.</param>
    /// <returns>The learner.</returns>
    public static ILearner Create(ModelLearner name, int features, int classes, params int[] hidden)
    {
        ArgumentNullException.ThrowIfNull(hidden);
        return name switch
        {
            ModelLearner.Logistic => new LogisticLearner(features, classes),
            ModelLearner.Mlp => new MlpLearner(features, classes, hidden.Length == 0 ? [StandardWidth] : hidden),
            _ => throw new ArgumentOutOfRangeException(nameof(name)),
        };
    }
}
