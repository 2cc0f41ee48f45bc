using System.Numerics;

namespace QosValuation.Embeddings.Clustering;

/// <summary>
/// Inner products of many rows at once: the cosines of unit vectors. Each product is accumulated in the same order whatever
/// its place in a tile, so that results depend neither on the block size nor on the number of threads, and are symmetric.
/// </summary>
internal static class CosineKernel
{
    /// <summary>Rows of the left matrix in a tile.</summary>
    public const int TileRows = 4;

    /// <summary>Rows of the right matrix in a tile.</summary>
    public const int TileColumns = 3;

    /// <summary>The tolerance of comparisons with a threshold: the rounding of an inner product of unit vectors in single precision.</summary>
    public const float Rounding = 1e-6f;

    /// <summary>
    /// The 4 × 3 inner products of rows <paramref name="row"/>.. of one matrix and <paramref name="column"/>.. of another.
    /// Rows past the end repeat the last one: the caller ignores them. O(12·d): seven loads for twelve multiply-adds.
    /// </summary>
    /// <param name="left">The left matrix.</param>
    /// <param name="row">The first of four rows of it.</param>
    /// <param name="right">The right matrix, of the same dimension.</param>
    /// <param name="column">The first of three rows of it.</param>
    /// <param name="products">Receives 12 products; that of row + i and column + j at i·3 + j.</param>
    public static void Tile(VectorMatrix left, int row, VectorMatrix right, int column, Span<float> products)
    {
        int lastRow = left.Count - 1;
        int lastColumn = right.Count - 1;
        ref float a0 = ref left.Reference(row);
        ref float a1 = ref left.Reference(Math.Min(row + 1, lastRow));
        ref float a2 = ref left.Reference(Math.Min(row + 2, lastRow));
        ref float a3 = ref left.Reference(Math.Min(row + 3, lastRow));
        ref float b0 = ref right.Reference(column);
        ref float b1 = ref right.Reference(Math.Min(column + 1, lastColumn));
        ref float b2 = ref right.Reference(Math.Min(column + 2, lastColumn));
        Vector<float> s00 = default, s01 = default, s02 = default;
        Vector<float> s10 = default, s11 = default, s12 = default;
        Vector<float> s20 = default, s21 = default, s22 = default;
        Vector<float> s30 = default, s31 = default, s32 = default;
        for (nuint k = 0; k < (nuint)left.Stride; k += (nuint)Vector<float>.Count)
        {
            Vector<float> y0 = Vector.LoadUnsafe(ref b0, k);
            Vector<float> y1 = Vector.LoadUnsafe(ref b1, k);
            Vector<float> y2 = Vector.LoadUnsafe(ref b2, k);
            Vector<float> x = Vector.LoadUnsafe(ref a0, k);
            s00 = Vector.FusedMultiplyAdd(x, y0, s00);
            s01 = Vector.FusedMultiplyAdd(x, y1, s01);
            s02 = Vector.FusedMultiplyAdd(x, y2, s02);
            x = Vector.LoadUnsafe(ref a1, k);
            s10 = Vector.FusedMultiplyAdd(x, y0, s10);
            s11 = Vector.FusedMultiplyAdd(x, y1, s11);
            s12 = Vector.FusedMultiplyAdd(x, y2, s12);
            x = Vector.LoadUnsafe(ref a2, k);
            s20 = Vector.FusedMultiplyAdd(x, y0, s20);
            s21 = Vector.FusedMultiplyAdd(x, y1, s21);
            s22 = Vector.FusedMultiplyAdd(x, y2, s22);
            x = Vector.LoadUnsafe(ref a3, k);
            s30 = Vector.FusedMultiplyAdd(x, y0, s30);
            s31 = Vector.FusedMultiplyAdd(x, y1, s31);
            s32 = Vector.FusedMultiplyAdd(x, y2, s32);
        }

        products[11] = Vector.Sum(s32);
        products[10] = Vector.Sum(s31);
        products[9] = Vector.Sum(s30);
        products[8] = Vector.Sum(s22);
        products[7] = Vector.Sum(s21);
        products[6] = Vector.Sum(s20);
        products[5] = Vector.Sum(s12);
        products[4] = Vector.Sum(s11);
        products[3] = Vector.Sum(s10);
        products[2] = Vector.Sum(s02);
        products[1] = Vector.Sum(s01);
        products[0] = Vector.Sum(s00);
    }
}
