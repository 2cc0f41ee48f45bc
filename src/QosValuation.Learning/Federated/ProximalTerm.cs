using QosValuation.Learning.Learners;

namespace QosValuation.Learning.Federated;

/// <summary>s/2·‖θ − a‖²: keeps a model near an anchor. The term of FedProx, Ditto, FedAmp and iPFL.</summary>
/// <param name="anchor">a, p numbers.</param>
/// <param name="strength">s, at least 0.</param>
public sealed class ProximalTerm(ReadOnlyMemory<float> anchor, double strength) : ILocalTerm
{
    private readonly float _strength = (float)strength;

    /// <inheritdoc/>
    public void Add(ReadOnlySpan<float> parameters, Span<float> gradient)
    {
        ReadOnlySpan<float> near = anchor.Span;
        for (int k = 0; k < gradient.Length; k++)
        {
            gradient[k] += _strength * (parameters[k] - near[k]);
        }
    }
}
