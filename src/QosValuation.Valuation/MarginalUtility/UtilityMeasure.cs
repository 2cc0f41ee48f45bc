namespace QosValuation;

/// <summary>What a learner's utility is.</summary>
public enum UtilityMeasure
{
    /// <summary>The part of the test points that are classified rightly; ties count by chance. A learner without data has 1/C.</summary>
    Accuracy,

    /// <summary>Minus the mean cross-entropy of the test points, in nats. A learner without data has −ln C.</summary>
    NegativeLoss,
}

/// <summary>The learner whose utility is measured.</summary>
public enum UtilityLearner
{
    /// <summary>Multinomial logistic regression, trained anew on each coalition's points.</summary>
    Logistic,

    /// <summary>The K nearest neighbours among a coalition's points; the utility is the sum of matches over K, as for KnnShapley.</summary>
    Knn,
}
