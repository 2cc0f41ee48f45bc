namespace QosValuation.Learning.Learners;

/// <summary>
/// Multinomial logistic regression: scores W·x + b. The parameters are W, a row a class, then b: features × classes + classes.
/// </summary>
/// <param name="features">The length of a row, at least 1.</param>
/// <param name="classes">The number of classes, at least 1.</param>
public sealed class LogisticLearner(int features, int classes) : DenseLearner(ModelLearner.Logistic, [features, classes]);
