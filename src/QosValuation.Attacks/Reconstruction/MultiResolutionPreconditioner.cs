namespace QosValuation.Attacks.Reconstruction;

/// <summary>
/// The linear map Σ_r U_r·U_rᵀ·G·U_r·U_rᵀ on a canvas, U_r the bicubic upsampling from r samples to the canvas side.
/// </summary>
/// <remarks>
/// Direct Ascent Synthesis writes the canvas as the sum of upsampled components Z = Σ_r U_r·P_r·U_rᵀ and descends on every
/// P_r. With plain gradient descent at rate η each component moves by −η·U_rᵀ·G·U_r, G the gradient in the canvas, so the
/// canvas moves by −η times this map of G. It depends on nothing that is learned: components that start at zero need
/// not be kept, and one canvas takes the place of one tensor a resolution. The map costs O(R² + R·r) a resolution, since
/// a row of U_r has four entries.
/// </remarks>
internal sealed class MultiResolutionPreconditioner
{
    /// <summary>Fixed, so that the order of summation does not depend on the number of threads.</summary>
    private const int Groups = 8;

    private readonly BicubicMatrix[] _upsampling;
    private readonly float[][] _partial;
    private readonly ParallelOptions _parallel;

    /// <summary>Prepares the map.</summary>
    /// <param name="size">R, the canvas side.</param>
    /// <param name="resolutions">The component sides, each from 1 to R.</param>
    /// <param name="threads">At most so many threads; −1 for as many as there are.</param>
    public MultiResolutionPreconditioner(int size, IReadOnlyList<int> resolutions, int threads = -1)
    {
        ArgumentNullException.ThrowIfNull(resolutions);
        foreach (int resolution in resolutions)
        {
            if (resolution < 1 || resolution > size)
            {
                throw new QosValuationException(
                    Faults.ResolutionOutOfRange, $"A component's resolution must lie from 1 to the canvas side {size}, not {resolution}.", resolution);
            }
        }

        Size = size;
        _upsampling = [.. resolutions.Select(r => new BicubicMatrix(r, size))];
        _partial = new float[3 * Groups][];
        _parallel = new ParallelOptions { MaxDegreeOfParallelism = threads };
    }

    /// <summary>R, the canvas side.</summary>
    public int Size { get; }

    /// <summary>Applies the map to each of three planes.</summary>
    /// <param name="gradient">3 · R · R numbers.</param>
    /// <param name="result">Receives 3 · R · R numbers; must not overlap.</param>
    public void Apply(float[] gradient, float[] result)
    {
        int plane = Size * Size;
        Parallel.For(0, 3 * Groups, _parallel, part =>
        {
            float[] sum = _partial[part] ??= new float[plane];
            Array.Clear(sum);
            ReadOnlySpan<float> source = gradient.AsSpan(part / Groups * plane, plane);
            float[] first = new float[plane];
            float[] second = new float[plane];
            for (int i = part % Groups; i < _upsampling.Length; i += Groups)
            {
                BicubicMatrix u = _upsampling[i];
                int r = u.Samples;
                u.ApplyTransposed(source, Size, first);                     // UᵀG: r × R
                BicubicMatrix.Transpose(first, r, Size, second);            // GᵀU: R × r
                u.ApplyTransposed(second, r, first);                        // UᵀGᵀU: r × r
                u.Apply(first, r, second);                                  // U·UᵀGᵀU: R × r
                BicubicMatrix.Transpose(second, Size, r, first);            // UᵀGU·Uᵀ: r × R
                u.AddApplied(first, Size, sum);                             // U·UᵀGU·Uᵀ: R × R
            }
        });

        Parallel.For(0, 3, _parallel, channel =>
        {
            Span<float> target = result.AsSpan(channel * plane, plane);
            target.Clear();
            for (int group = 0; group < Groups; group++)
            {
                System.Numerics.Tensors.TensorPrimitives.Add(target, _partial[(channel * Groups) + group], target);
            }
        });
    }
}
