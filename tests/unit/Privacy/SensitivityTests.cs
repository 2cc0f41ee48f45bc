using QosValuation.Embeddings.Clustering;
using QosValuation.Embeddings.Prototypes;
using QosValuation.Foundation.Randomness;

namespace QosValuation.Tests;

/// <summary>
/// The distance of what is released of neighbouring datasets, before the noise, against the sensitivity that the noise is
/// calibrated for: every neighbour of many small datasets, in both relations and units, with clusters fixed and of public centroids.
/// </summary>
public sealed class SensitivityTests
{
    private static readonly float[][] Centroids = [[1, 0], [0, 1], [-0.6f, -0.8f]];

    /// <summary>Vectors that are far apart, and norms that must not be trusted.</summary>
    private static readonly float[][] Candidates =
    [
        .. from k in Enumerable.Range(0, 8)
           from norm in new[] { 1f, 1.0009f, 0.3f, 40f }
           select new[] { norm * (float)Math.Cos(k * Math.PI / 4), norm * (float)Math.Sin(k * Math.PI / 4) },
    ];

    public static TheoryData<PrivacyMechanism, Neighboring, PrivacyUnit, bool> Cases
    {
        get
        {
            var cases = new TheoryData<PrivacyMechanism, Neighboring, PrivacyUnit, bool>();
            foreach (PrivacyMechanism mechanism in new[] { PrivacyMechanism.DiscreteGaussian, PrivacyMechanism.AnalyticGaussian })
            {
                foreach (Neighboring neighboring in Enum.GetValues<Neighboring>())
                {
                    foreach (PrivacyUnit unit in Enum.GetValues<PrivacyUnit>())
                    {
                        cases.Add(mechanism, neighboring, unit, false);
                        cases.Add(mechanism, neighboring, unit, true);
                    }
                }
            }

            return cases;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void NoNeighbourLiesFurtherAwayThanTheClaimedSensitivity(PrivacyMechanism mechanism, Neighboring neighboring, PrivacyUnit unit, bool isPublic)
    {
        var options = new PrototypeReleaseOptions { Mechanism = mechanism, Neighboring = neighboring, Unit = unit, MaximumRecordsPerContributor = unit == PrivacyUnit.Contributor ? 2 : null };
        var releaser = new PrototypeReleaser(options, RandomSource.Create(1));
        RandomSource random = RandomSource.Create(7);
        double widest = 0;
        for (int trial = 0; trial < 60; trial++)
        {
            ClipEmbedding[] data = [.. Enumerable.Range(0, 1 + random.NextInt32(5)).Select(i => Record($"{i}", $"c{random.NextInt32(3)}", Draw(random)))];
            double[][] released = Release(releaser, data, isPublic, out double claimed);
            foreach (ClipEmbedding[] neighbour in Neighbours(data, neighboring, unit, isPublic, random))
            {
                double[][] other = Release(releaser, neighbour, isPublic, out double claimedThere);

                // What the noise is scaled to must not depend on private data.
                Assert.Equal(claimed, claimedThere, 1e-12);
                double[] distances = [.. released.Zip(other, (a, b) => Math.Sqrt(a.Zip(b, (x, y) => (x - y) * (x - y)).Sum()))];

                // A contributor may touch every cluster, and each is charged; a record at most two, and all clusters together keep the bound.
                double distance = unit == PrivacyUnit.Contributor ? distances.Max() : Math.Sqrt(distances.Sum(x => x * x));
                Assert.True(distance <= claimed * (1 + 1e-14), $"{distance} of {claimed}");
                widest = Math.Max(widest, distance / claimed);
            }
        }

        // The bound is reached, so that no noise is wasted either; but within one of these centroids' cells no two vectors are opposite.
        Assert.True(widest >= (isPublic && neighboring == Neighboring.ReplaceOne ? 0.7 : 0.999), $"{widest}");
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void NoNeighbourCostsMoreThanWhatABudgetChargesBeforeOrAfter(PrivacyMechanism mechanism, Neighboring released, PrivacyUnit unit, bool isPublic)
    {
        // In the budget's relation, whatever the release was calibrated for.
        var releaser = new PrototypeReleaser(new PrototypeReleaseOptions { Mechanism = mechanism, Neighboring = released, Unit = unit }, RandomSource.Create(1));
        RandomSource random = RandomSource.Create(11);
        foreach (Neighboring budget in Enum.GetValues<Neighboring>())
        {
            if (budget == Neighboring.AddRemove && released == Neighboring.ReplaceOne && !isPublic)
            {
                // The count is public: no charge can cover an added record, and the budget refuses.
                Assert.All(Queries(releaser, [Record("0", "ann", [1, 0])], isPublic), query => Assert.Null(query.Charge.CostUnder(budget)));
                continue;
            }

            double widest = 0;
            for (int trial = 0; trial < 60; trial++)
            {
                ClipEmbedding[] data = [.. Enumerable.Range(0, 1 + random.NextInt32(5)).Select(i => Record($"{i}", $"c{random.NextInt32(3)}", Draw(random)))];
                PrototypeReleaser.Query[] before = Queries(releaser, data, isPublic);
                foreach (ClipEmbedding[] neighbour in Neighbours(data, budget, unit, isPublic, random))
                {
                    PrototypeReleaser.Query[] after = Queries(releaser, neighbour, isPublic);
                    double squaredMu = before.Zip(after, (a, b) => Answer(a).Zip(Answer(b), (x, y) => (x - y) * (x - y)).Sum() / (Deviation(a) * Deviation(a))).Sum();
                    foreach (string changed in data.Concat(neighbour).Select(e => e.Contributor).Distinct().Where(name => !OwnedBy(name, data).SequenceEqual(OwnedBy(name, neighbour))))
                    {
                        double charged = Math.Max(Charged(before, changed, budget), Charged(after, changed, budget));
                        Assert.True(squaredMu <= charged * (1 + 1e-12), $"{squaredMu} of {charged}");
                        widest = Math.Max(widest, squaredMu / charged);
                    }
                }
            }

            Assert.True(widest >= (isPublic && budget == Neighboring.ReplaceOne ? 0.45 : 0.998), $"{widest}");
        }
    }

    [Fact]
    public void ARecordThatMovesBetweenPublicClustersChangesTwoOfThem()
    {
        var releaser = new PrototypeReleaser(new PrototypeReleaseOptions(), RandomSource.Create(1));
        double[][] before = Release(releaser, [Record("0", "ann", [1, 0])], isPublic: true, out double claimed);
        double[][] after = Release(releaser, [Record("0", "ann", [0, 1])], isPublic: true, out _);
        double[] distances = [.. before.Zip(after, (a, b) => Math.Sqrt(a.Zip(b, (x, y) => (x - y) * (x - y)).Sum()) / (claimed / 2))];
        Assert.Equal(Math.Sqrt(1.25), distances[0], 1e-6);
        Assert.Equal(Math.Sqrt(1.25), distances[1], 1e-6);
        Assert.Equal(0, distances[2]);
    }

    [Fact]
    public void EveryPublicCentroidIsReleasedWithANoisyCountWhetherItHasRecordsOrNot()
    {
        SemanticCluster[] clusters = Group([Record("0", "ann", [1, 0]), Record("1", "bob", [0.9f, 0.1f])]);
        Assert.Equal([2, 0, 0], clusters.Select(c => c.Count));
        foreach (Neighboring neighboring in Enum.GetValues<Neighboring>())
        {
            var releaser = new PrototypeReleaser(new PrototypeReleaseOptions { Neighboring = neighboring, Epsilon = 0.1 }, RandomSource.Create(3));
            DpPrototype[] prototypes = [.. clusters.SelectMany(releaser.Release)];
            Assert.Equal([0, 1, 2], prototypes.Select(p => p.ClusterId));
            Assert.All(prototypes, p => Assert.Equal(Modality.Image, p.Modality));
            Assert.All(prototypes, p => Assert.Equal(2, p.Vector.Length));
            Assert.Contains(prototypes, p => p.Count > 2);
            Assert.All(prototypes, p => Assert.Empty(p.Contributors));
            Assert.All(prototypes, p => Assert.Equal((neighboring == Neighboring.AddRemove ? Math.Sqrt(1.25) : 2) / p.Count, p.Sensitivity, 1e-12));
        }

        // What would tell the count is refused, and so is a cluster whose members were left out.
        var options = new PrototypeReleaseOptions { Sensitivity = 0.1 };
        Assert.Equal("SensitivityNotApplicable", Assert.Throws<QosValuationException>(() => new PrototypeReleaser(options, RandomSource.Create(1)).Release(clusters[0])).ErrorId);
        Assert.Equal("SensitivityNotApplicable", Assert.Throws<QosValuationException>(() => new PrototypeReleaser(new PrototypeReleaseOptions { Mechanism = PrivacyMechanism.ImageDp }, RandomSource.Create(1)).Release(clusters[0])).ErrorId);
        Assert.Equal("ClusterWithoutMembers", Assert.Throws<QosValuationException>(() => new PrototypeReleaser(new PrototypeReleaseOptions(), RandomSource.Create(1)).Release(clusters[0] with { Members = [] })).ErrorId);
    }

    [Fact]
    public void AContributorsPrototypeIsTheMeanOfContributorsMeans()
    {
        SemanticCluster cluster = Samples.Cluster(0, Record("0", "ann", [1, 0]), Record("1", "ann", [0, 1]), Record("2", "ann", [0, 1]), Record("3", "bob", [-1, 0]));
        DpPrototype Release(int? most) => Assert.Single(new PrototypeReleaser(
            new PrototypeReleaseOptions { Unit = PrivacyUnit.Contributor, MaximumRecordsPerContributor = most, Epsilon = 1e12 }, RandomSource.Create(1)).Release(cluster));
        foreach ((int? most, double x, double y) in new (int?, double, double)[] { (null, -1 / 3.0, 1 / 3.0), (2, -0.25, 0.25), (1, 0, 0) })
        {
            DpPrototype prototype = Release(most);
            Assert.Equal((2, PrivacyUnit.Contributor), (prototype.Count, prototype.Unit));
            Assert.Equal(1, prototype.Sensitivity, 1e-12);
            Assert.Equal(x, prototype.Vector[0], 1e-4);
            Assert.Equal(y, prototype.Vector[1], 1e-4);
        }

        Assert.Equal("MaximumRecordsOutOfRange", Assert.Throws<QosValuationException>(() => Release(0)).ErrorId);
        Assert.Equal("ContributorMissing", Assert.Throws<QosValuationException>(() => new PrototypeReleaser(new PrototypeReleaseOptions { Unit = PrivacyUnit.Contributor }, RandomSource.Create(1)).Release(Samples.Cluster(0, Record("0", string.Empty, [1, 0])))).ErrorId);
    }

    private static float[] Draw(RandomSource random) => Candidates[random.NextInt32(Candidates.Length)];

    private static ClipEmbedding Record(string item, string contributor, float[] vector) => Samples.Embedding(Modality.Image, item, contributor, vector);

    private static SemanticCluster[] Group(ClipEmbedding[] data)
    {
        var clusterer = EmbeddingClusterer.Create(new ClusteringOptions { PublicCentroids = Centroids }, null, fault => throw fault);
        foreach (ClipEmbedding embedding in data)
        {
            clusterer.Add(embedding);
        }

        clusterer.Complete();

        // The schema is public: what an empty dataset would hold is known.
        return [.. clusterer.Clusters.Select(cluster => cluster with { Modalities = [Modality.Image] })];
    }

    private static PrototypeReleaser.Query[] Queries(PrototypeReleaser releaser, ClipEmbedding[] data, bool isPublic)
    {
        SemanticCluster[] clusters = isPublic ? Group(data) : data.Length == 0 ? [] : [Samples.Cluster(0, data)];
        return [.. clusters.SelectMany(releaser.FindQueries)];
    }

    // The sum and, where it is private, half the count, in the unit that the noise is scaled to.
    private static double[] Answer(PrototypeReleaser.Query query)
    {
        long unit = query.Noise.GridUnit;
        double[] sum = unit > 0 ? Array.ConvertAll(query.Vectors.GridSum(unit), x => (double)x) : query.Vectors.Sum(clip: true);
        return query.CountIsPublic ? sum : [.. sum, query.Vectors.Count / 2.0 * Math.Max(1, unit)];
    }

    // Continuous noise for a public count is that of the mean.
    private static double Deviation(PrototypeReleaser.Query query) => query.Noise.Sigma * Divisor(query);

    private static int Divisor(PrototypeReleaser.Query query) => query.Noise.GridUnit == 0 && query.CountIsPublic ? query.Vectors.Count : 1;

    private static double Charged(PrototypeReleaser.Query[] queries, string contributor, Neighboring budget) =>
        queries.Where(query => query.Charge.Contributors.Contains(contributor)).Sum(query => query.Charge.CostUnder(budget)!.SquaredMu);

    private static IEnumerable<(string Item, float[] Vector)> OwnedBy(string contributor, ClipEmbedding[] data) =>
        data.Where(e => e.Contributor == contributor).Select(e => (e.Item, e.Vector));

    private static double[][] Release(PrototypeReleaser releaser, ClipEmbedding[] data, bool isPublic, out double claimed)
    {
        PrototypeReleaser.Query[] queries = Queries(releaser, data, isPublic);
        claimed = queries.Length == 0 ? double.NaN : queries[0].Noise.Sensitivity * Divisor(queries[0]);
        return Array.ConvertAll(queries, Answer);
    }

    private static IEnumerable<ClipEmbedding[]> Neighbours(ClipEmbedding[] data, Neighboring neighboring, PrivacyUnit unit, bool isPublic, RandomSource random)
    {
        if (unit == PrivacyUnit.Record && neighboring == Neighboring.ReplaceOne)
        {
            for (int i = 0; i < data.Length; i++)
            {
                foreach (float[] candidate in Candidates)
                {
                    yield return [.. data[..i], data[i] with { Vector = candidate }, .. data[(i + 1)..]];
                }
            }
        }
        else if (unit == PrivacyUnit.Record)
        {
            // Additions; removals are the same pairs the other way round.
            foreach (float[] candidate in Candidates)
            {
                yield return [.. data, Record("new", $"c{random.NextInt32(4)}", candidate)];
            }
        }
        else if (neighboring == Neighboring.AddRemove)
        {
            for (int trial = 0; trial < 40; trial++)
            {
                yield return [.. data, .. Portfolio("new", random)];
            }
        }
        else
        {
            // All data of a contributor for other data: another number of records too, in a fixed cluster at least one.
            foreach (string contributor in data.Select(e => e.Contributor).Distinct())
            {
                for (int trial = 0; trial < 40; trial++)
                {
                    yield return [.. data.Where(e => e.Contributor != contributor), .. Portfolio(contributor, random)];
                }

                float[] first = data.First(e => e.Contributor == contributor).Vector;
                yield return [.. data.Where(e => e.Contributor != contributor), Record("turned", contributor, [-first[0], -first[1]])];
            }
        }
    }

    private static IEnumerable<ClipEmbedding> Portfolio(string contributor, RandomSource random)
    {
        int count = 1 + random.NextInt32(4);
        float[] vector = Draw(random);
        bool same = random.NextInt32(2) == 0;
        return [.. Enumerable.Range(0, count).Select(i => Record($"p{i}", contributor, same ? vector : Draw(random)))];
    }
}
