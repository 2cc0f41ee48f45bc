namespace QosValuation;

/// <summary>A released prototype: the noisy mean of a cluster's unit vectors in one modality.</summary>
public sealed record DpPrototype
{
    /// <summary>The cluster the prototype stands for.</summary>
    public required int ClusterId { get; init; }

    /// <summary>The modality of the averaged embeddings.</summary>
    public required Modality Modality { get; init; }

    /// <summary>The name of the encoder whose embeddings were averaged, which is public; empty where they do not say.</summary>
    public string Model { get; init; } = string.Empty;

    /// <summary>The released vector: mean plus noise, not normalised.</summary>
    public required float[] Vector { get; init; }

    /// <summary>
    /// The number n of records averaged, or of contributors where <see cref="Unit"/> is Contributor. Where the true one is private
    /// (under AddRemove, and for clusters of public centroids) it is the noisy count, at least 1.
    /// </summary>
    public required int Count { get; init; }

    /// <summary>The privacy parameter ε that was asked for; NaN for a mechanism that has none (ImageDp, None).</summary>
    public required double Epsilon { get; init; }

    /// <summary>The privacy parameter δ that was asked for; NaN for a mechanism that has none (ImageDp, None).</summary>
    public required double Delta { get; init; }

    /// <summary>
    /// The L2 sensitivity Δ of the mean: 2/n under ReplaceOne, √1.25/n under AddRemove. Sensitivity/Sigma is the μ of the
    /// release. One of the caller's includes what truncation onto DiscreteGaussian's grid adds, where that is more than 10⁻⁹ of it
    /// (Δ below 0.03·√d/n for vectors of d components). NaN for ImageDp and None.
    /// </summary>
    public required double Sensitivity { get; init; }

    /// <summary>The standard deviation of the noise per coordinate.</summary>
    public required double Sigma { get; init; }

    /// <summary>The mechanism that drew the noise.</summary>
    public required PrivacyMechanism Mechanism { get; init; }

    /// <summary>
    /// Whether the release carries the (ε, δ) guarantee: never for ImageDp and None, not for ClassicGaussian where its formula fails
    /// (large ε), and not where <see cref="IsSeeded"/>.
    /// </summary>
    public required bool IsFormal { get; init; }

    /// <summary>Whether the noise came from a seed: whoever knows the seed can take the noise away.</summary>
    public bool IsSeeded { get; init; }

    /// <summary>Whether <see cref="Count"/> was released with noise, because the true one is private.</summary>
    public bool HasNoisyCount { get; init; }

    /// <summary>The neighbouring relation that the guarantee is stated for.</summary>
    public Neighboring Neighboring { get; init; }

    /// <summary>Whose data the guarantee protects: one record's, or all of one contributor's.</summary>
    public PrivacyUnit Unit { get; init; }

    /// <summary>
    /// The step of the grid that DiscreteGaussian drew its noise on, in the unit of <see cref="Sigma"/>; 0 for continuous noise.
    /// The noise is worth √(σ² − 9·step²) of continuous noise: the same to twelve digits.
    /// </summary>
    public double GridStep { get; init; }

    /// <summary>What was done to the vector after its release; None as it was released.</summary>
    public PrototypePostProcessing PostProcessing { get; init; }

    /// <summary>
    /// The records' contributors, without repetition, in arrival order: accounting information that is not part of the private release.
    /// Empty where the count is noisy, because who takes part is what the noise hides; a budget knows whom it charged.
    /// </summary>
    public IReadOnlyList<string> Contributors { get; init; } = [];
}
