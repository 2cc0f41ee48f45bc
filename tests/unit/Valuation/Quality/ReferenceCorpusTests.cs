using QosValuation.Embeddings.Clustering;
using QosValuation.Foundation.Numerics;
using QosValuation.Valuation.Quality;

namespace QosValuation.Tests;

public sealed class ReferenceCorpusTests
{
    private static readonly string Digest = new('a', 64);

    // Clustered like sentences: a direction of one of 200 topics plus noise.
    private static VectorMatrix Vectors(int count, int dimension, int seed)
    {
        var random = new Random(seed);
        var topics = new Random(99);
        float[][] centres = [.. Enumerable.Range(0, 200).Select(_ => Enumerable.Range(0, dimension).Select(_ => (float)Gaussian(topics)).ToArray())];
        var matrix = new VectorMatrix(dimension);
        float[] row = new float[dimension];
        for (int i = 0; i < count; i++)
        {
            float[] centre = centres[random.Next(centres.Length)];
            for (int k = 0; k < dimension; k++)
            {
                row[k] = centre[k] + 0.7f * (float)Gaussian(random);
            }

            UnitVector.TryNormalize(row);
            matrix.Add(row);
        }

        return matrix;
    }

    private static double Gaussian(Random random) => Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());

    [Fact]
    public void TheExactSearchEqualsBruteForce()
    {
        VectorMatrix references = Vectors(1601, 37, 1);
        VectorMatrix queries = Vectors(131, 37, 2);
        float[] cosines = NearestNeighbours.Find(queries, references, out int[] nearest);
        for (int i = 0; i < queries.Count; i++)
        {
            double best = double.NegativeInfinity;
            int at = -1;
            for (int j = 0; j < references.Count; j++)
            {
                double dot = 0;
                for (int k = 0; k < 37; k++)
                {
                    dot += (double)queries[i][k] * references[j][k];
                }

                (best, at) = dot > best ? (dot, j) : (best, at);
            }

            Assert.Equal(best, cosines[i], 5);
            Assert.Equal(at, nearest[i]);
        }
    }

    [Fact]
    public void TheGraphFindsTheNearestAndSaysHowOften()
    {
        VectorMatrix references = Vectors(6000, 64, 1);
        VectorMatrix queries = Vectors(400, 64, 2);
        using ReferenceCorpus exact = ReferenceCorpus.Create(references, Digest, Digest, 100_000, CancellationToken.None);
        using ReferenceCorpus graph = ReferenceCorpus.Create(references, Digest, Digest, 1000, CancellationToken.None);
        Assert.True(exact.IsExact);
        float[] expected = exact.Nearest(queries, out double recall, null, CancellationToken.None);
        Assert.Equal(1, recall);
        if (graph.IsExact)
        {
            // No native library for this platform.
            return;
        }

        float[] found = graph.Nearest(queries, out recall, null, CancellationToken.None);
        double actual = expected.Zip(found, (a, b) => b >= a - 1e-5f ? 1.0 : 0).Average();
        Assert.True(actual >= 0.95, $"recall {actual}");
        Assert.InRange(recall, 0.95, 1);
        Assert.All(expected.Zip(found), pair => Assert.True(pair.Second <= pair.First + 1e-5f));
    }

    [Theory]
    [InlineData(100_000)]
    [InlineData(500)]
    public void ASavedIndexIsTheSame(int mostExact)
    {
        using var folder = new TemporaryFolder();
        VectorMatrix references = Vectors(1500, 32, 1);
        VectorMatrix queries = Vectors(50, 32, 2);
        string path = folder.File("public.qvref");
        using ReferenceCorpus corpus = ReferenceCorpus.Create(references, Digest, new string('b', 64), mostExact, CancellationToken.None);
        corpus.Save(path);
        using ReferenceCorpus opened = ReferenceCorpus.Open(path);
        Assert.Equal((corpus.Count, corpus.Sha256, corpus.Model, corpus.IsExact), (opened.Count, opened.Sha256, opened.Model, opened.IsExact));
        Assert.Equal(
            corpus.Nearest(queries, out _, null, CancellationToken.None), opened.Nearest(queries, out _, null, CancellationToken.None));
    }

    [Fact]
    public void DamagedIndexesAreNamed()
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("public.qvref");
        using ReferenceCorpus corpus = ReferenceCorpus.Create(Vectors(20, 16, 1), Digest, Digest, 100, CancellationToken.None);
        corpus.Save(path);
        byte[] bytes = File.ReadAllBytes(path);
        foreach (byte[] damaged in (byte[][])[bytes[..^4], bytes[..50], [], [1, .. bytes[1..]]])
        {
            File.WriteAllBytes(path, damaged);
            var fault = Assert.Throws<QosValuationException>(() => ReferenceCorpus.Open(path));
            Assert.True(fault.Is(Faults.ReferenceNotReadable));
            Assert.Contains(path, fault.Message, StringComparison.Ordinal);
        }

        Assert.True(Assert.Throws<QosValuationException>(() => ReferenceCorpus.Open(folder.File("absent.qvref"))).Is(Faults.ReferenceNotReadable));
    }
}
