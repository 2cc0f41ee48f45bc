using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace QosValuation.Embeddings.Images;

/// <summary>Which code runs the horizontal pass; all give the same bytes.</summary>
internal enum ResampleKernel
{
    /// <summary>The fastest that this processor has.</summary>
    Best,

    /// <summary>16-bit multiply-add over four taps and four rows at once (x86-64 with AVX2).</summary>
    Avx2,

    /// <summary>One pixel in a 128-bit vector (every SIMD processor).</summary>
    Vector128,

    /// <summary>Plain integers.</summary>
    Scalar,
}

/// <summary>
/// The two passes of bicubic resampling of 8-bit RGB in fixed point, with rounding to 8 bits between them. All sums are
/// 32-bit integers, so every kernel gives the same bytes.
/// </summary>
internal static unsafe class BicubicResampler
{
    private const int Half = 1 << (ResampleWeights.PrecisionBits - 1);

    /// <summary>The fastest kernel that this processor has.</summary>
    public static ResampleKernel BestKernel { get; } = Avx2.IsSupported
        ? ResampleKernel.Avx2
        : Vector128.IsHardwareAccelerated ? ResampleKernel.Vector128 : ResampleKernel.Scalar;

    /// <summary>Resamples rows to the weights' window of columns. O(rows · columns · taps).</summary>
    /// <param name="source">The rows, 3 bytes a pixel; 32 bytes beyond the last may be read (and are multiplied by 0).</param>
    /// <param name="sourceStride">Bytes from one row to the next.</param>
    /// <param name="rows">The number of rows.</param>
    /// <param name="weights">The weights along a row.</param>
    /// <param name="output">Receives the rows; one stray byte may be written after each.</param>
    /// <param name="outputStride">Bytes from one row to the next: more than 3 × <see cref="ResampleWeights.Count"/>.</param>
    /// <param name="kernel">Which code to use.</param>
    public static void Horizontal(
        byte* source, nint sourceStride, int rows, ResampleWeights weights, byte* output, nint outputStride, ResampleKernel kernel = ResampleKernel.Best)
    {
        if (weights.IsIdentity)
        {
            for (int y = 0; y < rows; y++)
            {
                Buffer.MemoryCopy(source + y * sourceStride + weights.FirstOutput * 3, output + y * outputStride, outputStride, weights.Count * 3L);
            }

            return;
        }

        switch (kernel == ResampleKernel.Best ? BestKernel : kernel)
        {
            case ResampleKernel.Avx2:
                HorizontalAvx2(source, sourceStride, rows, weights, output, outputStride);
                break;
            case ResampleKernel.Vector128:
                HorizontalVector128(source, sourceStride, rows, weights, output, outputStride);
                break;
            default:
                HorizontalScalar(source, sourceStride, rows, weights, output, outputStride);
                break;
        }
    }

    /// <summary>Resamples columns: combines rows of the horizontal pass. O(rows · columns · taps).</summary>
    /// <param name="source">The row numbered <see cref="ResampleWeights.FirstInput"/> and those that follow.</param>
    /// <param name="sourceStride">Bytes from one row to the next.</param>
    /// <param name="rowBytes">Bytes of a row.</param>
    /// <param name="weights">The weights along a column.</param>
    /// <param name="output">Receives <see cref="ResampleWeights.Count"/> rows without gaps.</param>
    /// <param name="scalar">Whether to use plain integers only.</param>
    public static void Vertical(byte* source, nint sourceStride, int rowBytes, ResampleWeights weights, byte* output, bool scalar = false)
    {
        if (weights.IsIdentity)
        {
            for (int y = 0; y < weights.Count; y++)
            {
                Buffer.MemoryCopy(source + (weights.FirstOutput + y - weights.FirstInput) * sourceStride, output + (long)y * rowBytes, rowBytes, rowBytes);
            }

            return;
        }

        bool vector = !scalar && Vector.IsHardwareAccelerated && rowBytes >= Vector<byte>.Count;
        fixed (int* values = weights.Values)
        {
            for (int y = 0; y < weights.Count; y++)
            {
                byte* first = source + (weights.Starts[y] - weights.FirstInput) * sourceStride;
                int* row = values + (long)y * weights.Stride;
                int taps = weights.Taps[y];
                byte* to = output + (long)y * rowBytes;
                if (!vector)
                {
                    VerticalScalar(first, sourceStride, row, taps, to, rowBytes);
                    continue;
                }

                int x = 0;
                for (; x <= rowBytes - Vector<byte>.Count; x += Vector<byte>.Count)
                {
                    VerticalVector(first + x, sourceStride, row, taps, to + x);
                }

                if (x < rowBytes)
                {
                    // The last vector overlaps the one before it and writes the same bytes again.
                    x = rowBytes - Vector<byte>.Count;
                    VerticalVector(first + x, sourceStride, row, taps, to + x);
                }
            }
        }
    }

    private static void HorizontalScalar(byte* source, nint sourceStride, int rows, ResampleWeights weights, byte* output, nint outputStride)
    {
        for (int y = 0; y < rows; y++)
        {
            for (int x = 0; x < weights.Count; x++)
            {
                byte* from = source + y * sourceStride + 3L * weights.Starts[x];
                ReadOnlySpan<int> values = weights.Values.AsSpan(x * weights.Stride, weights.Taps[x]);
                int red = Half, green = Half, blue = Half;
                for (int k = 0; k < values.Length; k++)
                {
                    red += from[3 * k] * values[k];
                    green += from[3 * k + 1] * values[k];
                    blue += from[3 * k + 2] * values[k];
                }

                byte* to = output + y * outputStride + 3 * x;
                to[0] = Clip(red);
                to[1] = Clip(green);
                to[2] = Clip(blue);
            }
        }
    }

    private static void HorizontalVector128(byte* source, nint sourceStride, int rows, ResampleWeights weights, byte* output, nint outputStride)
    {
        fixed (int* values = weights.Values, starts = weights.Starts, taps = weights.Taps)
        {
            for (int y = 0; y < rows; y++)
            {
                byte* row = source + y * sourceStride;
                byte* to = output + y * outputStride;
                for (int x = 0; x < weights.Count; x++)
                {
                    byte* from = row + 3L * starts[x];
                    int* weight = values + (long)x * weights.Stride;
                    Vector128<int> sum = Vector128.Create(Half);
                    for (int k = 0; k < taps[x]; k++)
                    {
                        // Four bytes: a pixel and one stray sample, whose lane is never written.
                        Vector128<byte> pixel = Vector128.CreateScalarUnsafe(Unsafe.ReadUnaligned<uint>(from + 3 * k)).AsByte();
                        sum += Vector128.WidenLower(Vector128.WidenLower(pixel)).AsInt32() * Vector128.Create(weight[k]);
                    }

                    to[3 * x] = Clip(sum.GetElement(0));
                    to[3 * x + 1] = Clip(sum.GetElement(1));
                    to[3 * x + 2] = Clip(sum.GetElement(2));
                }
            }
        }
    }

    private static void HorizontalAvx2(byte* source, nint sourceStride, int rows, ResampleWeights weights, byte* output, nint outputStride)
    {
        const byte None = 0x80;
        int groupsPerOutput = weights.Stride / ResampleWeights.TapsPerGroup;

        // Twelve bytes (four pixels) become pairs of neighbouring pixels' samples as 16-bit numbers: pixels 0 and 1 in the
        // lower half, 2 and 3 in the upper.
        Vector256<byte> spread = Vector256.Create(
            0, None, 3, None, 1, None, 4, None, 2, None, 5, None, None, None, None, None,
            6, None, 9, None, 7, None, 10, None, 8, None, 11, None, None, None, None, None);
        Vector128<int> half = Vector128.Create(Half);
        fixed (short* packed = weights.Packed)
        fixed (int* starts = weights.Starts, taps = weights.Taps)
        {
            for (int y = 0; y < rows; y += 4)
            {
                // Beyond the last row the last row is done again.
                byte* row0 = source + y * sourceStride;
                byte* row1 = source + Math.Min(y + 1, rows - 1) * sourceStride;
                byte* row2 = source + Math.Min(y + 2, rows - 1) * sourceStride;
                byte* row3 = source + Math.Min(y + 3, rows - 1) * sourceStride;
                byte* to0 = output + y * outputStride;
                byte* to1 = output + Math.Min(y + 1, rows - 1) * outputStride;
                byte* to2 = output + Math.Min(y + 2, rows - 1) * outputStride;
                byte* to3 = output + Math.Min(y + 3, rows - 1) * outputStride;
                for (int x = 0; x < weights.Count; x++)
                {
                    short* weight = packed + (long)x * groupsPerOutput * ResampleWeights.PackedPerGroup;
                    int groups = (taps[x] + ResampleWeights.TapsPerGroup - 1) / ResampleWeights.TapsPerGroup;
                    nint at = (nint)starts[x] * 3;
                    Vector256<int> upper0 = default, upper1 = default, upper2 = default, upper3 = default;
                    Vector256<int> lower0 = default, lower1 = default, lower2 = default, lower3 = default;
                    for (int g = 0; g < groups; g++)
                    {
                        Vector256<short> upper = Vector256.Load(weight);
                        Vector256<short> lower = Vector256.Load(weight + 16);
                        Vector256<short> pixels = Avx2.Shuffle(Avx2.BroadcastVector128ToVector256(row0 + at), spread).AsInt16();
                        upper0 += Avx2.MultiplyAddAdjacent(pixels, upper);
                        lower0 += Avx2.MultiplyAddAdjacent(pixels, lower);
                        pixels = Avx2.Shuffle(Avx2.BroadcastVector128ToVector256(row1 + at), spread).AsInt16();
                        upper1 += Avx2.MultiplyAddAdjacent(pixels, upper);
                        lower1 += Avx2.MultiplyAddAdjacent(pixels, lower);
                        pixels = Avx2.Shuffle(Avx2.BroadcastVector128ToVector256(row2 + at), spread).AsInt16();
                        upper2 += Avx2.MultiplyAddAdjacent(pixels, upper);
                        lower2 += Avx2.MultiplyAddAdjacent(pixels, lower);
                        pixels = Avx2.Shuffle(Avx2.BroadcastVector128ToVector256(row3 + at), spread).AsInt16();
                        upper3 += Avx2.MultiplyAddAdjacent(pixels, upper);
                        lower3 += Avx2.MultiplyAddAdjacent(pixels, lower);
                        weight += ResampleWeights.PackedPerGroup;
                        at += ResampleWeights.TapsPerGroup * 3;
                    }

                    Vector128<short> first = Sse2.PackSignedSaturate(Finish(upper0, lower0, half), Finish(upper1, lower1, half));
                    Vector128<short> second = Sse2.PackSignedSaturate(Finish(upper2, lower2, half), Finish(upper3, lower3, half));
                    Vector128<uint> bytes = Sse2.PackUnsignedSaturate(first, second).AsUInt32();
                    Unsafe.WriteUnaligned(to0, bytes.GetElement(0));
                    Unsafe.WriteUnaligned(to1, bytes.GetElement(1));
                    Unsafe.WriteUnaligned(to2, bytes.GetElement(2));
                    Unsafe.WriteUnaligned(to3, bytes.GetElement(3));
                    to0 += 3;
                    to1 += 3;
                    to2 += 3;
                    to3 += 3;
                }
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<int> Finish(Vector256<int> upper, Vector256<int> lower, Vector128<int> half)
    {
        Vector256<int> sum = Vector256.ShiftLeft(upper, ResampleWeights.LowBits) + lower;
        return Vector128.ShiftRightArithmetic(sum.GetLower() + sum.GetUpper() + half, ResampleWeights.PrecisionBits);
    }

    private static void VerticalScalar(byte* source, nint sourceStride, int* weights, int taps, byte* output, int rowBytes)
    {
        for (int x = 0; x < rowBytes; x++)
        {
            int sum = Half;
            byte* from = source + x;
            for (int k = 0; k < taps; k++, from += sourceStride)
            {
                sum += *from * weights[k];
            }

            output[x] = Clip(sum);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void VerticalVector(byte* source, nint sourceStride, int* weights, int taps, byte* output)
    {
        Vector<int> sum0 = new(Half), sum1 = sum0, sum2 = sum0, sum3 = sum0;
        for (int k = 0; k < taps; k++, source += sourceStride)
        {
            Vector<int> weight = new(weights[k]);
            Vector.Widen(Unsafe.ReadUnaligned<Vector<byte>>(source), out Vector<ushort> low, out Vector<ushort> high);
            Vector.Widen(low, out Vector<uint> part0, out Vector<uint> part1);
            Vector.Widen(high, out Vector<uint> part2, out Vector<uint> part3);
            sum0 += Vector.AsVectorInt32(part0) * weight;
            sum1 += Vector.AsVectorInt32(part1) * weight;
            sum2 += Vector.AsVectorInt32(part2) * weight;
            sum3 += Vector.AsVectorInt32(part3) * weight;
        }

        Vector<ushort> first = Vector.Narrow(ClipVector(sum0), ClipVector(sum1));
        Vector<ushort> second = Vector.Narrow(ClipVector(sum2), ClipVector(sum3));
        Unsafe.WriteUnaligned(output, Vector.Narrow(first, second));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<uint> ClipVector(Vector<int> sum) =>
        Vector.AsVectorUInt32(Vector.Min(Vector.Max(Vector.ShiftRightArithmetic(sum, ResampleWeights.PrecisionBits), Vector<int>.Zero), new Vector<int>(255)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static byte Clip(int sum) => (byte)Math.Clamp(sum >> ResampleWeights.PrecisionBits, 0, 255);
}
