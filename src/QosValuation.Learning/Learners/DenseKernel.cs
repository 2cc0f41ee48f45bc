using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace QosValuation.Learning.Learners;

/// <summary>The two products of linear layers, in tiles that stay in registers. The same bits on every processor with fused multiply-adds.</summary>
internal static class DenseKernel
{
    private const int Step = 16;
    private const int Side = 4;

    /// <summary>Y = X·Wᵀ + b. O(rows · inputs · outputs), SIMD.</summary>
    /// <param name="inputs">Rows of <paramref name="width"/> numbers.</param>
    /// <param name="width">The length of a row.</param>
    /// <param name="places">Which rows, in order.</param>
    /// <param name="weights">W, a row an output.</param>
    /// <param name="biases">b, one an output.</param>
    /// <param name="products">Receives Y, a row a place.</param>
    public static void Products(
        ReadOnlySpan<float> inputs, int width, ReadOnlySpan<int> places, ReadOnlySpan<float> weights, ReadOnlySpan<float> biases, Span<float> products)
    {
        int outputs = biases.Length;
        Span<float> tile = stackalloc float[Side * Side];
        for (int i = 0; i < places.Length; i += Side)
        {
            int rows = Math.Min(Side, places.Length - i);
            ReadOnlySpan<float> x = inputs.Slice(places[i] * width, width);
            ReadOnlySpan<float> y = inputs.Slice(places[i + Math.Min(1, rows - 1)] * width, width);
            ReadOnlySpan<float> z = inputs.Slice(places[i + Math.Min(2, rows - 1)] * width, width);
            ReadOnlySpan<float> w = inputs.Slice(places[i + Math.Min(3, rows - 1)] * width, width);
            for (int o = 0; o < outputs; o += Side)
            {
                // Rows and outputs past the end repeat the last one.
                int columns = Math.Min(Side, outputs - o);
                ReadOnlySpan<float> a = weights.Slice(o * width, width);
                ReadOnlySpan<float> b = weights.Slice((o + Math.Min(1, columns - 1)) * width, width);
                ReadOnlySpan<float> c = weights.Slice((o + Math.Min(2, columns - 1)) * width, width);
                ReadOnlySpan<float> d = weights.Slice((o + Math.Min(3, columns - 1)) * width, width);
                Tile(x, y, z, w, a, b, c, d, tile);
                for (int r = 0; r < rows; r++)
                {
                    for (int s = 0; s < columns; s++)
                    {
                        products[((i + r) * outputs) + o + s] = tile[(r * Side) + s] + biases[o + s];
                    }
                }
            }
        }
    }

    /// <summary>Adds to each target t the sum over sources s of coefficient(s, t) · source s. O(sources · targets · width), SIMD.</summary>
    /// <param name="sources">Rows of <paramref name="width"/> numbers.</param>
    /// <param name="width">The length of a row.</param>
    /// <param name="places">Which rows, in order.</param>
    /// <param name="coefficients">Coefficient (s, t) at s · <paramref name="sourceStride"/> + t · <paramref name="targetStride"/>.</param>
    /// <param name="sourceStride">The distance of the coefficients of two sources.</param>
    /// <param name="targetStride">The distance of the coefficients of two targets.</param>
    /// <param name="targets">Rows of <paramref name="width"/> numbers; they are added to.</param>
    /// <param name="count">The number of targets.</param>
    public static void AddSums(
        ReadOnlySpan<float> sources, int width, ReadOnlySpan<int> places, ReadOnlySpan<float> coefficients, int sourceStride, int targetStride,
        Span<float> targets, int count)
    {
        for (int t = 0; t < count; t += Side)
        {
            int rows = Math.Min(Side, count - t);
            int k = 0;
            for (; rows == Side && k <= width - (Side * Step); k += Side * Step)
            {
                Block(sources, width, places, coefficients[(t * targetStride)..], sourceStride, targetStride, targets[(t * width)..], k);
            }

            for (int r = 0; r < rows; r++)
            {
                Rest(sources, width, places, coefficients[((t + r) * targetStride)..], sourceStride, targets.Slice((t + r) * width, width), k);
            }
        }
    }

    /// <summary>|v|² in double precision. O(n), SIMD; the same on every machine.</summary>
    /// <param name="vector">v.</param>
    /// <returns>The sum of the squares.</returns>
    public static double SumOfSquares(ReadOnlySpan<float> vector)
    {
        Vector512<double> low = default, high = default;
        ref float first = ref MemoryMarshal.GetReference(vector);
        int k = 0;
        for (; k <= vector.Length - Step; k += Step)
        {
            (Vector512<double> lower, Vector512<double> upper) = Vector512.Widen(Vector512.LoadUnsafe(ref first, (nuint)k));
            low = Vector512.FusedMultiplyAdd(lower, lower, low);
            high = Vector512.FusedMultiplyAdd(upper, upper, high);
        }

        Vector512<double> eight = low + high;
        Vector256<double> four = eight.GetLower() + eight.GetUpper();
        Vector128<double> two = four.GetLower() + four.GetUpper();
        double sum = two[0] + two[1];
        for (; k < vector.Length; k++)
        {
            sum += (double)vector[k] * vector[k];
        }

        return sum;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile(
        ReadOnlySpan<float> x, ReadOnlySpan<float> y, ReadOnlySpan<float> z, ReadOnlySpan<float> w,
        ReadOnlySpan<float> a, ReadOnlySpan<float> b, ReadOnlySpan<float> c, ReadOnlySpan<float> d, Span<float> sums)
    {
        Vector512<float> xa = default, xb = default, xc = default, xd = default;
        Vector512<float> ya = default, yb = default, yc = default, yd = default;
        Vector512<float> za = default, zb = default, zc = default, zd = default;
        Vector512<float> wa = default, wb = default, wc = default, wd = default;
        ref float rx = ref MemoryMarshal.GetReference(x);
        ref float ry = ref MemoryMarshal.GetReference(y);
        ref float rz = ref MemoryMarshal.GetReference(z);
        ref float rw = ref MemoryMarshal.GetReference(w);
        ref float ra = ref MemoryMarshal.GetReference(a);
        ref float rb = ref MemoryMarshal.GetReference(b);
        ref float rc = ref MemoryMarshal.GetReference(c);
        ref float rd = ref MemoryMarshal.GetReference(d);
        int whole = x.Length - (x.Length % Step);
        for (int k = 0; k < whole; k += Step)
        {
            var va = Vector512.LoadUnsafe(ref ra, (nuint)k);
            var vb = Vector512.LoadUnsafe(ref rb, (nuint)k);
            var vc = Vector512.LoadUnsafe(ref rc, (nuint)k);
            var vd = Vector512.LoadUnsafe(ref rd, (nuint)k);
            var row = Vector512.LoadUnsafe(ref rx, (nuint)k);
            xa = Vector512.FusedMultiplyAdd(row, va, xa);
            xb = Vector512.FusedMultiplyAdd(row, vb, xb);
            xc = Vector512.FusedMultiplyAdd(row, vc, xc);
            xd = Vector512.FusedMultiplyAdd(row, vd, xd);
            row = Vector512.LoadUnsafe(ref ry, (nuint)k);
            ya = Vector512.FusedMultiplyAdd(row, va, ya);
            yb = Vector512.FusedMultiplyAdd(row, vb, yb);
            yc = Vector512.FusedMultiplyAdd(row, vc, yc);
            yd = Vector512.FusedMultiplyAdd(row, vd, yd);
            row = Vector512.LoadUnsafe(ref rz, (nuint)k);
            za = Vector512.FusedMultiplyAdd(row, va, za);
            zb = Vector512.FusedMultiplyAdd(row, vb, zb);
            zc = Vector512.FusedMultiplyAdd(row, vc, zc);
            zd = Vector512.FusedMultiplyAdd(row, vd, zd);
            row = Vector512.LoadUnsafe(ref rw, (nuint)k);
            wa = Vector512.FusedMultiplyAdd(row, va, wa);
            wb = Vector512.FusedMultiplyAdd(row, vb, wb);
            wc = Vector512.FusedMultiplyAdd(row, vc, wc);
            wd = Vector512.FusedMultiplyAdd(row, vd, wd);
        }

        sums[0] = Lanes(xa);
        sums[1] = Lanes(xb);
        sums[2] = Lanes(xc);
        sums[3] = Lanes(xd);
        sums[4] = Lanes(ya);
        sums[5] = Lanes(yb);
        sums[6] = Lanes(yc);
        sums[7] = Lanes(yd);
        sums[8] = Lanes(za);
        sums[9] = Lanes(zb);
        sums[10] = Lanes(zc);
        sums[11] = Lanes(zd);
        sums[12] = Lanes(wa);
        sums[13] = Lanes(wb);
        sums[14] = Lanes(wc);
        sums[15] = Lanes(wd);
        for (int k = whole; k < x.Length; k++)
        {
            Last(x[k], k, a, b, c, d, sums);
            Last(y[k], k, a, b, c, d, sums[4..]);
            Last(z[k], k, a, b, c, d, sums[8..]);
            Last(w[k], k, a, b, c, d, sums[12..]);
        }
    }

    private static void Last(
        float value, int k, ReadOnlySpan<float> a, ReadOnlySpan<float> b, ReadOnlySpan<float> c, ReadOnlySpan<float> d, Span<float> sums)
    {
        sums[0] = MathF.FusedMultiplyAdd(value, a[k], sums[0]);
        sums[1] = MathF.FusedMultiplyAdd(value, b[k], sums[1]);
        sums[2] = MathF.FusedMultiplyAdd(value, c[k], sums[2]);
        sums[3] = MathF.FusedMultiplyAdd(value, d[k], sums[3]);
    }

    // The sum of sixteen lanes, halves first: the order does not depend on the processor.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float Lanes(Vector512<float> vector)
    {
        Vector256<float> eight = vector.GetLower() + vector.GetUpper();
        Vector128<float> four = eight.GetLower() + eight.GetUpper();
        Vector128<float> two = four + Vector128.Shuffle(four, Vector128.Create(2, 3, 0, 1));
        return two[0] + two[1];
    }

    // Four targets by sixty-four components.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Block(
        ReadOnlySpan<float> sources, int width, ReadOnlySpan<int> places, ReadOnlySpan<float> coefficients, int sourceStride, int targetStride,
        Span<float> targets, int k)
    {
        ref float target = ref targets[k];
        ref float last = ref targets[(3 * width) + k + (Side * Step) - 1];
        _ = last;
        var a0 = Vector512.LoadUnsafe(ref target, 0);
        var a1 = Vector512.LoadUnsafe(ref target, Step);
        var a2 = Vector512.LoadUnsafe(ref target, 2 * Step);
        var a3 = Vector512.LoadUnsafe(ref target, 3 * Step);
        ref float second = ref Unsafe.Add(ref target, width);
        var b0 = Vector512.LoadUnsafe(ref second, 0);
        var b1 = Vector512.LoadUnsafe(ref second, Step);
        var b2 = Vector512.LoadUnsafe(ref second, 2 * Step);
        var b3 = Vector512.LoadUnsafe(ref second, 3 * Step);
        ref float third = ref Unsafe.Add(ref second, width);
        var c0 = Vector512.LoadUnsafe(ref third, 0);
        var c1 = Vector512.LoadUnsafe(ref third, Step);
        var c2 = Vector512.LoadUnsafe(ref third, 2 * Step);
        var c3 = Vector512.LoadUnsafe(ref third, 3 * Step);
        ref float fourth = ref Unsafe.Add(ref third, width);
        var d0 = Vector512.LoadUnsafe(ref fourth, 0);
        var d1 = Vector512.LoadUnsafe(ref fourth, Step);
        var d2 = Vector512.LoadUnsafe(ref fourth, 2 * Step);
        var d3 = Vector512.LoadUnsafe(ref fourth, 3 * Step);
        for (int s = 0; s < places.Length; s++)
        {
            ref float source = ref MemoryMarshal.GetReference(sources.Slice((places[s] * width) + k, Side * Step));
            ReadOnlySpan<float> factors = coefficients.Slice(s * sourceStride, (3 * targetStride) + 1);
            var v0 = Vector512.LoadUnsafe(ref source, 0);
            var v1 = Vector512.LoadUnsafe(ref source, Step);
            var v2 = Vector512.LoadUnsafe(ref source, 2 * Step);
            var v3 = Vector512.LoadUnsafe(ref source, 3 * Step);
            var factor = Vector512.Create(factors[0]);
            a0 = Vector512.FusedMultiplyAdd(factor, v0, a0);
            a1 = Vector512.FusedMultiplyAdd(factor, v1, a1);
            a2 = Vector512.FusedMultiplyAdd(factor, v2, a2);
            a3 = Vector512.FusedMultiplyAdd(factor, v3, a3);
            factor = Vector512.Create(factors[targetStride]);
            b0 = Vector512.FusedMultiplyAdd(factor, v0, b0);
            b1 = Vector512.FusedMultiplyAdd(factor, v1, b1);
            b2 = Vector512.FusedMultiplyAdd(factor, v2, b2);
            b3 = Vector512.FusedMultiplyAdd(factor, v3, b3);
            factor = Vector512.Create(factors[2 * targetStride]);
            c0 = Vector512.FusedMultiplyAdd(factor, v0, c0);
            c1 = Vector512.FusedMultiplyAdd(factor, v1, c1);
            c2 = Vector512.FusedMultiplyAdd(factor, v2, c2);
            c3 = Vector512.FusedMultiplyAdd(factor, v3, c3);
            factor = Vector512.Create(factors[3 * targetStride]);
            d0 = Vector512.FusedMultiplyAdd(factor, v0, d0);
            d1 = Vector512.FusedMultiplyAdd(factor, v1, d1);
            d2 = Vector512.FusedMultiplyAdd(factor, v2, d2);
            d3 = Vector512.FusedMultiplyAdd(factor, v3, d3);
        }

        Put(ref target, a0, a1, a2, a3);
        Put(ref second, b0, b1, b2, b3);
        Put(ref third, c0, c1, c2, c3);
        Put(ref fourth, d0, d1, d2, d3);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put(ref float target, Vector512<float> v0, Vector512<float> v1, Vector512<float> v2, Vector512<float> v3)
    {
        v0.StoreUnsafe(ref target, 0);
        v1.StoreUnsafe(ref target, Step);
        v2.StoreUnsafe(ref target, 2 * Step);
        v3.StoreUnsafe(ref target, 3 * Step);
    }

    // One target from component k on.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Rest(
        ReadOnlySpan<float> sources, int width, ReadOnlySpan<int> places, ReadOnlySpan<float> coefficients, int sourceStride, Span<float> target, int k)
    {
        for (; k <= width - (Side * Step); k += Side * Step)
        {
            ref float sum = ref MemoryMarshal.GetReference(target.Slice(k, Side * Step));
            var v0 = Vector512.LoadUnsafe(ref sum, 0);
            var v1 = Vector512.LoadUnsafe(ref sum, Step);
            var v2 = Vector512.LoadUnsafe(ref sum, 2 * Step);
            var v3 = Vector512.LoadUnsafe(ref sum, 3 * Step);
            for (int s = 0; s < places.Length; s++)
            {
                ref float source = ref MemoryMarshal.GetReference(sources.Slice((places[s] * width) + k, Side * Step));
                var factor = Vector512.Create(coefficients[s * sourceStride]);
                v0 = Vector512.FusedMultiplyAdd(factor, Vector512.LoadUnsafe(ref source, 0), v0);
                v1 = Vector512.FusedMultiplyAdd(factor, Vector512.LoadUnsafe(ref source, Step), v1);
                v2 = Vector512.FusedMultiplyAdd(factor, Vector512.LoadUnsafe(ref source, 2 * Step), v2);
                v3 = Vector512.FusedMultiplyAdd(factor, Vector512.LoadUnsafe(ref source, 3 * Step), v3);
            }

            Put(ref sum, v0, v1, v2, v3);
        }

        for (; k <= width - Step; k += Step)
        {
            ref float sum = ref MemoryMarshal.GetReference(target.Slice(k, Step));
            var total = Vector512.LoadUnsafe(ref sum);
            for (int s = 0; s < places.Length; s++)
            {
                ref float source = ref MemoryMarshal.GetReference(sources.Slice((places[s] * width) + k, Step));
                total = Vector512.FusedMultiplyAdd(Vector512.Create(coefficients[s * sourceStride]), Vector512.LoadUnsafe(ref source), total);
            }

            total.StoreUnsafe(ref sum);
        }

        for (; k < width; k++)
        {
            float sum = target[k];
            for (int s = 0; s < places.Length; s++)
            {
                sum = MathF.FusedMultiplyAdd(coefficients[s * sourceStride], sources[(places[s] * width) + k], sum);
            }

            target[k] = sum;
        }
    }
}
