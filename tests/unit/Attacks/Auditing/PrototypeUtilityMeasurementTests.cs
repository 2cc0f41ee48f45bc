using QosValuation.Attacks.Auditing;
using QosValuation.Embeddings.Prototypes;
using QosValuation.Foundation.Randomness;

namespace QosValuation.Tests;

public sealed class PrototypeUtilityMeasurementTests
{
    private static readonly PrototypeReleaseOptions Noiseless = new() { Mechanism = PrivacyMechanism.None };

    [Fact]
    public void WithoutNoiseEveryPrototypeIsItsOwn()
    {
        PrototypeUtilityMeasurement measurement = Of(Clusters(6, 5, 8));
        PrototypeUtility[] rows = [.. measurement.Measure(new PrototypeUtilityOptions
        {
            Releases = [Noiseless],
            PostProcessings = [PrototypePostProcessing.None, PrototypePostProcessing.Shrink, PrototypePostProcessing.Average, PrototypePostProcessing.Join],
            Trials = 3,
            Seed = 1,
        }).Single()];
        Assert.Equal([Modality.Image, Modality.Text, Modality.Image, Modality.Text, null, null], rows.Select(r => r.Modality));
        Assert.All(rows, row =>
        {
            Assert.Equal(1, row.RetrievalAccuracy);
            Assert.Equal(1, row.Top5Accuracy);
            Assert.Equal(1, row.MeanReciprocalRank);
            Assert.InRange(row.Cosine, 1 - 1e-5, 1);
            Assert.Equal(0, row.Distance, 5);
            Assert.Equal(0, row.RetrievalAccuracyStandardError);
            Assert.Equal(6, row.Clusters);
            Assert.Equal(3, row.Trials);
            Assert.Equal(row.CleanCrossModalAccuracy, row.CrossModalAccuracy);
        });
        Assert.True(double.IsNaN(rows[4].CrossModalAccuracy));

        // The inner product of a unit vector with itself can round to more than 1.
        for (int dimension = 2; dimension <= 40; dimension++)
        {
            var options = new PrototypeUtilityOptions { Releases = [Noiseless], Trials = 1 };
            SemanticCluster cluster = Samples.Cluster(0, Samples.Embedding(Modality.Image, "a", "ann", [.. Enumerable.Repeat(MathF.Sqrt(1f / dimension), dimension)]));
            Assert.InRange(Of([cluster]).Measure(options).Single().Single().Cosine, 1 - 1e-6, 1);
        }
    }

    // The prototypes of two orthogonal records find their own with probability Φ(1/(σ√2)). Error rate 6·10⁻⁵ a case.
    [Theory]
    [InlineData(PrivacyMechanism.AnalyticGaussian, 5)]
    [InlineData(PrivacyMechanism.DiscreteGaussian, 5)]
    [InlineData(PrivacyMechanism.DiscreteGaussian, 20)]
    public void TheAccuracyOfTwoClustersFollowsFromTheNoise(PrivacyMechanism mechanism, double epsilon)
    {
        var measurement = new PrototypeUtilityMeasurement();
        measurement.Add(Samples.Cluster(0, Samples.Embedding(Modality.Image, "a", "ann", 1, 0, 0)));
        measurement.Add(Samples.Cluster(7, Samples.Embedding(Modality.Image, "b", "ann", 0, 1, 0)));
        var release = new PrototypeReleaseOptions { Mechanism = mechanism, Epsilon = epsilon };
        PrototypeUtility row = measurement.Measure(new PrototypeUtilityOptions { Releases = [release], Trials = 4000, Seed = 2 }).Single().Single();
        double sigma = 2 * new PrototypeReleaser(release, RandomSource.Create(1)).NoiseMultiplier;
        double expected = Samples.NormalCumulative(1 / (sigma * Math.Sqrt(2)));
        Assert.InRange(row.RetrievalAccuracy, expected - 4 * row.RetrievalAccuracyStandardError, expected + 4 * row.RetrievalAccuracyStandardError);
        Assert.Equal(Math.Sqrt(expected * (1 - expected) / 8000), row.RetrievalAccuracyStandardError, 3);
        Assert.Equal((1 + row.RetrievalAccuracy) / 2, row.MeanReciprocalRank, 9);
        Assert.Equal(1, row.Top5Accuracy);
        Assert.True(double.IsNaN(row.CrossModalAccuracy));

        // The mean distance is σ times that of a chi distribution of 3 degrees of freedom.
        double distance = sigma * 2 * Math.Sqrt(2 / Math.PI);
        Assert.InRange(row.Distance, distance - 4 * row.DistanceStandardError, distance + 4 * row.DistanceStandardError);
    }

    [Fact]
    public void RanksTiesAndErrorsAreCountedByHand()
    {
        var measurement = new PrototypeUtilityMeasurement();
        float[][] clean = [[1, 0], [0, 1], [-1, 0], [0, -1]];
        for (int k = 0; k < 4; k++)
        {
            measurement.Add(Samples.Cluster(k, Samples.Embedding(Modality.Image, $"{k}", "ann", clean[k]), Samples.Embedding(Modality.Text, $"{k}", "ann", clean[(k + k / 3) % 4])));
        }

        // Images: own; rank 4; no direction, so that all four tie; rank 3 with a tie at 2.
        DpPrototype[] released =
        [
            Released(0, Modality.Image, 2, 0),
            Released(1, Modality.Image, 0, -2),
            Released(2, Modality.Image, 0, 0),
            Released(3, Modality.Image, 5, 0),
            Released(0, Modality.Text, 1, 0),
            Released(1, Modality.Text, 0, 1),
            Released(2, Modality.Text, -1, 0),
            Released(3, Modality.Text, 1, 0),
        ];
        PrototypeUtility[] rows = [.. measurement.Measure(released, [PrototypePostProcessing.None])];
        PrototypeUtility image = rows[0];
        Assert.Equal((1 + 0 + 0.25 + 0) / 4, image.RetrievalAccuracy, 9);
        Assert.Equal((1 + 0.25 + (1 + 1 / 2.0 + 1 / 3.0 + 0.25) / 4 + (1 / 2.0 + 1 / 3.0) / 2) / 4, image.MeanReciprocalRank, 9);
        Assert.Equal((1 - 1 + 0 + 0) / 4.0, image.Cosine, 6);
        Assert.Equal((1 + 3 + 1 + Math.Sqrt(26)) / 4, image.Distance, 6);
        Assert.Equal(1, image.Trials);

        // One trial: the standard error is over the clusters, of 1, 0, 0.25 and 0.
        double[] found = [1, 0, 0.25, 0];
        Assert.Equal(Math.Sqrt(found.Sum(f => (f - 0.3125) * (f - 0.3125)) / 3 / 4), image.RetrievalAccuracyStandardError, 9);

        // Cluster 0's image is as near to the text of 3 as to its own; 1 is furthest; 2 ties with all; 3 ties with 0.
        Assert.Equal((0.5 + 0 + 0.25 + 0.5) / 4, image.CrossModalAccuracy, 9);
        Assert.Equal((0.5 + 1 + 1 + 1 / 3.0) / 4, image.CleanCrossModalAccuracy, 9);
        Assert.Equal(Modality.Text, rows[1].Modality);
    }

    [Fact]
    public void SeveralReleasesOfAClusterAreTrials()
    {
        SemanticCluster[] clusters = Clusters(4, 6, 5);
        PrototypeUtilityMeasurement measurement = Of(clusters);
        var releaser = new PrototypeReleaser(new PrototypeReleaseOptions { Epsilon = 3 }, RandomSource.Create(1));
        DpPrototype[] released = [.. Enumerable.Range(0, 5).SelectMany(_ => clusters.SelectMany(releaser.Release))];
        PrototypeUtility[] rows = [.. measurement.Measure(released, [PrototypePostProcessing.None, PrototypePostProcessing.Sphere])];
        Assert.Equal(4, rows.Length);
        Assert.All(rows, row => Assert.Equal(5, row.Trials));
        Assert.All(rows, row => Assert.Equal(3, row.Epsilon));
        Assert.Equal(rows[0].RetrievalAccuracy, rows[2].RetrievalAccuracy);
        Assert.Equal(rows[0].Cosine, rows[2].Cosine, 5);
        Assert.True(rows[2].Distance < rows[0].Distance);

        // What was processed before is named by what was done.
        PrototypeUtility processed = measurement.Measure(PrototypePostProcessor.Apply(released, PrototypePostProcessing.Sphere), [PrototypePostProcessing.None]).First();
        Assert.Equal(PrototypePostProcessing.Sphere, processed.PostProcess);
        Assert.Equal(rows[2].Distance, processed.Distance, 9);
        PrototypeUtility joined = measurement.Measure(PrototypePostProcessor.Apply([.. clusters.SelectMany(releaser.Release)], PrototypePostProcessing.Join), [PrototypePostProcessing.None]).Single();
        Assert.Equal((null, PrototypePostProcessing.Join), (joined.Modality, joined.PostProcess));
        Assert.Equal("PostProcessingNotApplicable", Assert.Throws<QosValuationException>(() =>
            measurement.Measure(PrototypePostProcessor.Apply(released, PrototypePostProcessing.Average), [PrototypePostProcessing.Sphere]).ToArray()).ErrorId);
    }

    [Fact]
    public void TheSeedDecidesWhateverTheThreadsAndWhatIsMeasuredBeside()
    {
        PrototypeUtilityMeasurement measurement = Of(Clusters(3, 4, 6));
        var options = new PrototypeUtilityOptions { Releases = [new() { Epsilon = 2 }, new() { Epsilon = 4 }], Trials = 7, Seed = 3 };
        PrototypeUtility[] one = [.. measurement.Measure(options, maximumThreads: 1).SelectMany(rows => rows)];
        Assert.Equal(one, measurement.Measure(options, maximumThreads: 5).SelectMany(rows => rows).ToArray());
        Assert.Equal(one[2..], measurement.Measure(options with { Releases = [new() { Epsilon = 4 }] }).SelectMany(rows => rows).ToArray());
        PrototypeUtility[] both = [.. measurement.Measure(options with { PostProcessings = [PrototypePostProcessing.Sphere, PrototypePostProcessing.None] }).First()];
        Assert.Equal(one[..2], both[2..]);
    }

    [Fact]
    public void WhatDoesNotBelongTogetherIsRefused()
    {
        PrototypeUtilityMeasurement measurement = Of(Clusters(2, 3, 4));
        Assert.Equal("ClusterRepeated", Assert.Throws<QosValuationException>(() => measurement.Add(Clusters(1, 3, 4)[0])).ErrorId);
        Assert.Equal("PrototypeDimensionMismatch", Assert.Throws<QosValuationException>(() => measurement.Add(Samples.Cluster(9, Samples.Embedding(Modality.Image, "a", "ann", 1, 0)))).ErrorId);
        Assert.Equal("PrototypeWithoutReference", Assert.Throws<QosValuationException>(() => measurement.Measure([Released(5, Modality.Image, 1, 0, 0, 0)], [PrototypePostProcessing.None]).ToArray()).ErrorId);
        Assert.Equal("PrototypeDimensionMismatch", Assert.Throws<QosValuationException>(() => measurement.Require(Released(0, Modality.Image, 1))).ErrorId);
        Assert.Equal("UtilityNotValid", Assert.Throws<QosValuationException>(() => measurement.Measure(new PrototypeUtilityOptions { Releases = [Noiseless], Trials = 0 })).ErrorId);
        Assert.Equal("EpsilonOutOfRange", Assert.Throws<QosValuationException>(() => measurement.Measure(new PrototypeUtilityOptions { Releases = [Noiseless, new() { Epsilon = -1 }] })).ErrorId);
        PrototypeUtilityMeasurement images = Of([Samples.Cluster(0, Samples.Embedding(Modality.Image, "a", "ann", 1, 0))]);
        Assert.Equal("UtilityNotValid", Assert.Throws<QosValuationException>(() => images.Measure(new PrototypeUtilityOptions { Releases = [new() { Modalities = [Modality.Text] }] })).ErrorId);
        Assert.Single(images.Measure(new PrototypeUtilityOptions { Releases = [new() { Modalities = [Modality.Text, Modality.Image] }], Trials = 1 }).Single());
        using var cancellation = new CancellationTokenSource();
        cancellation.Cancel();
        Assert.Throws<OperationCanceledException>(() => measurement.Measure(new PrototypeUtilityOptions { Releases = [Noiseless] }, cancellationToken: cancellation.Token).ToArray());
    }

    private static PrototypeUtilityMeasurement Of(IEnumerable<SemanticCluster> clusters)
    {
        var measurement = new PrototypeUtilityMeasurement();
        foreach (SemanticCluster cluster in clusters)
        {
            measurement.Add(cluster);
        }

        return measurement;
    }

    private static SemanticCluster[] Clusters(int count, int records, int dimension)
    {
        RandomSource random = RandomSource.Create(count);
        return [.. Enumerable.Range(0, count).Select(id => Samples.Cluster(id, [.. Enumerable.Range(0, records).SelectMany(i => new[]
        {
            Samples.Embedding(Modality.Image, $"{i}", "ann", Samples.UnitVector(random, dimension)),
            Samples.Embedding(Modality.Text, $"{i}", "ann", Samples.UnitVector(random, dimension)),
        })]))];
    }

    private static DpPrototype Released(int clusterId, Modality modality, params float[] vector) => new()
    {
        ClusterId = clusterId,
        Modality = modality,
        Vector = vector,
        Count = 1,
        Epsilon = 1,
        Delta = 1e-5,
        Sensitivity = 2,
        Sigma = 1,
        Mechanism = PrivacyMechanism.AnalyticGaussian,
        IsFormal = true,
    };
}
