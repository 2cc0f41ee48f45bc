namespace QosValuation;

/// <summary>How a model's parameters follow the gradient.</summary>
public enum ModelOptimizer
{
    /// <summary>Stochastic gradient descent with momentum and weight decay.</summary>
    Sgd,

    /// <summary>Adam (Kingma and Ba 2015) with weight decay added to the gradient.</summary>
    Adam,
}
