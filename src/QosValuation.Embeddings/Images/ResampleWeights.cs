using System.Collections.Concurrent;

namespace QosValuation.Embeddings.Images;

/// <summary>
/// The fixed-point weights of one pass of antialiased bicubic resampling, for a window of output positions.
/// </summary>
/// <remarks>
/// Keys' cubic kernel with a = −0.5, widened by the reduction factor; weights are normalised in double precision and
/// rounded to 22 fractional bits. This is the arithmetic of Pillow's <c>Image.resize(..., BICUBIC)</c>, to the bit.
/// </remarks>
internal sealed class ResampleWeights
{
    /// <summary>Fractional bits of a weight: 32 less 8 for the sample less 2 for overshoot.</summary>
    public const int PrecisionBits = 32 - 8 - 2;

    /// <summary>Taps that one step of the vector kernel takes.</summary>
    public const int TapsPerGroup = 4;

    /// <summary>Bits of a weight's lower part in <see cref="Packed"/>.</summary>
    public const int LowBits = 15;

    /// <summary>16-bit numbers per group in <see cref="Packed"/>: 16 upper parts, 16 lower parts.</summary>
    public const int PackedPerGroup = 32;

    private const long CacheBytes = 16L << 20;
    private static readonly ConcurrentDictionary<(int Input, double Extent, long Output, long First, int Count), ResampleWeights> Cache = new();
    private static long _cachedBytes;

    private ResampleWeights(int inputSize, double extent, long outputSize, long firstOutput, int count)
    {
        Count = count;
        FirstOutput = firstOutput;
        Starts = new int[count];
        Taps = new int[count];
        double scale = extent / outputSize;
        double stretch = Math.Max(scale, 1.0);
        double support = 2.0 * stretch;
        double inverse = 1.0 / stretch;
        Stride = (int)Math.Min((long)Math.Ceiling(support) * 2 + 1, inputSize);
        Stride = (Stride + TapsPerGroup - 1) / TapsPerGroup * TapsPerGroup;
        Values = new int[(long)count * Stride];
        double[] weights = new double[Stride];
        for (int i = 0; i < count; i++)
        {
            double centre = (firstOutput + i + 0.5) * scale;
            int start = Math.Max(0, (int)(centre - support + 0.5));
            int taps = (int)Math.Min(inputSize, (long)(centre + support + 0.5)) - start;
            double sum = 0;
            for (int k = 0; k < taps; k++)
            {
                weights[k] = Cubic((k + start - centre + 0.5) * inverse);
                sum += weights[k];
            }

            for (int k = 0; k < taps; k++)
            {
                double weight = sum == 0 ? weights[k] : weights[k] / sum;
                Values[i * Stride + k] = (int)((weight < 0 ? -0.5 : 0.5) + weight * (1 << PrecisionBits));
            }

            Starts[i] = start;
            Taps[i] = taps;
        }

        FirstInput = Starts[0];
        EndInput = Starts[count - 1] + Taps[count - 1];
        IsIdentity = inputSize == outputSize;
        Packed = Pack();
    }

    /// <summary>The number of output positions.</summary>
    public int Count { get; }

    /// <summary>The position of the first output on the whole axis.</summary>
    public long FirstOutput { get; }

    /// <summary>For each output, the first input sample it uses.</summary>
    public int[] Starts { get; }

    /// <summary>For each output, how many input samples it uses.</summary>
    public int[] Taps { get; }

    /// <summary>Weights per output in <see cref="Values"/>; those beyond an output's taps are 0.</summary>
    public int Stride { get; }

    /// <summary>The weights, <see cref="Count"/> × <see cref="Stride"/>.</summary>
    public int[] Values { get; }

    /// <summary>
    /// The weights for the 16-bit multiply-add of the vector kernel: weight = upper·2¹⁵ + lower, in pairs of neighbouring
    /// taps, each pair repeated for red, green, blue and an unused channel.
    /// </summary>
    public short[] Packed { get; }

    /// <summary>The first input sample any output uses.</summary>
    public int FirstInput { get; }

    /// <summary>One past the last input sample any output uses.</summary>
    public int EndInput { get; }

    /// <summary>Whether input and output have the same size, so that samples pass unchanged.</summary>
    public bool IsIdentity { get; }

    /// <summary>Computes the weights, or takes them from a cache bounded in bytes.</summary>
    /// <param name="inputSize">Input samples, at least 1.</param>
    /// <param name="outputSize">Output samples of the whole axis, at least 1.</param>
    /// <param name="firstOutput">The first output wanted.</param>
    /// <param name="count">How many outputs are wanted.</param>
    /// <returns>The weights; shared, never written to.</returns>
    public static ResampleWeights Get(int inputSize, long outputSize, long firstOutput, int count) =>
        Get(inputSize, inputSize, outputSize, firstOutput, count);

    /// <summary>Computes the weights for samples of which the last may cover more than there is of the picture, or takes them from the cache.</summary>
    /// <param name="inputSize">Input samples, at least 1.</param>
    /// <param name="extent">How many samples wide the picture is: at most <paramref name="inputSize"/>, and more than one less.</param>
    /// <param name="outputSize">Output samples of the whole axis, at least 1.</param>
    /// <param name="firstOutput">The first output wanted.</param>
    /// <param name="count">How many outputs are wanted.</param>
    /// <returns>The weights; shared, never written to.</returns>
    public static ResampleWeights Get(int inputSize, double extent, long outputSize, long firstOutput, int count)
    {
        (int, double, long, long, int) key = (inputSize, extent, outputSize, firstOutput, count);
        if (Cache.TryGetValue(key, out ResampleWeights? known))
        {
            return known;
        }

        var weights = new ResampleWeights(inputSize, extent, outputSize, firstOutput, count);
        long bytes = weights.Values.LongLength * 4 + weights.Packed.LongLength * 2 + count * 8L;
        if (Interlocked.Add(ref _cachedBytes, bytes) > CacheBytes)
        {
            Cache.Clear();
            Interlocked.Exchange(ref _cachedBytes, bytes);
        }

        return Cache.GetOrAdd(key, weights);
    }

    private static double Cubic(double x)
    {
        const double a = -0.5;
        x = Math.Abs(x);
        if (x < 1)
        {
            return ((a + 2) * x - (a + 3)) * x * x + 1;
        }

        return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0;
    }

    private short[] Pack()
    {
        int groups = Stride / TapsPerGroup;
        short[] packed = new short[(long)Count * groups * PackedPerGroup];
        for (int i = 0; i < Count; i++)
        {
            for (int g = 0; g < groups; g++)
            {
                Span<short> group = packed.AsSpan((i * groups + g) * PackedPerGroup, PackedPerGroup);
                for (int lane = 0; lane < 16; lane++)
                {
                    // Lanes 0–7 hold taps 0 and 1 alternately, lanes 8–15 taps 2 and 3.
                    int weight = Values[i * Stride + g * TapsPerGroup + (lane >= 8 ? 2 : 0) + (lane & 1)];
                    group[lane] = (short)(weight >> LowBits);
                    group[16 + lane] = (short)(weight & ((1 << LowBits) - 1));
                }
            }
        }

        return packed;
    }
}
