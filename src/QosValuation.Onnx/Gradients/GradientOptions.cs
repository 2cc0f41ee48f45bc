namespace QosValuation.Onnx.Gradients;

/// <summary>Which scalar is differentiated.</summary>
public enum GradientSeed
{
    /// <summary>Σ cᵢ·yᵢ for a cotangent c of the output's shape, given with every evaluation.</summary>
    Cotangent,

    /// <summary>
    /// Σ over the batch of y·t/‖y‖ for a target t given with every evaluation, one for all items or one each. With
    /// t = Σ w_k·v_k/‖v_k‖ this is the weighted sum of cosines to several targets v_k.
    /// </summary>
    Cosine,

    /// <summary>Σ yᵢ: for graphs whose output is a loss.</summary>
    Sum,

    /// <summary>
    /// −Σ tᵢ·ln softmax(y)ᵢ over the batch, for a target t of the output's shape given with every evaluation: weights of the classes of each item. With one
    /// weight of 1/n an item, at its class, it is the mean cross-entropy; an item whose weights are all 0 does not count.
    /// </summary>
    CrossEntropy,
}

/// <summary>What to differentiate, and with respect to what.</summary>
public sealed record GradientOptions
{
    /// <summary>The differentiated output; by default the graph's first. A model's description names the one that holds its embeddings.</summary>
    public string? OutputName { get; init; }

    /// <summary>The input whose gradient is wanted; by default the first of floating-point numbers.</summary>
    public string? InputName { get; init; }

    /// <summary>Whether the gradient with respect to the input is wanted at all; off for training, where only parameters move.</summary>
    public bool WithInputGradient { get; init; } = true;

    /// <summary>
    /// Names of weights (initialisers) whose gradients are wanted. They become inputs of the gradient graph, so that they
    /// can change between evaluations.
    /// </summary>
    public IReadOnlyList<string> Parameters { get; init; } = [];

    /// <summary>The scalar that is differentiated.</summary>
    public GradientSeed Seed { get; init; } = GradientSeed.Cotangent;

    /// <summary>
    /// Height and width in pixels for models that leave them open; ignored where the model states them. 0, the default,
    /// tries the usual sizes, 224 first, until the model runs.
    /// </summary>
    public int ImageSize { get; init; }

    /// <summary>Sizes for other symbolic dimensions, by name. What is not named stays symbolic, above all the batch.</summary>
    public IReadOnlyDictionary<string, long> Dimensions { get; init; } = new Dictionary<string, long>();

    /// <summary>Threads a kernel may use; 0 lets ONNX Runtime choose.</summary>
    public int Threads { get; init; }
}
