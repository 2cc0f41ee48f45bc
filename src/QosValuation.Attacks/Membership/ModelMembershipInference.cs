namespace QosValuation;

/// <summary>How well an attacker tells from a trained model which records it was trained on.</summary>
public sealed record ModelMembershipInference
{
    /// <summary>The learner that was attacked.</summary>
    public required ModelLearner Learner { get; init; }

    /// <summary>What the attacker looks at.</summary>
    public required MembershipAttack Attack { get; init; }

    /// <summary>ε of each training; NaN where models are trained without noise.</summary>
    public required double Epsilon { get; init; }

    /// <summary>δ of each training, and of the bound.</summary>
    public required double Delta { get; init; }

    /// <summary>The standard deviation of the noise in units of the clipping norm; 0 without noise.</summary>
    public required double NoiseMultiplier { get; init; }

    /// <summary>The records, each of which is in a model's training data by a fair coin.</summary>
    public required int Records { get; init; }

    /// <summary>The models that were attacked.</summary>
    public required int Targets { get; init; }

    /// <summary>The models that the attacker trained for itself.</summary>
    public required int Shadows { get; init; }

    /// <summary>The area under the ROC curve: 0.5 for guessing, 1 for certainty.</summary>
    public required double Auc { get; init; }

    /// <summary>The standard error of <see cref="Auc"/> (DeLong, DeLong and Clarke-Pearson 1988), as if scores of one model were independent.</summary>
    public required double AucStandardError { get; init; }

    /// <summary>The false-positive rate at which <see cref="TruePositiveRate"/> is stated.</summary>
    public required double FalsePositiveRate { get; init; }

    /// <summary>The part of the members that are found while the false-positive rate is kept.</summary>
    public required double TruePositiveRate { get; init; }

    /// <summary>The standard error of <see cref="TruePositiveRate"/>.</summary>
    public required double TruePositiveRateStandardError { get; init; }

    /// <summary>True- minus false-positive rate at a threshold chosen on other scores: 0 for guessing, 1 for certainty.</summary>
    public required double Advantage { get; init; }

    /// <summary>The standard error of <see cref="Advantage"/>.</summary>
    public required double AdvantageStandardError { get; init; }

    /// <summary>
    /// ε of a training is above this with the stated confidence, whatever the training is (Steinke, Nasr and Jagielski 2023). 0 where the guesses prove
    /// nothing.
    /// </summary>
    public required double EpsilonLowerBound { get; init; }

    /// <summary>The confidence of <see cref="EpsilonLowerBound"/>.</summary>
    public required double Confidence { get; init; }

    /// <summary>The mean accuracy of the attacked models on the records that they were trained on.</summary>
    public required double MemberAccuracy { get; init; }

    /// <summary>The mean accuracy of the attacked models on the other records.</summary>
    public required double OtherAccuracy { get; init; }
}
