namespace QosValuation;

/// <summary>What repeated releases on two neighbouring datasets prove about the ε of a mechanism.</summary>
public sealed record EmpiricalPrivacy
{
    /// <summary>The mechanism that was audited; null for one given from outside.</summary>
    public required PrivacyMechanism? Mechanism { get; init; }

    /// <summary>The neighbouring relation.</summary>
    public required Neighboring Neighboring { get; init; }

    /// <summary>The cluster; null for the worst-case pair of made-up records.</summary>
    public required int? ClusterId { get; init; }

    /// <summary>The modality of the releases.</summary>
    public required Modality Modality { get; init; }

    /// <summary>The ε that the mechanism claims; NaN where it claims none (ImageDp, None).</summary>
    public required double ClaimedEpsilon { get; init; }

    /// <summary>δ: of the claim, and of the bounds.</summary>
    public required double Delta { get; init; }

    /// <summary>
    /// ε is above this with the stated confidence, whatever the mechanism: from Clopper and Pearson's bounds on the rates of the
    /// best region found. 0 where the releases prove nothing.
    /// </summary>
    public required double EpsilonLowerBound { get; init; }

    /// <summary>
    /// The same under the assumption that the noise is Gaussian: from a lower bound on μ. Much closer to the truth, but void for other noise.
    /// </summary>
    public required double GaussianEpsilonLowerBound { get; init; }

    /// <summary>
    /// The lower bound on μ, the distance of the two datasets' releases in standard deviations, that <see cref="GaussianEpsilonLowerBound"/> rests on.
    /// </summary>
    public required double MuLowerBound { get; init; }

    /// <summary>The ε that this pair leaks in truth if the noise is Gaussian with the stated σ; NaN for a mechanism given from outside.</summary>
    public required double TheoreticalEpsilon { get; init; }

    /// <summary>The confidence of each bound.</summary>
    public required double Confidence { get; init; }

    /// <summary>The releases of each of the two datasets; half choose the region, half count in it.</summary>
    public required int Trials { get; init; }

    /// <summary>Of the counted releases of the dataset that the region speaks for, those inside it.</summary>
    public required int TruePositives { get; init; }

    /// <summary>Of the counted releases of the other dataset, those inside the region.</summary>
    public required int FalsePositives { get; init; }

    /// <summary>The noise that was drawn over the noise that the claim needs; 1 unless a fault was planted.</summary>
    public required double NoiseScale { get; init; }

    /// <summary>
    /// Whether the mechanism provably leaks more than it claims: <see cref="EpsilonLowerBound"/> above <see cref="ClaimedEpsilon"/>. Never true without a
    /// claim.
    /// </summary>
    public bool IsViolated => EpsilonLowerBound > ClaimedEpsilon;
}
