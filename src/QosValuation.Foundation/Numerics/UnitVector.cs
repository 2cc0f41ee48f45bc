using System.Numerics.Tensors;

namespace QosValuation.Foundation.Numerics;

/// <summary>Operations on embeddings, which are unit vectors under the L2 norm.</summary>
public static class UnitVector
{
    /// <summary>Scales a vector to unit L2 norm in place. O(d).</summary>
    /// <param name="vector">The vector; unchanged where its norm is 0 or not finite.</param>
    /// <returns>False where the norm is 0 or not finite.</returns>
    public static bool TryNormalize(Span<float> vector)
    {
        double norm = Norm(vector);
        if (!(norm > 0) || !double.IsFinite(norm))
        {
            return false;
        }

        // Dividing keeps tiny and huge norms exact where the reciprocal would overflow or flush to zero.
        for (int i = 0; i < vector.Length; i++)
        {
            vector[i] = (float)(vector[i] / norm);
        }

        return true;
    }

    /// <summary>The L2 norm, without overflow for any finite input. O(d).</summary>
    /// <param name="vector">The vector.</param>
    /// <returns>√Σx²; NaN or infinite where a component is.</returns>
    public static double Norm(ReadOnlySpan<float> vector)
    {
        double sum = 0;
        foreach (float x in vector)
        {
            sum += (double)x * x;
        }

        return Math.Sqrt(sum);
    }

    /// <summary>The inner product; the cosine where both are unit vectors. O(d), SIMD.</summary>
    /// <param name="a">A vector.</param>
    /// <param name="b">A vector of the same length.</param>
    /// <returns>Σ aᵢbᵢ.</returns>
    public static float Dot(ReadOnlySpan<float> a, ReadOnlySpan<float> b) => TensorPrimitives.Dot(a, b);
}
