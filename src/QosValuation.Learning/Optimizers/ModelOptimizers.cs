namespace QosValuation.Learning.Optimizers;

/// <summary>The optimisers of models by name.</summary>
public static class ModelOptimizers
{
    /// <summary>Makes an optimiser.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="learningRate">The rate, above 0.</param>
    /// <param name="momentum">Momentum in [0, 1); Adam has its own.</param>
    /// <param name="weightDecay">Decay, at least 0.</param>
    /// <returns>The optimiser, in its first state.</returns>
    public static IDescentOptimizer Create(ModelOptimizer name, double learningRate, double momentum, double weightDecay) => name switch
    {
        ModelOptimizer.Sgd => new SgdOptimizer(learningRate, momentum, weightDecay),
        ModelOptimizer.Adam => new AdamOptimizer(learningRate, weightDecay),
        _ => throw new ArgumentOutOfRangeException(nameof(name)),
    };
}
