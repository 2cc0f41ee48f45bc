namespace QosValuation.Learning.Learners;

/// <summary>How a client trains. The defaults are those of the code of iPFL (19dx/iPFL).</summary>
public sealed record LocalTrainingOptions
{
    /// <summary>The optimiser.</summary>
    public ModelOptimizer Optimizer { get; init; } = ModelOptimizer.Sgd;

    /// <summary>The learning rate, above 0.</summary>
    public double LearningRate { get; init; } = 0.01;

    /// <summary>The momentum of <see cref="ModelOptimizer.Sgd"/>, in [0, 1).</summary>
    public double Momentum { get; init; } = 0.9;

    /// <summary>The weight decay, at least 0.</summary>
    public double WeightDecay { get; init; } = 1e-5;

    /// <summary>Rows in a batch, at least 1; all rows, in their order, where it is at least their number.</summary>
    public int BatchSize { get; init; } = 64;

    /// <summary>The number of steps, at least 0.</summary>
    public int Steps { get; init; } = 400;

    /// <summary>Clipping and noise that make the steps differentially private; null trains without.</summary>
    public PrivateTraining? Privacy { get; init; }
}
