using System.Numerics.Tensors;

namespace QosValuation.Learning.Federated;

/// <summary>The model step of iPFL (seed 003, as in the authors' code; markets.md, section 7, facts 2 and 3).</summary>
/// <remarks>
/// m_i = θ_i + η·∇ Σ_j w_ij·cos(m − θ_0, θ_j − θ_0) at m = θ_i, which with u_i = θ_i − θ_0 is
/// m_i = θ_i + η·Σ_j w_ij·(u_j/‖u_j‖ − cos(u_i, u_j)·u_i/‖u_i‖)/‖u_i‖. An update of zero has no direction: where it is the client's own, m_i = θ_i; where
/// it is a neighbour's, that neighbour does nothing.
/// </remarks>
public static class ModelStep
{
    /// <summary>One model step, in double precision. O(imports · p).</summary>
    /// <param name="model">θ_i, p numbers.</param>
    /// <param name="origin">θ_0, p numbers.</param>
    /// <param name="neighbours">θ_j of each import.</param>
    /// <param name="weights">w_ij = N_j/N_i of each import.</param>
    /// <param name="eta">η, the step's size, at least 0.</param>
    /// <param name="proxy">Receives m_i, p numbers.</param>
    public static void Take(
        ReadOnlySpan<float> model,
        ReadOnlySpan<float> origin,
        IReadOnlyList<ReadOnlyMemory<float>> neighbours,
        ReadOnlySpan<double> weights,
        double eta,
        Span<double> proxy)
    {
        ArgumentNullException.ThrowIfNull(neighbours);
        ArgumentOutOfRangeException.ThrowIfNotEqual(origin.Length, model.Length);
        ArgumentOutOfRangeException.ThrowIfNotEqual(proxy.Length, model.Length);
        ArgumentOutOfRangeException.ThrowIfNotEqual(weights.Length, neighbours.Count);
        double square = 0;
        for (int k = 0; k < model.Length; k++)
        {
            double own = (double)model[k] - origin[k];
            square += own * own;
            proxy[k] = model[k];
        }

        if (square == 0)
        {
            return;
        }

        double norm = Math.Sqrt(square);
        double along = 0;
        for (int j = 0; j < neighbours.Count; j++)
        {
            ReadOnlySpan<float> other = neighbours[j].Span;
            double otherSquare = 0;
            double product = 0;
            for (int k = 0; k < model.Length; k++)
            {
                double update = (double)other[k] - origin[k];
                otherSquare += update * update;
                product += update * ((double)model[k] - origin[k]);
            }

            if (otherSquare == 0)
            {
                continue;
            }

            double otherNorm = Math.Sqrt(otherSquare);
            along += weights[j] * product / (norm * otherNorm);
            double scale = eta * weights[j] / (otherNorm * norm);
            for (int k = 0; k < model.Length; k++)
            {
                proxy[k] += scale * ((double)other[k] - origin[k]);
            }
        }

        double back = eta * along / square;
        for (int k = 0; k < model.Length; k++)
        {
            proxy[k] -= back * ((double)model[k] - origin[k]);
        }
    }

    /// <summary>One model step between updates u = θ − θ_0 in double precision. O(imports · p).</summary>
    /// <param name="update">u_i, p numbers.</param>
    /// <param name="neighbours">u_j of each import.</param>
    /// <param name="weights">w_ij = N_j/N_i of each import.</param>
    /// <param name="eta">η, the step's size, at least 0.</param>
    /// <param name="proxy">Receives m_i − θ_0, p numbers.</param>
    public static void Take(
        ReadOnlySpan<double> update, IReadOnlyList<double[]> neighbours, ReadOnlySpan<double> weights, double eta, Span<double> proxy)
    {
        ArgumentNullException.ThrowIfNull(neighbours);
        ArgumentOutOfRangeException.ThrowIfNotEqual(weights.Length, neighbours.Count);
        update.CopyTo(proxy);
        double norm = TensorPrimitives.Norm(update);
        if (norm == 0)
        {
            return;
        }

        double along = 0;
        for (int j = 0; j < neighbours.Count; j++)
        {
            double otherNorm = TensorPrimitives.Norm<double>(neighbours[j]);
            if (otherNorm > 0)
            {
                along += weights[j] * (TensorPrimitives.Dot(neighbours[j], update) / (norm * otherNorm));
                TensorPrimitives.MultiplyAdd(neighbours[j], eta * weights[j] / (otherNorm * norm), proxy, proxy);
            }
        }

        TensorPrimitives.MultiplyAdd(update, -eta * along / (norm * norm), proxy, proxy);
    }
}
