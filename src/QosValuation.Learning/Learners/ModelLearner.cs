namespace QosValuation;

/// <summary>A classifier that clients of a model market train on labelled embeddings.</summary>
public enum ModelLearner
{
    /// <summary>Multinomial logistic regression: one linear layer with a bias.</summary>
    Logistic,

    /// <summary>A multilayer perceptron: one or two hidden layers with rectified units.</summary>
    Mlp,

    /// <summary>A classifier from an ONNX file, of which chosen weights are trained.</summary>
    Onnx,
}
