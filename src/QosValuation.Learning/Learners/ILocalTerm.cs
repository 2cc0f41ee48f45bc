namespace QosValuation.Learning.Learners;

/// <summary>What a federated algorithm adds to the loss of a client's data, such as the distance to a shared model (FedProx, Ditto, FedAmp, Ipfl).</summary>
public interface ILocalTerm
{
    /// <summary>Adds the term's gradient. Called at every step, on one thread. O(parameters).</summary>
    /// <param name="parameters">The model.</param>
    /// <param name="gradient">The gradient of the mean cross-entropy; the term's is added to it.</param>
    void Add(ReadOnlySpan<float> parameters, Span<float> gradient);
}
