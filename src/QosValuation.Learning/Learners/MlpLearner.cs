namespace QosValuation.Learning.Learners;

/// <summary>
/// A multilayer perceptron: one or two hidden layers of rectified units (max(0, ·)), then a linear layer. The parameters are, layer by layer
/// from the features on, the weights, a row an output, then the biases.
/// </summary>
/// <param name="features">The length of a row, at least 1.</param>
/// <param name="classes">The number of classes, at least 1.</param>
/// <param name="hidden">The widths of the hidden layers: one or two numbers of at least 1.</param>
public sealed class MlpLearner(int features, int classes, params int[] hidden)
    : DenseLearner(ModelLearner.Mlp, [features, .. Checked(hidden), classes])
{
    private static int[] Checked(int[] hidden)
    {
        ArgumentNullException.ThrowIfNull(hidden);
        ArgumentOutOfRangeException.ThrowIfNotEqual(hidden.Length is 1 or 2, true, nameof(hidden));
        return hidden;
    }
}
