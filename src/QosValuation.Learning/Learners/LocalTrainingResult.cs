namespace QosValuation.Learning.Learners;

/// <summary>What a local training did.</summary>
/// <param name="Steps">The steps taken.</param>
/// <param name="Loss">The mean of the batches' cross-entropies, each before its step, in nats; NaN without a step, and for private training,
/// which does not look at it.</param>
/// <param name="ClippedFraction">The part of the records' gradients that private training scaled down; NaN for plain training.</param>
public sealed record LocalTrainingResult(int Steps, double Loss, double ClippedFraction);
