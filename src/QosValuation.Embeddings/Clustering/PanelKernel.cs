using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace QosValuation.Embeddings.Clustering;

/// <summary>
/// Inner products of records with panels of 48 centroids, a multiply-add for each lane: the kernel of online clustering.
/// </summary>
/// <remarks>
/// <para>A panel holds component k of its 48 centroids side by side, so that a product needs no sum across lanes: lane c of the
/// accumulator is fma(x[k], centroid c[k], accumulator). Chains of 64 multiply-adds start at zero and are added up in order.
/// This order, and with it every bit of a product, is the same for one record as for eight, for vectors of any width and for
/// any number of threads; <see cref="Reference"/> states it in scalar arithmetic. Short chains keep the rounding error of a
/// product of unit vectors near 1e-7.</para>
/// <para>Vectors of 512 bits: eight records by 48 centroids in 24 accumulators, eleven loads for 24 multiply-adds a step.
/// Otherwise four records by three of the processor's vectors (12 accumulators, which sixteen registers can hold).</para>
/// </remarks>
internal static unsafe class PanelKernel
{
    /// <summary>Centroids in a panel.</summary>
    public const int Columns = 48;

    /// <summary>Records in a tile.</summary>
    public const int Rows = 8;

    /// <summary>Multiply-adds in a chain.</summary>
    public const int Chain = 64;

    /// <summary>The products of eight records with the centroids of a panel. O(384·d).</summary>
    /// <param name="records">Component k of the eight records at 8·k.</param>
    /// <param name="panel">Component k of the 48 centroids at 48·k.</param>
    /// <param name="dimension">The number of components.</param>
    /// <param name="products">Receives 48 products a record.</param>
    /// <param name="stride">The distance between the products of two records.</param>
    /// <param name="continues">Whether these are later components, a whole number of chains after the first, and add to the products.</param>
    public static void Tile(float* records, float* panel, int dimension, float* products, nint stride, bool continues)
    {
        if (Vector512.IsHardwareAccelerated)
        {
            Tile512(records, panel, dimension, products, stride, continues);
        }
        else
        {
            TilePortable(records, panel, dimension, products, stride, continues);
        }
    }

    /// <summary>The products of one record with the centroids of a panel. O(48·d).</summary>
    /// <param name="record">The record's components.</param>
    /// <param name="panel">Component k of the 48 centroids at 48·k.</param>
    /// <param name="dimension">The number of components.</param>
    /// <param name="products">Receives 48 products.</param>
    public static void Row(float* record, float* panel, int dimension, float* products)
    {
        if (Vector512.IsHardwareAccelerated)
        {
            Row512(record, panel, dimension, products);
        }
        else
        {
            RowPortable(record, panel, dimension, products);
        }
    }

    /// <summary>One product as the kernels compute it, in scalar arithmetic: what every width must reproduce to the bit.</summary>
    /// <param name="x">A vector.</param>
    /// <param name="y">A vector of the same length.</param>
    /// <returns>The inner product.</returns>
    public static float Reference(ReadOnlySpan<float> x, ReadOnlySpan<float> y)
    {
        float sum = 0;
        for (int start = 0; start < x.Length; start += Chain)
        {
            float chain = 0;
            for (int k = start; k < Math.Min(x.Length, start + Chain); k++)
            {
                chain = MathF.FusedMultiplyAdd(x[k], y[k], chain);
            }

            sum = start == 0 ? chain : sum + chain;
        }

        return sum;
    }

    /// <summary>The first of the largest values. O(n), SIMD.</summary>
    /// <param name="values">Finite values, or negative infinity where a value does not count.</param>
    /// <param name="count">How many, at least 1.</param>
    /// <param name="largest">The largest value.</param>
    /// <returns>Its lowest index.</returns>
    public static int IndexOfLargest(float* values, int count, out float largest)
    {
        // First the value, then its place: no step waits for the one before it.
        int width = Vector<float>.Count;
        int i = 0;
        largest = values[0];
        if (count >= 4 * width)
        {
            var m0 = Vector.Load(values);
            var m1 = Vector.Load(values + width);
            var m2 = Vector.Load(values + (2 * width));
            var m3 = Vector.Load(values + (3 * width));
            for (i = 4 * width; i <= count - (4 * width); i += 4 * width)
            {
                m0 = Vector.MaxNative(m0, Vector.Load(values + i));
                m1 = Vector.MaxNative(m1, Vector.Load(values + i + width));
                m2 = Vector.MaxNative(m2, Vector.Load(values + i + (2 * width)));
                m3 = Vector.MaxNative(m3, Vector.Load(values + i + (3 * width)));
            }

            m0 = Vector.MaxNative(Vector.MaxNative(m0, m1), Vector.MaxNative(m2, m3));
            for (int lane = 0; lane < width; lane++)
            {
                largest = m0[lane] > largest ? m0[lane] : largest;
            }
        }

        for (; i < count; i++)
        {
            largest = values[i] > largest ? values[i] : largest;
        }

        return new ReadOnlySpan<float>(values, count).IndexOf(largest);
    }

    /// <summary><see cref="Tile"/> with vectors of 512 bits.</summary>
    internal static void Tile512(float* records, float* panel, int dimension, float* products, nint stride, bool continues)
    {
        for (int start = 0; start < dimension; start += Chain)
        {
            Vector512<float> s00 = default, s01 = default, s02 = default, s10 = default, s11 = default, s12 = default;
            Vector512<float> s20 = default, s21 = default, s22 = default, s30 = default, s31 = default, s32 = default;
            Vector512<float> s40 = default, s41 = default, s42 = default, s50 = default, s51 = default, s52 = default;
            Vector512<float> s60 = default, s61 = default, s62 = default, s70 = default, s71 = default, s72 = default;
            float* end = records + (Math.Min(Chain, dimension - start) * Rows);
            do
            {
                var c0 = Vector512.Load(panel);
                var c1 = Vector512.Load(panel + 16);
                var c2 = Vector512.Load(panel + 32);
                var x = Vector512.Create(records[0]);
                s00 = Vector512.FusedMultiplyAdd(x, c0, s00);
                s01 = Vector512.FusedMultiplyAdd(x, c1, s01);
                s02 = Vector512.FusedMultiplyAdd(x, c2, s02);
                x = Vector512.Create(records[1]);
                s10 = Vector512.FusedMultiplyAdd(x, c0, s10);
                s11 = Vector512.FusedMultiplyAdd(x, c1, s11);
                s12 = Vector512.FusedMultiplyAdd(x, c2, s12);
                x = Vector512.Create(records[2]);
                s20 = Vector512.FusedMultiplyAdd(x, c0, s20);
                s21 = Vector512.FusedMultiplyAdd(x, c1, s21);
                s22 = Vector512.FusedMultiplyAdd(x, c2, s22);
                x = Vector512.Create(records[3]);
                s30 = Vector512.FusedMultiplyAdd(x, c0, s30);
                s31 = Vector512.FusedMultiplyAdd(x, c1, s31);
                s32 = Vector512.FusedMultiplyAdd(x, c2, s32);
                x = Vector512.Create(records[4]);
                s40 = Vector512.FusedMultiplyAdd(x, c0, s40);
                s41 = Vector512.FusedMultiplyAdd(x, c1, s41);
                s42 = Vector512.FusedMultiplyAdd(x, c2, s42);
                x = Vector512.Create(records[5]);
                s50 = Vector512.FusedMultiplyAdd(x, c0, s50);
                s51 = Vector512.FusedMultiplyAdd(x, c1, s51);
                s52 = Vector512.FusedMultiplyAdd(x, c2, s52);
                x = Vector512.Create(records[6]);
                s60 = Vector512.FusedMultiplyAdd(x, c0, s60);
                s61 = Vector512.FusedMultiplyAdd(x, c1, s61);
                s62 = Vector512.FusedMultiplyAdd(x, c2, s62);
                x = Vector512.Create(records[7]);
                s70 = Vector512.FusedMultiplyAdd(x, c0, s70);
                s71 = Vector512.FusedMultiplyAdd(x, c1, s71);
                s72 = Vector512.FusedMultiplyAdd(x, c2, s72);
                panel += Columns;
                records += Rows;
            }
            while (records < end);

            bool first = start == 0 && !continues;
            Put(products, first, s00, s01, s02);
            Put(products + stride, first, s10, s11, s12);
            Put(products + (2 * stride), first, s20, s21, s22);
            Put(products + (3 * stride), first, s30, s31, s32);
            Put(products + (4 * stride), first, s40, s41, s42);
            Put(products + (5 * stride), first, s50, s51, s52);
            Put(products + (6 * stride), first, s60, s61, s62);
            Put(products + (7 * stride), first, s70, s71, s72);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        static void Put(float* target, bool first, Vector512<float> s0, Vector512<float> s1, Vector512<float> s2)
        {
            if (!first)
            {
                s0 = Vector512.Load(target) + s0;
                s1 = Vector512.Load(target + 16) + s1;
                s2 = Vector512.Load(target + 32) + s2;
            }

            s0.Store(target);
            s1.Store(target + 16);
            s2.Store(target + 32);
        }
    }

    /// <summary><see cref="Tile"/> with the processor's vectors, whatever their width.</summary>
    internal static void TilePortable(float* records, float* panel, int dimension, float* products, nint stride, bool continues)
    {
        int width = Vector<float>.Count;
        for (int column = 0; column < Columns; column += 3 * width)
        {
            for (int row = 0; row < Rows; row += 4)
            {
                float* target = products + (row * stride) + column;
                for (int start = 0; start < dimension; start += Chain)
                {
                    Vector<float> s00 = default, s01 = default, s02 = default, s10 = default, s11 = default, s12 = default;
                    Vector<float> s20 = default, s21 = default, s22 = default, s30 = default, s31 = default, s32 = default;
                    float* x = records + ((nint)start * Rows) + row;
                    float* c = panel + ((nint)start * Columns) + column;
                    float* end = x + (Math.Min(Chain, dimension - start) * Rows);
                    do
                    {
                        var c0 = Vector.Load(c);
                        var c1 = Vector.Load(c + width);
                        var c2 = Vector.Load(c + (2 * width));
                        var a = new Vector<float>(x[0]);
                        s00 = Vector.FusedMultiplyAdd(a, c0, s00);
                        s01 = Vector.FusedMultiplyAdd(a, c1, s01);
                        s02 = Vector.FusedMultiplyAdd(a, c2, s02);
                        a = new Vector<float>(x[1]);
                        s10 = Vector.FusedMultiplyAdd(a, c0, s10);
                        s11 = Vector.FusedMultiplyAdd(a, c1, s11);
                        s12 = Vector.FusedMultiplyAdd(a, c2, s12);
                        a = new Vector<float>(x[2]);
                        s20 = Vector.FusedMultiplyAdd(a, c0, s20);
                        s21 = Vector.FusedMultiplyAdd(a, c1, s21);
                        s22 = Vector.FusedMultiplyAdd(a, c2, s22);
                        a = new Vector<float>(x[3]);
                        s30 = Vector.FusedMultiplyAdd(a, c0, s30);
                        s31 = Vector.FusedMultiplyAdd(a, c1, s31);
                        s32 = Vector.FusedMultiplyAdd(a, c2, s32);
                        c += Columns;
                        x += Rows;
                    }
                    while (x < end);

                    bool first = start == 0 && !continues;
                    Put(target, width, first, s00, s01, s02);
                    Put(target + stride, width, first, s10, s11, s12);
                    Put(target + (2 * stride), width, first, s20, s21, s22);
                    Put(target + (3 * stride), width, first, s30, s31, s32);
                }
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        static void Put(float* target, int width, bool first, Vector<float> s0, Vector<float> s1, Vector<float> s2)
        {
            if (!first)
            {
                s0 = Vector.Load(target) + s0;
                s1 = Vector.Load(target + width) + s1;
                s2 = Vector.Load(target + (2 * width)) + s2;
            }

            s0.Store(target);
            s1.Store(target + width);
            s2.Store(target + (2 * width));
        }
    }

    /// <summary><see cref="Row"/> with vectors of 512 bits. Four chains run side by side, so that none waits for itself.</summary>
    internal static void Row512(float* record, float* panel, int dimension, float* products)
    {
        Vector512<float> t0 = default, t1 = default, t2 = default;
        int start = 0;
        for (; start + (4 * Chain) <= dimension; start += 4 * Chain)
        {
            Vector512<float> p0 = default, p1 = default, p2 = default, q0 = default, q1 = default, q2 = default;
            Vector512<float> r0 = default, r1 = default, r2 = default, s0 = default, s1 = default, s2 = default;
            float* x = record + start;
            float* c = panel + ((nint)start * Columns);
            float* end = x + Chain;
            do
            {
                var a = Vector512.Create(x[0]);
                p0 = Vector512.FusedMultiplyAdd(a, Vector512.Load(c), p0);
                p1 = Vector512.FusedMultiplyAdd(a, Vector512.Load(c + 16), p1);
                p2 = Vector512.FusedMultiplyAdd(a, Vector512.Load(c + 32), p2);
                a = Vector512.Create(x[Chain]);
                q0 = Vector512.FusedMultiplyAdd(a, Vector512.Load(c + (Chain * Columns)), q0);
                q1 = Vector512.FusedMultiplyAdd(a, Vector512.Load(c + (Chain * Columns) + 16), q1);
                q2 = Vector512.FusedMultiplyAdd(a, Vector512.Load(c + (Chain * Columns) + 32), q2);
                a = Vector512.Create(x[2 * Chain]);
                r0 = Vector512.FusedMultiplyAdd(a, Vector512.Load(c + (2 * Chain * Columns)), r0);
                r1 = Vector512.FusedMultiplyAdd(a, Vector512.Load(c + (2 * Chain * Columns) + 16), r1);
                r2 = Vector512.FusedMultiplyAdd(a, Vector512.Load(c + (2 * Chain * Columns) + 32), r2);
                a = Vector512.Create(x[3 * Chain]);
                s0 = Vector512.FusedMultiplyAdd(a, Vector512.Load(c + (3 * Chain * Columns)), s0);
                s1 = Vector512.FusedMultiplyAdd(a, Vector512.Load(c + (3 * Chain * Columns) + 16), s1);
                s2 = Vector512.FusedMultiplyAdd(a, Vector512.Load(c + (3 * Chain * Columns) + 32), s2);
                c += Columns;
                x++;
            }
            while (x < end);

            t0 = start == 0 ? p0 : t0 + p0;
            t1 = start == 0 ? p1 : t1 + p1;
            t2 = start == 0 ? p2 : t2 + p2;
            t0 = t0 + q0 + r0 + s0;
            t1 = t1 + q1 + r1 + s1;
            t2 = t2 + q2 + r2 + s2;
        }

        for (; start < dimension; start += Chain)
        {
            Vector512<float> s0 = default, s1 = default, s2 = default;
            float* c = panel + ((nint)start * Columns);
            int end = Math.Min(dimension, start + Chain);
            for (int k = start; k < end; k++)
            {
                var a = Vector512.Create(record[k]);
                s0 = Vector512.FusedMultiplyAdd(a, Vector512.Load(c), s0);
                s1 = Vector512.FusedMultiplyAdd(a, Vector512.Load(c + 16), s1);
                s2 = Vector512.FusedMultiplyAdd(a, Vector512.Load(c + 32), s2);
                c += Columns;
            }

            t0 = start == 0 ? s0 : t0 + s0;
            t1 = start == 0 ? s1 : t1 + s1;
            t2 = start == 0 ? s2 : t2 + s2;
        }

        t0.Store(products);
        t1.Store(products + 16);
        t2.Store(products + 32);
    }

    /// <summary><see cref="Row"/> with the processor's vectors, whatever their width.</summary>
    internal static void RowPortable(float* record, float* panel, int dimension, float* products)
    {
        int width = Vector<float>.Count;
        for (int column = 0; column < Columns; column += 3 * width)
        {
            Vector<float> t0 = default, t1 = default, t2 = default;
            for (int start = 0; start < dimension; start += Chain)
            {
                Vector<float> s0 = default, s1 = default, s2 = default;
                float* c = panel + ((nint)start * Columns) + column;
                int end = Math.Min(dimension, start + Chain);
                for (int k = start; k < end; k++)
                {
                    var a = new Vector<float>(record[k]);
                    s0 = Vector.FusedMultiplyAdd(a, Vector.Load(c), s0);
                    s1 = Vector.FusedMultiplyAdd(a, Vector.Load(c + width), s1);
                    s2 = Vector.FusedMultiplyAdd(a, Vector.Load(c + (2 * width)), s2);
                    c += Columns;
                }

                t0 = start == 0 ? s0 : t0 + s0;
                t1 = start == 0 ? s1 : t1 + s1;
                t2 = start == 0 ? s2 : t2 + s2;
            }

            t0.Store(products + column);
            t1.Store(products + column + width);
            t2.Store(products + column + (2 * width));
        }
    }
}
