using System.Runtime.CompilerServices;
using QosValuation.Embeddings.Clustering;
using QosValuation.Foundation.Randomness;
using QosValuation.Onnx.Model;
using static QosValuation.Tests.ClusteringSamples;

namespace QosValuation.Tests;

/// <summary>Blocks and threads must not change anything: every group, count and bit of a centroid is that of one vector at a time.</summary>
public sealed class BlockClusteringTests
{
    [Theory]
    [InlineData(1, 1500, 16, 8, 0.8, 0.7)] // few groups, most of which change within a block
    [InlineData(2, 1500, 33, 400, 0.7, 0.75)] // many groups, founded all the way
    [InlineData(3, 900, 64, 700, 0.3, 0.99)] // nearly all alone
    [InlineData(4, 700, 5, 3, 0.6, 0)] // all join
    [InlineData(5, 400, 512, 60, 0.9, 0.6)]
    public void BlocksAndThreadsChangeNothing(int seed, int count, int dimension, int centres, double spread, double threshold)
    {
        float[][] vectors = Mixture(seed, count, dimension, centres, spread);

        // Copies tie with each other and with their own centroid.
        for (int i = 0; i < count; i += 9)
        {
            vectors[i] = vectors[i / 2];
        }

        LeaderClustering expected = new(dimension, threshold);
        int[] groups = [.. vectors.Select(vector => expected.Add(vector))];
        float[] all = [.. vectors.SelectMany(vector => vector)];
        foreach (int block in new[] { 2, 7, 8, 64, 128, 129, 300, count })
        {
            foreach (int threads in new[] { 1, 2, 3 })
            {
                LeaderClustering clustering = new(dimension, threshold, threads);
                int[] taken = new int[count];
                for (int start = 0; start < count; start += block)
                {
                    int length = Math.Min(block, count - start);
                    clustering.Add(all.AsSpan(start * dimension, length * dimension), taken.AsSpan(start, length));
                }

                Assert.Equal(groups, taken);
                AssertSame(expected, clustering);
            }
        }
    }

    [Fact]
    public void BlocksOfAnySizeMixWithSingleVectors()
    {
        float[][] vectors = Mixture(8, 2000, 24, 150, 0.6);
        LeaderClustering expected = new(24, 0.8);
        int[] groups = [.. vectors.Select(vector => expected.Add(vector))];
        RandomSource random = RandomSource.Create(1);
        LeaderClustering clustering = new(24, 0.8, -1);
        List<int> taken = [];
        while (taken.Count < vectors.Length)
        {
            int length = Math.Min(vectors.Length - taken.Count, 1 + random.NextInt32(40));
            int[] part = new int[length];
            clustering.Add(vectors.Skip(taken.Count).Take(length).SelectMany(v => v).ToArray(), part);
            taken.AddRange(part);
            if (taken.Count < vectors.Length)
            {
                taken.Add(clustering.Add(vectors[taken.Count]));
            }
        }

        Assert.Equal(groups, taken);
        AssertSame(expected, clustering);
    }

    [Fact]
    public void LabelsAndTheirOrderDoNotDependOnTheBlock()
    {
        float[][] vectors = Mixture(11, 800, 24, 40, 0.6);
        float[][] texts = Mixture(12, 800, 24, 4, 0.5);
        List<ClipEmbedding> embeddings = [];
        for (int i = 0; i < vectors.Length; i++)
        {
            embeddings.Add(Embedding(vectors[i], "item" + i, ordinal: embeddings.Count));
            embeddings.Add(Embedding(texts[i], "item" + (i % 3 == 0 ? i / 2 : i), Modality.Text, ordinal: embeddings.Count)); // some come late
            if (i % 50 == 0)
            {
                embeddings.Add(Embedding(vectors[i], "cancels" + i));
                embeddings.Add(Embedding([.. vectors[i].Select(x => -x)], "cancels" + i));
            }
        }

        var options = new ClusteringOptions { SimilarityThreshold = 0.8, NoveltyThreshold = 10 };
        (List<ClipEmbedding> expected, EmbeddingClusterer one, List<QosValuationException> faults) = Group(embeddings, options with { BlockRecords = 1 });
        Assert.Equal(16, faults.Count);
        Assert.NotEqual(0, one.NoiseCount);
        foreach (int block in new[] { 2, 13, 64, 128 })
        {
            ClusteringOptions blocks = options with { BlockRecords = block, MaximumThreads = 2 };
            (List<ClipEmbedding> labelled, EmbeddingClusterer clusterer, List<QosValuationException> same) = Group(embeddings, blocks);
            Assert.Equal(expected, labelled);
            Assert.Equal(faults.Select(f => f.Message), same.Select(f => f.Message));
            AssertSame(one.Clusters, clusterer.Clusters);
            Assert.Equal((one.RecordCount, one.NoiseCount), (clusterer.RecordCount, clusterer.NoiseCount));
        }
    }

    [Fact]
    public void NobodyWaitsWhileThereAreFewGroups()
    {
        LeaderClustering clustering = new(64, 1);
        RandomSource random = RandomSource.Create(4);
        for (int groups = 0; groups < 4200; groups++)
        {
            Assert.Equal(groups < 512 ? 1 : Math.Min(128, groups / 512 * 16), clustering.PreferredBlock);
            clustering.Add(Direction(random, 64));
        }
    }

    [Fact]
    public void LateEmbeddingsDoNotPileUpBehindABlockThatNobodyFills()
    {
        // Beyond 512 groups records wait for each other. All photographs came; then only texts come, of records known already.
        const int records = 1200 + 5;
        int left = 0;
        RandomSource random = RandomSource.Create(9);
        EmbeddingClusterer clusterer = EmbeddingClusterer.Create(
            new ClusteringOptions { SimilarityThreshold = 0.99, KeepMembers = false }, _ => left++, _ => Assert.Fail());
        float[][] vectors = [.. Enumerable.Range(0, records / 2).Select(_ => Direction(random, 64))];
        for (int i = 0; i < records; i++)
        {
            clusterer.Add(Embedding(vectors[i % vectors.Length], "item" + i));
        }

        Assert.InRange(left, 0, records - 1);
        for (int i = 0; i < 20_000; i++)
        {
            clusterer.Add(Embedding(vectors[0], "item" + (i % records), Modality.Text));
            Assert.InRange(left, records + i - 1200, records + i + 1);
        }

        clusterer.Complete();
        Assert.Equal(records + 20_000, left);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void VectorsAreLetGoOnceTheirRecordHasItsLabel(bool labels)
    {
        // Of 3,000 records in 3 clusters and 20 that stay alone; nobody keeps what leaves.
        int left = 0;
        EmbeddingClusterer clusterer = EmbeddingClusterer.Create(
            new ClusteringOptions { SimilarityThreshold = 0.9, KeepMembers = false }, labels ? _ => left++ : null, _ => Assert.Fail());
        List<WeakReference> vectors = Feed(clusterer);
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Forced, blocking: true);
        int alive = vectors.Count(vector => vector.IsAlive);
        clusterer.Complete();
        Assert.InRange(alive, 0, labels ? 25 : 5);
        Assert.Equal(labels ? 3020 : 0, left);
        Assert.Equal(3, clusterer.Clusters.Count);
        Assert.Equal(20, clusterer.NoiseCount);

        [MethodImpl(MethodImplOptions.NoInlining)]
        static List<WeakReference> Feed(EmbeddingClusterer clusterer)
        {
            List<WeakReference> vectors = [];
            for (int i = 0; i < 3020; i++)
            {
                float[] vector = new float[32];
                vector[i < 3000 ? i % 3 : 3 + (i % 20)] = 1;
                vectors.Add(new WeakReference(vector));
                clusterer.Add(Embedding(vector, "item" + i));
            }

            return vectors;
        }
    }

    [Fact]
    public void ArgumentsAreChecked()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new LeaderClustering(2, 0.5, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => new LeaderClustering(0, 0.5));
        LeaderClustering clustering = new(2, 0.5);
        Assert.Throws<ArgumentException>(() => clustering.Add([1f, 0f, 0f]));
        Assert.Throws<ArgumentException>(() => clustering.Add([1f, 0f, 0f], new int[2]));
        Assert.Throws<ArgumentOutOfRangeException>(() => clustering.CentroidOf(0));
        Assert.Throws<OperationCanceledException>(() => clustering.Add([1f, 0f, 0f, 1f], new int[2], new CancellationToken(canceled: true)));
    }

    internal static void AssertSame(IReadOnlyList<SemanticCluster> expected, IReadOnlyList<SemanticCluster> actual)
    {
        Assert.Equal(expected.Count, actual.Count);
        foreach ((SemanticCluster one, SemanticCluster other) in expected.Zip(actual))
        {
            Assert.Equal((one.Id, one.Count, one.IsConfirmed, one.ConfirmedAt), (other.Id, other.Count, other.IsConfirmed, other.ConfirmedAt));
            Assert.Equal(one.Centroid, other.Centroid);
            Assert.Equal(one.Members.Count, other.Members.Count);
            foreach ((ClipEmbedding member, ClipEmbedding same) in one.Members.Zip(other.Members))
            {
                Assert.Equal(member.Vector, same.Vector);
                Assert.Equal(member with { Vector = same.Vector }, same);
            }
        }
    }

    internal static void AssertSame(LeaderClustering expected, LeaderClustering actual)
    {
        Assert.Equal(expected.GroupCount, actual.GroupCount);
        for (int group = 0; group < expected.GroupCount; group++)
        {
            Assert.Equal(expected.CountOf(group), actual.CountOf(group));
            Assert.Equal(expected.CentroidOf(group), actual.CentroidOf(group));
        }
    }
}
