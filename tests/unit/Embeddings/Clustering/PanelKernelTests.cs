using QosValuation.Embeddings.Clustering;
using QosValuation.Foundation.Numerics;
using QosValuation.Foundation.Randomness;

namespace QosValuation.Tests;

public sealed unsafe class PanelKernelTests
{
    private delegate void TileKernel(float* records, float* panel, int dimension, float* products, nint stride, bool continues);

    private delegate void RowKernel(float* record, float* panel, int dimension, float* products);

    [Theory]
    [InlineData(1)]
    [InlineData(31)]
    [InlineData(32)]
    [InlineData(33)]
    [InlineData(64)]
    [InlineData(130)]
    [InlineData(300)]
    [InlineData(512)]
    public void EveryWidthGivesTheBitsOfTheScalarDefinition(int dimension)
    {
        RandomSource random = RandomSource.Create(dimension);
        float[][] records = [.. Enumerable.Range(0, PanelKernel.Rows).Select(_ => ClusteringSamples.Direction(random, dimension))];
        float[][] centroids = [.. Enumerable.Range(0, PanelKernel.Columns).Select(_ => ClusteringSamples.Direction(random, dimension))];
        CentroidPanels panels = new(dimension);
        foreach (float[] centroid in centroids)
        {
            panels.Write(panels.Append(), centroid);
        }

        AlignedFloats tile = new(PanelKernel.Rows * dimension);
        for (int i = 0; i < tile.Length; i++)
        {
            tile.Pointer[i] = records[i % PanelKernel.Rows][i / PanelKernel.Rows];
        }

        const int Stride = PanelKernel.Columns + 16;
        foreach (TileKernel kernel in new TileKernel[] { PanelKernel.Tile, PanelKernel.Tile512, PanelKernel.TilePortable })
        {
            AlignedFloats products = new(PanelKernel.Rows * Stride);
            new Span<float>(products.Pointer, (int)products.Length).Fill(float.NaN);
            kernel(tile.Pointer, panels.Panel(0), dimension, products.Pointer, Stride, false);
            Check(products.Pointer);

            // In slices, as blocks are compared.
            new Span<float>(products.Pointer, (int)products.Length).Fill(float.NaN);
            for (int start = 0; start < dimension; start += PanelKernel.Chain)
            {
                int length = Math.Min(PanelKernel.Chain, dimension - start);
                kernel(tile.Pointer + (start * PanelKernel.Rows), panels.Panel(0) + (start * PanelKernel.Columns), length, products.Pointer, Stride, start > 0);
            }

            Check(products.Pointer);
        }

        void Check(float* products)
        {
            for (int i = 0; i < records.Length; i++)
            {
                for (int j = 0; j < Stride; j++)
                {
                    float expected = j < PanelKernel.Columns ? PanelKernel.Reference(records[i], centroids[j]) : float.NaN;
                    Assert.Equal(BitConverter.SingleToInt32Bits(expected), BitConverter.SingleToInt32Bits(products[(i * Stride) + j]));
                }
            }
        }

        foreach (RowKernel kernel in new RowKernel[] { PanelKernel.Row, PanelKernel.Row512, PanelKernel.RowPortable })
        {
            AlignedFloats record = new(dimension);
            AlignedFloats products = new(PanelKernel.Columns);
            records[3].CopyTo(new Span<float>(record.Pointer, dimension));
            kernel(record.Pointer, panels.Panel(0), dimension, products.Pointer);
            Assert.Equal(
                centroids.Select(centroid => PanelKernel.Reference(records[3], centroid)),
                new ReadOnlySpan<float>(products.Pointer, PanelKernel.Columns).ToArray());
        }
    }

    [Fact]
    public void TheRoundingErrorStaysFarBelowWhatComparisonsForgive()
    {
        RandomSource random = RandomSource.Create(9);
        double worst = 0;
        for (int i = 0; i < 2000; i++)
        {
            float[] x = ClusteringSamples.Direction(random, 512);
            float[] y = ClusteringSamples.Direction(random, 512);
            worst = Math.Max(worst, Math.Abs(PanelKernel.Reference(x, x) - x.Sum(v => (double)v * v)));
            worst = Math.Max(worst, Math.Abs(PanelKernel.Reference(x, y) - x.Zip(y, (a, b) => (double)a * b).Sum()));
        }

        Assert.True(worst < CosineKernel.Rounding / 2, $"{worst}");
    }

    [Fact]
    public void TheFirstOfTheLargestIsFound()
    {
        RandomSource random = RandomSource.Create(2);
        for (int count = 1; count < 90; count++)
        {
            AlignedFloats values = new(count);
            for (int repeat = 0; repeat < 30; repeat++)
            {
                for (int i = 0; i < count; i++)
                {
                    // Few values, so that many tie; some do not count.
                    int draw = random.NextInt32(8);
                    values.Pointer[i] = draw == 0 ? float.NegativeInfinity : draw / 8f;
                }

                float[] copy = new ReadOnlySpan<float>(values.Pointer, count).ToArray();
                Assert.Equal(Array.IndexOf(copy, copy.Max()), PanelKernel.IndexOfLargest(values.Pointer, count, out float largest));
                Assert.Equal(copy.Max(), largest);
            }
        }
    }

    [Fact]
    public void PanelsKeepTheirVectors()
    {
        float[][] rows = ClusteringSamples.Mixture(5, 200, 7, 3, 0.5);
        CentroidPanels panels = new(7);
        foreach (float[] row in rows)
        {
            panels.Write(panels.Append(), row);
        }

        Assert.Equal((200, 5), (panels.Count, panels.PanelCount));
        float[] copy = new float[7];
        for (int i = 0; i < rows.Length; i++)
        {
            panels.Read(i, copy);
            Assert.Equal(rows[i], copy);
        }

        Assert.Equal(0, (nint)panels.Panel(4) % 64);
    }
}
