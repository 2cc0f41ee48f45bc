using QosValuation.Foundation.Randomness;

using QosValuation.Embeddings.Prototypes;

namespace QosValuation.Attacks.Auditing;

/// <summary>How a mechanism is audited.</summary>
public sealed record EmpiricalPrivacyOptions
{
    /// <summary>The mechanism and the guarantee that it claims; its relation is the one the pair was made for.</summary>
    public PrototypeReleaseOptions Release { get; init; } = new() { Mechanism = PrivacyMechanism.DiscreteGaussian };

    /// <summary>The noise that is drawn over the noise that the claim needs, above 0: below 1 plants a fault that the audit should find.</summary>
    public double NoiseScale { get; init; } = 1;

    /// <summary>The releases of each of the two datasets, at least 100.</summary>
    public int Trials { get; init; } = 500_000;

    /// <summary>The confidence of each bound, in (0, 1).</summary>
    public double Confidence { get; init; } = 0.95;

    /// <summary>The seed; null for cryptographic draws.</summary>
    public int? Seed { get; init; }

    /// <summary>
    /// A mechanism in place of the module's own: given the source of a block of trials it returns what releases a prototype of a
    /// cluster. Called on several threads. Null for <see cref="PrototypeReleaser"/>.
    /// </summary>
    public Func<RandomSource, Func<SemanticCluster, DpPrototype>>? Releaser { get; init; }
}
