using QosValuation.Embeddings.Clustering;
using QosValuation.Foundation.Randomness;

namespace QosValuation.Tests;

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
