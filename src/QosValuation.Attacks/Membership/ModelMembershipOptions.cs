using QosValuation.Learning.Learners;

namespace QosValuation.Attacks.Membership;

/// <summary>How the membership of trained models is attacked.</summary>
public sealed record ModelMembershipOptions
{
    /// <summary>How models are trained, but for the noise.</summary>
    public LocalTrainingOptions Training { get; init; } = new();

    /// <summary>ε of each training, for which DP-SGD's noise is calibrated; NaN trains without noise.</summary>
    public double Epsilon { get; init; } = double.NaN;

    /// <summary>The norm to which private training clips a record's gradient, above 0.</summary>
    public double Clip { get; init; } = 1;

    /// <summary>δ in (0, 1) of each training, and of the bound on ε.</summary>
    public double Delta { get; init; } = 1e-5;

    /// <summary>The attacks, on the same models: LikelihoodRatio and Loss.</summary>
    public IReadOnlyList<MembershipAttack> Attacks { get; init; } = [MembershipAttack.LikelihoodRatio, MembershipAttack.Loss];

    /// <summary>The models that are attacked, at least 1.</summary>
    public int Targets { get; init; } = 8;

    /// <summary>The models that the attacker trains for itself, at least 4.</summary>
    public int Shadows { get; init; } = 64;

    /// <summary>The false-positive rate at which the true-positive rate is stated, in (0, 1).</summary>
    public double FalsePositiveRate { get; init; } = 0.001;

    /// <summary>The confidence of the bound on ε, in (0, 1).</summary>
    public double Confidence { get; init; } = 0.95;

    /// <summary>The seed; null for cryptographic draws.</summary>
    public int? Seed { get; init; }
}
