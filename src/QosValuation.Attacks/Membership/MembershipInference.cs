namespace QosValuation;

/// <summary>What an attacker knows who asks whether a record was in a cluster.</summary>
public enum MembershipAttack
{
    /// <summary>All other records, the mechanism and its noise: the likelihood ratio, which no attack beats.</summary>
    LikelihoodRatio,

    /// <summary>The released prototype and the candidate's embedding alone: their cosine.</summary>
    Cosine,

    /// <summary>The loss of a trained model at the candidate, against one threshold for all records; for models, not for prototypes.</summary>
    Loss,
}

/// <summary>The record that stands in the candidate's place in the dataset without it.</summary>
public enum MembershipCounterpart
{
    /// <summary>Another record of the same cluster.</summary>
    Record,

    /// <summary>The candidate's opposite −x: the worst that the sensitivity allows for.</summary>
    Opposite,
}

/// <summary>How well an attacker tells from the released prototype of a cluster whether a record was in it.</summary>
public sealed record MembershipInference
{
    /// <summary>The cluster.</summary>
    public required int ClusterId { get; init; }

    /// <summary>The modality of the prototype.</summary>
    public required Modality Modality { get; init; }

    /// <summary>The number of records averaged in each release with the candidate.</summary>
    public required int Count { get; init; }

    /// <summary>The mechanism that drew the noise.</summary>
    public required PrivacyMechanism Mechanism { get; init; }

    /// <summary>The relation of the two datasets: the candidate replaced, or removed.</summary>
    public required Neighboring Neighboring { get; init; }

    /// <summary>ε of each release; NaN for ImageDp and None.</summary>
    public required double Epsilon { get; init; }

    /// <summary>δ of each release; NaN for ImageDp and None.</summary>
    public required double Delta { get; init; }

    /// <summary>What the attacker knows.</summary>
    public required MembershipAttack Attack { get; init; }

    /// <summary>The area under the ROC curve: 0.5 for guessing, 1 for certainty.</summary>
    public required double Auc { get; init; }

    /// <summary>The standard error of <see cref="Auc"/> (DeLong, DeLong and Clarke-Pearson 1988).</summary>
    public required double AucStandardError { get; init; }

    /// <summary>The false-positive rate at which <see cref="TruePositiveRate"/> is stated.</summary>
    public required double FalsePositiveRate { get; init; }

    /// <summary>The part of the members that are found while the false-positive rate is kept.</summary>
    public required double TruePositiveRate { get; init; }

    /// <summary>The standard error of <see cref="TruePositiveRate"/>, with that of its threshold.</summary>
    public required double TruePositiveRateStandardError { get; init; }

    /// <summary>
    /// True- minus false-positive rate of the attacker's decision: 0 for guessing, 1 for certainty. The likelihood ratio decides at 0; the cosine at a
    /// threshold chosen on other trials.
    /// </summary>
    public required double Advantage { get; init; }

    /// <summary>The standard error of <see cref="Advantage"/>.</summary>
    public required double AdvantageStandardError { get; init; }

    /// <summary>
    /// The area of the best attack there is on these datasets under Gaussian noise of the stated σ. Where the count is released with noise (AddRemove) and
    /// the cluster is small, rounding that count takes a little from every attack, and this is a bound.
    /// </summary>
    public required double TheoreticalAuc { get; init; }

    /// <summary>The true-positive rate of the best attack there is.</summary>
    public required double TheoreticalTruePositiveRate { get; init; }

    /// <summary>The advantage of the best attack there is.</summary>
    public required double TheoreticalAdvantage { get; init; }

    /// <summary>The largest area that any two neighbouring datasets allow: Φ(μ/√2) with μ = Δ/σ; NaN where there is no sensitivity (ImageDp, None).</summary>
    public required double WorstCaseAuc { get; init; }

    /// <summary>The releases with and as many without the candidate.</summary>
    public required int Trials { get; init; }
}
