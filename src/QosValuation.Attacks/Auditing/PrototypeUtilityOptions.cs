using QosValuation.Embeddings.Prototypes;

namespace QosValuation.Attacks.Auditing;

/// <summary>What utility is measured for.</summary>
public sealed record PrototypeUtilityOptions
{
    /// <summary>The releases to measure, one after another: mechanism, ε and the rest.</summary>
    public required IReadOnlyList<PrototypeReleaseOptions> Releases { get; init; }

    /// <summary>The post-processings, all on the same noise.</summary>
    public IReadOnlyList<PrototypePostProcessing> PostProcessings { get; init; } = [PrototypePostProcessing.None];

    /// <summary>The releases of every cluster, at least 1.</summary>
    public int Trials { get; init; } = 20;

    /// <summary>The seed; null for cryptographic draws.</summary>
    public int? Seed { get; init; }
}
