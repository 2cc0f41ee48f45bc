using QosValuation.Attacks.Membership;
using QosValuation.Embeddings.Clustering;
using QosValuation.Embeddings.Prototypes;
using QosValuation.Foundation.Randomness;
using QosValuation.Valuation.Novelty;
using static QosValuation.Tests.ClusteringSamples;

namespace QosValuation.Tests;

/// <summary>Clustering, valuation, prototypes and membership attacks see the same records of random embeddings.</summary>
public sealed class RecordUsersTests
{
    private const int Dimension = 6;

    public static TheoryData<int> Seeds => [.. Enumerable.Range(0, 40)];

    [Theory]
    [MemberData(nameof(Seeds))]
    public void AllUsersSeeTheRecordsOfADirectRecount(int seed)
    {
        ClipEmbedding[] embeddings = RandomEmbeddings(seed);
        List<List<ClipEmbedding>> records = Recount(embeddings);

        // One cluster takes every record: k-means with k = 1, and the one public centroid.
        var options = new ClusteringOptions { Algorithm = ClusteringAlgorithm.KMeans, ClusterCount = 1, Seed = 1, NoveltyThreshold = 3 };
        (List<ClipEmbedding> labelled, EmbeddingClusterer batch, List<QosValuationException> faults) = Group(embeddings, options);
        Assert.Empty(faults);
        SemanticCluster cluster = Assert.Single(batch.Clusters);
        Assert.Equal(records.Count, cluster.Count);
        Assert.Equal(records.Count, batch.RecordCount);
        Assert.Equal(records.Count, Assert.Single(Group(embeddings, options with { PublicCentroids = [cluster.Centroid] }).Clusterer.Clusters).Count);

        // Online puts every record into some group; none is lost or counted twice.
        EmbeddingClusterer online = Group(embeddings, new ClusteringOptions { SimilarityThreshold = 0.5 }).Clusterer;
        Assert.Equal(records.Count, online.RecordCount);
        Assert.Equal(records.Count, online.NoiseCount + online.Clusters.Sum(c => c.Count));

        // Valuation: the records of each contributor, labelled and raw.
        var quantities = records.GroupBy(record => record[0].Contributor).Select(group => (group.Key, group.Count()));
        Assert.Equal(quantities, Values(labelled).Select(value => (value.Contributor, value.Quantity)));
        Assert.Equal(quantities, Values(embeddings).Select(value => (value.Contributor, value.Quantity)));

        // Prototypes and attacks: the records of each modality, with their contributors and vectors.
        (RecordVectors image, RecordVectors text) = RecordVectors.Collect(cluster);
        foreach ((Modality modality, RecordVectors vectors) in new[] { (Modality.Image, image), (Modality.Text, text) })
        {
            List<ClipEmbedding>[] own = [.. records.Select(record => record.Where(e => e.Modality == modality).ToList()).Where(record => record.Count > 0)];
            Assert.Equal(own.Length, vectors.Count);
            Assert.Equal(own.Select(record => record[0].Contributor).Where(name => name.Length > 0).Distinct(), vectors.Contributors);
            if (own.Length == 0)
            {
                Assert.DoesNotContain(NeighboringPair.WithinCluster.Of(cluster, clip: true), attacked => attacked.Modality == modality);
                continue;
            }

            NeighboringPair.WithinCluster attacked = NeighboringPair.WithinCluster.Of(cluster, modality, clip: true);
            Assert.Equal(own.Length, attacked.Count);
            for (int i = 0; i < own.Length; i++)
            {
                double[] expected = MeanOfUnits(own[i]);
                double[] given = vectors.Vector(i, clip: true);
                double[] against = attacked.Vector(i).ToArray();
                Assert.Equal(given, against);
                for (int k = 0; k < Dimension; k++)
                {
                    Assert.Equal(expected[k], given[k], 1e-6);
                }
            }

            Assert.Equal(vectors.Sum(clip: true).Select(x => (float)(x / own.Length)), attacked.Mean());
        }
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void AllUsersThatNeedVectorsRefuseTheSameEmbeddings(int seed)
    {
        RandomSource random = RandomSource.Create(seed);
        ClipEmbedding[] embeddings = RandomEmbeddings(seed);
        int place = random.NextInt32(embeddings.Length - 1) + 1;
        (float[] vector, string id) = (seed % 4) switch
        {
            0 => (new float[Dimension], "EmbeddingIsZero"),
            1 => ([float.NaN, .. new float[Dimension - 1]], "EmbeddingNotFinite"),
            2 => (new float[Dimension + 1], "EmbeddingDimensionMismatch"),
            _ => ((float[])[], "EmbeddingEmpty"),
        };
        embeddings[place] = embeddings[place] with { Vector = vector };
        Assert.Equal([id], Group(embeddings, new ClusteringOptions()).Faults.Select(fault => fault.ErrorId));
        List<QosValuationException> faults = [];
        DataValueEstimator estimator = new(null, null, faults.Add);
        Array.ForEach(embeddings, estimator.Add);
        Assert.Equal([id], faults.Select(fault => fault.ErrorId));
        SemanticCluster cluster = new()
        {
            Id = 7,
            Count = embeddings.Length,
            Centroid = Direction(random, Dimension),
            IsConfirmed = true,
            Members = embeddings,
        };
        QosValuationException collected = Assert.Throws<QosValuationException>(() => RecordVectors.Collect(cluster));
        QosValuationException attacked = Assert.Throws<QosValuationException>(() => NeighboringPair.WithinCluster.Of(cluster, clip: true));
        Assert.Equal((id, id), (collected.ErrorId, attacked.ErrorId));
        Assert.StartsWith("Cluster 7: ", collected.Message, StringComparison.Ordinal);
        Assert.Equal(collected.Message, attacked.Message);
        Assert.Same(embeddings[place], collected.Subject);
    }

    /// <summary>Embeddings of few contributors and items, in runs and out of order, some without an Item, none of them opposite.</summary>
    private static ClipEmbedding[] RandomEmbeddings(int seed)
    {
        RandomSource random = RandomSource.Create(seed);
        float[] centre = Direction(random, Dimension);
        return [.. Enumerable.Range(0, 30 + random.NextInt32(30)).Select(i =>
        {
            float[] vector = Direction(random, Dimension);
            for (int k = 0; k < Dimension; k++)
            {
                // Of norms from 1.2 to 4.8, so that every user has to normalise.
                vector[k] = 3 * (centre[k] + 0.6f * vector[k]);
            }

            string item = random.NextInt32(6) == 0 ? string.Empty : "item" + random.NextInt32(9);
            Modality modality = random.NextInt32(3) == 0 ? Modality.Image : Modality.Text;
            string contributor = random.NextInt32(4) switch { 0 => string.Empty, int n => "c" + n };
            return Embedding(vector, item, modality, contributor, ordinal: i);
        })];
    }

    /// <summary>The records from their definition: equal contributor and Item, or an empty Item alone; in order of arrival.</summary>
    private static List<List<ClipEmbedding>> Recount(ClipEmbedding[] embeddings)
    {
        List<List<ClipEmbedding>> records = [];
        foreach (ClipEmbedding embedding in embeddings)
        {
            List<ClipEmbedding>? record = embedding.Item.Length == 0
                ? null
                : records.Find(other => other[0].Item == embedding.Item && other[0].Contributor == embedding.Contributor);
            if (record is null)
            {
                records.Add([embedding]);
            }
            else
            {
                record.Add(embedding);
            }
        }

        return records;
    }

    private static double[] MeanOfUnits(List<ClipEmbedding> record)
    {
        double[] sum = new double[Dimension];
        foreach (ClipEmbedding embedding in record)
        {
            double norm = Math.Sqrt(embedding.Vector.Sum(x => (double)x * x));
            for (int k = 0; k < Dimension; k++)
            {
                sum[k] += embedding.Vector[k] / norm;
            }
        }

        double length = Math.Sqrt(sum.Sum(x => x * x));
        return Array.ConvertAll(sum, x => x / length);
    }

    private static IReadOnlyList<DataValue> Values(IEnumerable<ClipEmbedding> embeddings)
    {
        DataValueEstimator estimator = new(null, null, fault => throw fault);
        foreach (ClipEmbedding embedding in embeddings)
        {
            estimator.Add(embedding);
        }

        return estimator.Complete();
    }
}
