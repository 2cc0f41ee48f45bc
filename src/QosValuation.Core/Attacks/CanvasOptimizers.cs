using System.Numerics.Tensors;

namespace QosValuation.Attacks;

/// <summary>Moves the canvas uphill.</summary>
internal interface ICanvasOptimizer
{
    /// <summary>One step.</summary>
    /// <param name="raw">The canvas before tanh, 3 · R · R numbers; moved.</param>
    /// <param name="gradient">The gradient of what is to be raised, in the same numbers.</param>
    void Ascend(float[] raw, float[] gradient);
}

/// <summary>Plain gradient descent on components of several resolutions, as one canvas: see <see cref="MultiResolutionPreconditioner"/>.</summary>
internal sealed class PreconditionedDescent(int size, IReadOnlyList<int> resolutions, double learningRate) : ICanvasOptimizer
{
    private readonly MultiResolutionPreconditioner _preconditioner = new(size, resolutions);
    private readonly float[] _step = new float[3 * size * size];

    /// <inheritdoc/>
    public void Ascend(float[] raw, float[] gradient)
    {
        _preconditioner.Apply(gradient, _step);
        TensorPrimitives.MultiplyAdd(_step, (float)learningRate, raw, raw);
    }
}

/// <summary>Adam (Kingma and Ba, ICLR 2015, algorithm 1) with its own constants: β₁ = 0.9, β₂ = 0.999, ε = 10⁻⁸.</summary>
internal sealed class AdamOptimizer(double learningRate) : ICanvasOptimizer
{
    private const double Beta1 = 0.9;
    private const double Beta2 = 0.999;
    private const double Epsilon = 1e-8;

    private double[] _mean = [];
    private double[] _square = [];
    private double _power1 = 1;
    private double _power2 = 1;

    /// <inheritdoc/>
    public void Ascend(float[] raw, float[] gradient)
    {
        if (_mean.Length == 0)
        {
            _mean = new double[raw.Length];
            _square = new double[raw.Length];
        }

        _power1 *= Beta1;
        _power2 *= Beta2;
        for (int i = 0; i < raw.Length; i++)
        {
            double g = gradient[i];
            _mean[i] = (Beta1 * _mean[i]) + ((1 - Beta1) * g);
            _square[i] = (Beta2 * _square[i]) + ((1 - Beta2) * g * g);
            raw[i] += (float)(learningRate * (_mean[i] / (1 - _power1)) / (Math.Sqrt(_square[i] / (1 - _power2)) + Epsilon));
        }
    }
}

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
