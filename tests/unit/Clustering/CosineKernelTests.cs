using QosValuation.Clustering;
using QosValuation.Numerics;

namespace QosValuation.Tests.Clustering;

public sealed class CosineKernelTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(16)]
    [InlineData(33)]
    [InlineData(512)]
    public void TilesHoldTheInnerProductsWhateverTheRemainders(int dimension)
    {
        RandomSource random = RandomSource.Create(dimension);
        float[][] left = [.. Enumerable.Range(0, 9).Select(_ => ClusteringSamples.Direction(random, dimension))];
        float[][] right = [.. Enumerable.Range(0, 8).Select(_ => ClusteringSamples.Direction(random, dimension))];
        VectorMatrix a = ClusteringSamples.Matrix(left, dimension);
        VectorMatrix b = ClusteringSamples.Matrix(right, dimension);
        float[] products = new float[12];
        float[] swapped = new float[12];
        for (int row = 0; row < left.Length; row++)
        {
            for (int column = 0; column < right.Length; column++)
            {
                CosineKernel.Tile(a, row, b, column, products);
                for (int i = 0; i < 4; i++)
                {
                    for (int j = 0; j < 3; j++)
                    {
                        double expected = left[Math.Min(row + i, 8)].Zip(right[Math.Min(column + j, 7)], (x, y) => (double)x * y).Sum();
                        Assert.Equal(expected, products[i * 3 + j], 2e-7);
                    }
                }

                // The same pair gives the same bits from the other side and from another place in a tile.
                CosineKernel.Tile(b, column, a, Math.Max(0, row - 1), swapped);
                Assert.Equal(products[0], swapped[row > 0 ? 1 : 0]);
            }
        }
    }

    [Fact]
    public void NearestFindsTheFirstRowOfHighestProduct()
    {
        float[][] rows = ClusteringSamples.Mixture(4, 1100, 20, 5, 0.4);
        for (int count = 1; count < rows.Length; count = count * 2 + 1)
        {
            VectorMatrix matrix = ClusteringSamples.Matrix(rows[..count], 20);
            foreach (float[] query in rows.TakeLast(30))
            {
                float[] padded = new float[matrix.Stride];
                query.CopyTo(padded, 0);
                int nearest = CosineKernel.Nearest(matrix, padded, out float cosine);
                double[] cosines = [.. rows[..count].Select(row => ClusteringSamples.Cosine(row, query))];
                Assert.Equal(Array.IndexOf(cosines, cosines.Max()), nearest);
                Assert.Equal(cosines.Max(), cosine, 1e-6);
            }
        }

        VectorMatrix ties = ClusteringSamples.Matrix([.. Enumerable.Repeat(rows[0], 7)], 20);
        float[] same = new float[ties.Stride];
        rows[0].CopyTo(same, 0);
        Assert.Equal(0, CosineKernel.Nearest(ties, same, out _));
        Assert.Equal(-1, CosineKernel.Nearest(new VectorMatrix(20), same, out _));
    }

    [Fact]
    public void MatrixKeepsItsRowsAsItGrows()
    {
        float[][] rows = ClusteringSamples.Mixture(5, 1000, 5, 3, 0.5);
        VectorMatrix matrix = ClusteringSamples.Matrix(rows, 5);
        Assert.Equal(1000, matrix.Count);
        for (int i = 0; i < rows.Length; i++)
        {
            Assert.Equal(rows[i], matrix[i].ToArray());
        }

        Assert.Throws<ArgumentOutOfRangeException>(() => matrix[1000].Length);
        Assert.Throws<ArgumentException>(() => matrix.Add(new float[4]));
    }
}
