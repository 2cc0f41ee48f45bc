namespace QosValuation.Attacks.Reconstruction;

/// <summary>How the canvas moves along the gradient.</summary>
public enum ReconstructionOptimizer
{
    /// <summary>Plain gradient descent on components of many resolutions, as published.</summary>
    GradientDescent,

    /// <summary>Adam (Kingma and Ba, ICLR 2015) on the pixels of the canvas; resolutions are not used.</summary>
    Adam,
}

/// <summary>How Direct Ascent Synthesis runs; the defaults are those of the published code.</summary>
public sealed record ReconstructionOptions
{
    /// <summary>The steps of the published code.</summary>
    public const int PublishedSteps = 100;

    /// <summary>Gradient steps, at least 1.</summary>
    public int Steps { get; init; } = PublishedSteps;

    /// <summary>The constant learning rate.</summary>
    public double LearningRate { get; init; } = 0.2;

    /// <summary>How the canvas moves along the gradient.</summary>
    public ReconstructionOptimizer Optimizer { get; init; }

    /// <summary>
    /// λ: the weight of the total variation of the picture, Σ√(∂x² + ∂y² + 10⁻⁶) over pixels and channels divided by their
    /// number, which is subtracted from the score. 0, the default, for none.
    /// </summary>
    public double TotalVariationWeight { get; init; }

    /// <summary>Augmented copies a step, at least 1.</summary>
    public int Copies { get; init; } = 32;

    /// <summary>
    /// Of the copies, how many are the plain centre crop, neither shifted nor noisy. 0, the default, is the published
    /// algorithm, which never sees that view; a few raise the score of the plain crop.
    /// </summary>
    public int PlainCopies { get; init; }

    /// <summary>
    /// Copies the encoder sees at once: bounds memory. Sums are rounded otherwise with another number, which over many steps gives another picture.
    /// </summary>
    public int BatchSize { get; init; } = 8;

    /// <summary>The amplitude of the uniform noise added to each copy, in units of the full range.</summary>
    public double NoiseAmplitude { get; init; } = 0.2;

    /// <summary>The largest shift of a copy in pixels, up to a quarter of the image side, which −1 stands for.</summary>
    public int MaximumShift { get; init; } = -1;

    /// <summary>
    /// The sides of the components whose sum is the canvas; null, the default, for all of 1 … R. A geometric subset is a
    /// little faster and gives another picture.
    /// </summary>
    public IReadOnlyList<int>? Resolutions { get; init; }

    /// <summary>A picture to start from, side · side · 3 bytes for the first encoder's image size; null for mid-grey.</summary>
    public byte[]? Initial { get; init; }
}

/// <summary>A vector the picture's embedding should point to.</summary>
/// <param name="Vector">The target in the embedding space of one encoder; its length does not matter.</param>
/// <param name="Weight">Its weight; negative to point away.</param>
/// <param name="Encoder">The encoder's index.</param>
public sealed record ReconstructionTarget(float[] Vector, double Weight = 1, int Encoder = 0);

/// <summary>The state after a step, for progress and filmstrips.</summary>
/// <param name="Step">Steps done so far, from 1.</param>
/// <param name="Steps">Steps in all.</param>
/// <param name="Score">The mean weighted cosine over this step's copies.</param>
/// <param name="Snapshot">Makes the current picture: side · side · 3 bytes.</param>
public sealed record ReconstructionProgress(int Step, int Steps, double Score, Func<byte[]> Snapshot);
