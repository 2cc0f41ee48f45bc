namespace QosValuation.Attacks.Reconstruction;

/// <summary>The isotropic total variation of a picture (Rudin, Osher and Fatemi 1992), smoothed where it is flat.</summary>
internal static class TotalVariation
{
    private const double Smoothing = 1e-6;

    /// <summary>Σ√(∂x² + ∂y² + 10⁻⁶) with forward differences, divided by the number of samples. O(samples).</summary>
    /// <param name="canvas">Planes of size · size samples.</param>
    /// <param name="size">The side of a plane.</param>
    /// <returns>The mean variation.</returns>
    public static double Measure(ReadOnlySpan<float> canvas, int size)
    {
        double sum = 0;
        for (int i = 0; i < canvas.Length; i++)
        {
            (double across, double down) = Differences(canvas, size, i);
            sum += Math.Sqrt((across * across) + (down * down) + Smoothing);
        }

        return sum / canvas.Length;
    }

    /// <summary>gradient −= weight · ∂<see cref="Measure"/>/∂canvas. O(samples).</summary>
    /// <param name="canvas">Planes of size · size samples.</param>
    /// <param name="size">The side of a plane.</param>
    /// <param name="weight">λ.</param>
    /// <param name="gradient">As many numbers; changed.</param>
    public static void SubtractGradient(ReadOnlySpan<float> canvas, int size, double weight, Span<float> gradient)
    {
        double scale = weight / canvas.Length;
        for (int i = 0; i < canvas.Length; i++)
        {
            (double across, double down) = Differences(canvas, size, i);
            double factor = scale / Math.Sqrt((across * across) + (down * down) + Smoothing);
            gradient[i] += (float)(factor * (across + down));
            if (i % size < size - 1)
            {
                gradient[i + 1] -= (float)(factor * across);
            }

            if (i / size % size < size - 1)
            {
                gradient[i + size] -= (float)(factor * down);
            }
        }
    }

    private static (double Across, double Down) Differences(ReadOnlySpan<float> canvas, int size, int i) =>
        (i % size < size - 1 ? canvas[i + 1] - canvas[i] : 0, i / size % size < size - 1 ? canvas[i + size] - canvas[i] : 0);
}
