using QosValuation.Embeddings.Prototypes;

namespace QosValuation.Attacks.Membership;

/// <summary>How membership is attacked.</summary>
public sealed record MembershipInferenceOptions
{
    /// <summary>The mechanism that releases the prototypes.</summary>
    public PrototypeReleaseOptions Release { get; init; } = new() { Mechanism = PrivacyMechanism.DiscreteGaussian };

    /// <summary>The attacks; all see the same releases.</summary>
    public IReadOnlyList<MembershipAttack> Attacks { get; init; } = [MembershipAttack.LikelihoodRatio, MembershipAttack.Cosine];

    /// <summary>What stands in the candidate's place under ReplaceOne.</summary>
    public MembershipCounterpart Counterpart { get; init; } = MembershipCounterpart.Record;

    /// <summary>The releases with and as many without the candidate, at least 2.</summary>
    public int Trials { get; init; } = 2000;

    /// <summary>The false-positive rate at which the true-positive rate is stated, in (0, 1).</summary>
    public double FalsePositiveRate { get; init; } = 0.001;

    /// <summary>The seed; null for cryptographic draws.</summary>
    public int? Seed { get; init; }
}
