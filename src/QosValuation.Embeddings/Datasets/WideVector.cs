namespace QosValuation.Embeddings.Datasets;

/// <summary>Turns vectors of 64-bit floats into vectors of 32-bit floats without losing their direction.</summary>
public static class WideVector
{
    // Below this, components that matter beside the largest would be subnormal as 32-bit floats and lose digits.
    private const double Smallest = 1e-30;

    /// <summary>Scales a vector to unit L2 norm in double precision, then rounds it to floats. O(d).</summary>
    /// <param name="wide">The vector, of any finite length above 0.</param>
    /// <param name="unit">Receives the unit vector; as long as the vector, and unchanged where there is none.</param>
    /// <returns>False where the vector is zero or holds NaN or an infinite number.</returns>
    public static bool TryNormalize(ReadOnlySpan<double> wide, Span<float> unit)
    {
        if (!TryScale(wide, out int shift))
        {
            return false;
        }

        double square = 0;
        foreach (double x in wide)
        {
            double scaled = Math.ScaleB(x, shift);
            square += scaled * scaled;
        }

        double norm = Math.Sqrt(square);
        for (int i = 0; i < wide.Length; i++)
        {
            unit[i] = (float)(Math.ScaleB(wide[i], shift) / norm);
        }

        return true;
    }

    /// <summary>
    /// Rounds a vector to floats. Where its largest component is too small or too large for a 32-bit float, the vector is first scaled by
    /// a power of two, which keeps its direction. O(d).
    /// </summary>
    /// <param name="wide">The vector.</param>
    /// <returns>A vector of the same direction; of the same length too, where 32-bit floats can hold it.</returns>
    public static float[] Narrow(ReadOnlySpan<double> wide)
    {
        double largest = 0;
        foreach (double x in wide)
        {
            largest = Math.Max(largest, Math.Abs(x));
        }

        int shift = 0;
        if (largest is < Smallest or > float.MaxValue && !TryScale(wide, out shift))
        {
            shift = 0;
        }

        float[] result = new float[wide.Length];
        for (int i = 0; i < result.Length; i++)
        {
            result[i] = (float)Math.ScaleB(wide[i], shift);
        }

        return result;
    }

    /// <summary>Whether a vector is all zeros. O(d).</summary>
    /// <param name="wide">The vector.</param>
    /// <returns>True where no component differs from 0.</returns>
    internal static bool IsZero(ReadOnlySpan<double> wide) => wide.IndexOfAnyExcept(0.0) < 0;

    // The power of two that brings the largest component between 1 and 2, so that squares neither overflow nor vanish.
    private static bool TryScale(ReadOnlySpan<double> wide, out int shift)
    {
        double largest = 0;
        foreach (double x in wide)
        {
            largest = Math.Max(largest, Math.Abs(x));
        }

        bool isUsable = largest > 0 && double.IsFinite(largest);
        shift = isUsable ? -Math.ILogB(largest) : 0;
        return isUsable;
    }
}
