using QosValuation.Learning.Learners;

namespace QosValuation.Learning.Federated;

/// <summary>s·cos(θ, a): turns a model away from an anchor where s is above 0, and towards it where it is below. The term of pFedGraph.</summary>
/// <param name="anchor">a, p numbers.</param>
/// <param name="strength">s.</param>
public sealed class CosineTerm(ReadOnlyMemory<float> anchor, double strength) : ILocalTerm
{
    /// <inheritdoc/>
    public void Add(ReadOnlySpan<float> parameters, Span<float> gradient)
    {
        ReadOnlySpan<float> near = anchor.Span;
        double product = 0;
        double own = 0;
        double other = 0;
        for (int k = 0; k < parameters.Length; k++)
        {
            product += (double)parameters[k] * near[k];
            own += (double)parameters[k] * parameters[k];
            other += (double)near[k] * near[k];
        }

        if (own == 0 || other == 0)
        {
            return;
        }

        double scale = strength / (Math.Sqrt(own) * Math.Sqrt(other));
        double back = scale * product / own;
        for (int k = 0; k < gradient.Length; k++)
        {
            gradient[k] += (float)((scale * near[k]) - (back * parameters[k]));
        }
    }
}
