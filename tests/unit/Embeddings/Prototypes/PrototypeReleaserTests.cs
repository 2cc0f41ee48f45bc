using QosValuation.Embeddings.Prototypes;
using QosValuation.Foundation.Randomness;
using QosValuation.Privacy.Accounting;
using QosValuation.Privacy.Mechanisms;

namespace QosValuation.Tests;

public sealed class PrototypeReleaserTests
{
    private static readonly PrototypeReleaseOptions Noiseless = new() { Mechanism = PrivacyMechanism.None };

    [Fact]
    public void APrototypeIsTheMeanOverRecordsOfOneModality()
    {
        SemanticCluster cluster = Samples.Cluster(
            4,
            Samples.Embedding(Modality.Image, "a", "ann", 1, 0, 0),
            Samples.Embedding(Modality.Text, "a", "ann", 1, 0, 0),
            Samples.Embedding(Modality.Text, "a", "ann", 0, 1, 0),
            Samples.Embedding(Modality.Image, "b", "bob", 0, 1, 0),
            Samples.Embedding(Modality.Image, "c", "ann", 0, 0.6f, 0.8f),
            Samples.Embedding(Modality.Text, "c", "ann", 0, 0, 1));
        IReadOnlyList<DpPrototype> prototypes = new PrototypeReleaser(Noiseless, RandomSource.Create(1)).Release(cluster);

        Assert.Equal([Modality.Image, Modality.Text], prototypes.Select(p => p.Modality));
        AssertClose([1 / 3.0, 1.6 / 3, 0.8 / 3], prototypes[0].Vector, 1e-7);
        Assert.Equal(3, prototypes[0].Count);
        Assert.Equal(["ann", "bob"], prototypes[0].Contributors);

        // The two captions of record a are averaged and renormalised to (1, 1, 0)/√2 before the mean over the records a and c.
        AssertClose([Math.Sqrt(0.5) / 2, Math.Sqrt(0.5) / 2, 0.5], prototypes[1].Vector, 1e-7);
        Assert.Equal(2, prototypes[1].Count);
        Assert.All(prototypes, p => Assert.Equal(4, p.ClusterId));
    }

    [Fact]
    public void RecordsAreToldApartByContributorAndItem()
    {
        SemanticCluster cluster = Samples.Cluster(
            0,
            Samples.Embedding(Modality.Text, "same", "ann", 1, 0),
            Samples.Embedding(Modality.Text, "same", "bob", 1, 0),
            Samples.Embedding(Modality.Text, string.Empty, "bob", 1, 0),
            Samples.Embedding(Modality.Text, string.Empty, "bob", 0, 1));
        DpPrototype prototype = Assert.Single(new PrototypeReleaser(Noiseless, RandomSource.Create(1)).Release(cluster));
        Assert.Equal(4, prototype.Count);
        AssertClose([0.75, 0.25], prototype.Vector, 1e-7);
    }

    [Fact]
    public void AllImagesFirstAndTheirCaptionsLaterAreStillTheSameRecords()
    {
        ClipEmbedding[] members =
        [
            Samples.Embedding(Modality.Image, "a", "ann", 1, 0),
            Samples.Embedding(Modality.Image, "b", "bob", 0, 1),
            Samples.Embedding(Modality.Text, "a", "ann", 1, 0),
            Samples.Embedding(Modality.Text, "b", "bob", 0, 1),
            Samples.Embedding(Modality.Text, "a", "ann", 0, 1),
        ];
        IReadOnlyList<DpPrototype> prototypes = new PrototypeReleaser(Noiseless, RandomSource.Create(1)).Release(Samples.Cluster(0, members));
        Assert.Equal([2, 2], prototypes.Select(p => p.Count));
        AssertClose([Math.Sqrt(0.5) / 2, (Math.Sqrt(0.5) + 1) / 2], prototypes[1].Vector, 1e-7);
    }

    [Fact]
    public void CaptionsThatCancelGiveNoDirection()
    {
        SemanticCluster cluster = Samples.Cluster(
            0,
            Samples.Embedding(Modality.Text, "a", "ann", 0.6f, 0.8f),
            Samples.Embedding(Modality.Text, "a", "ann", -0.6f, -0.8f),
            Samples.Embedding(Modality.Text, "b", "ann", 1, 0));
        DpPrototype prototype = Assert.Single(new PrototypeReleaser(Noiseless, RandomSource.Create(1)).Release(cluster));
        AssertClose([0.5, 0], prototype.Vector, 1e-7);
    }

    [Theory]
    [InlineData(PrivacyMechanism.AnalyticGaussian)]
    [InlineData(PrivacyMechanism.ClassicGaussian)]
    [InlineData(PrivacyMechanism.DiscreteGaussian)]
    public void NoiseIsNormalWithTheStatedDeviation(PrivacyMechanism mechanism)
    {
        const int dimension = 512;
        RandomSource random = RandomSource.Create(41);
        var releaser = new PrototypeReleaser(new PrototypeReleaseOptions { Mechanism = mechanism, Epsilon = 0.9 }, random);
        var residuals = new List<double>();
        for (int c = 0; c < 20; c++)
        {
            int count = 3 + c;
            float[][] vectors = [.. Enumerable.Range(0, count).Select(_ => Samples.UnitVector(random, dimension))];
            DpPrototype prototype = Assert.Single(releaser.Release(Samples.Cluster(c, [.. vectors.Select((v, i) => Samples.Embedding(Modality.Image, $"{i}", "ann", v))])));
            Assert.Equal(count, prototype.Count);
            Assert.Equal(2.0 / count, prototype.Sensitivity);
            double expected = NoiseMechanisms.Of(mechanism).Sigma(0.9, 1e-5, 2.0 / count);
            Assert.InRange(prototype.Sigma / expected, 1 - 1e-12, 1 + 1e-6);
            Assert.Equal((true, false), (prototype.IsSeeded, prototype.IsFormal));
            for (int i = 0; i < dimension; i++)
            {
                residuals.Add((prototype.Vector[i] - vectors.Average(v => (double)v[i])) / prototype.Sigma);
            }
        }

        // 10,240 draws: Kolmogorov and Smirnov at 7·10⁻⁶, moments at six standard errors.
        double[] sample = [.. residuals];
        Assert.InRange(Samples.KolmogorovSmirnov(sample, Samples.NormalCumulative), 0, 2.5);
        Assert.InRange(sample.Average(), -6 / Math.Sqrt(sample.Length), 6 / Math.Sqrt(sample.Length));
        Assert.InRange(sample.Average(z => z * z), 1 - 6 * Math.Sqrt(2.0 / sample.Length), 1 + 6 * Math.Sqrt(2.0 / sample.Length));

        // Coordinates are independent of their neighbours.
        double lag = sample.Zip(sample.Skip(1), (x, y) => x * y).Average();
        Assert.InRange(lag, -6 / Math.Sqrt(sample.Length), 6 / Math.Sqrt(sample.Length));
    }

    [Theory]
    [InlineData(PrivacyMechanism.AnalyticGaussian)]
    [InlineData(PrivacyMechanism.DiscreteGaussian)]
    public void UnderAddRemoveTheCountIsNoisyToo(PrivacyMechanism mechanism)
    {
        const int count = 400;
        RandomSource random = RandomSource.Create(43);
        var options = new PrototypeReleaseOptions { Mechanism = mechanism, Neighboring = Neighboring.AddRemove };
        var releaser = new PrototypeReleaser(options, random);
        float[] vector = [0.6f, 0.8f];
        SemanticCluster cluster = Samples.Cluster(0, [.. Enumerable.Range(0, count).Select(i => Samples.Embedding(Modality.Image, $"{i}", "ann", vector))]);
        DpPrototype[] releases = [.. Enumerable.Range(0, 4_000).SelectMany(_ => releaser.Release(cluster))];

        // The count has the noise of the sum over its weight of 1/2: σ = 2·√1.25·σ(1), rounded to an integer.
        double jointSigma = Math.Sqrt(1.25) * releaser.NoiseMultiplier;
        double[] counts = [.. releases.Select(p => (p.Count - count) / (2 * jointSigma))];
        Assert.InRange(counts.Average(), -6 / Math.Sqrt(counts.Length), 6 / Math.Sqrt(counts.Length));
        Assert.InRange(counts.Average(z => z * z), 1 - 6 * Math.Sqrt(2.0 / counts.Length), 1.01 + 6 * Math.Sqrt(2.0 / counts.Length));

        double[] sums = [.. releases.Select(p => (p.Vector[0] * (double)p.Count - 0.6f * count) / jointSigma)];
        Assert.InRange(Samples.KolmogorovSmirnov(sums, Samples.NormalCumulative), 0, 2.5);
        Assert.All(releases, p => Assert.InRange(p.Sigma / p.Sensitivity / releaser.NoiseMultiplier, 1 - 1e-12, 1 + 1e-6));
        Assert.All(releases, p => Assert.Equal(Math.Sqrt(1.25) / p.Count, p.Sensitivity, 1e-12));
        Assert.All(releases, p => Assert.True(p.Sensitivity < 2.0 / (p.Count + 1)));

        // Who takes part is what the noise hides.
        Assert.All(releases, p => Assert.Empty(p.Contributors));
    }

    [Fact]
    public void AnAlmostEmptyClusterUnderAddRemoveKeepsACountOfAtLeastOne()
    {
        var releaser = new PrototypeReleaser(new PrototypeReleaseOptions { Neighboring = Neighboring.AddRemove }, RandomSource.Create(2));
        SemanticCluster cluster = Samples.Cluster(0, Samples.Embedding(Modality.Image, "a", "ann", 1, 0));
        DpPrototype[] releases = [.. Enumerable.Range(0, 200).SelectMany(_ => releaser.Release(cluster))];
        Assert.All(releases, p => Assert.True(p.Count >= 1));
        Assert.Contains(releases, p => p.Count == 1);
        Assert.Contains(releases, p => p.Count > 1);
    }

    [Fact]
    public void ReplacingOneRecordMovesTheClippedMeanByAtMostTwoOverN()
    {
        RandomSource random = RandomSource.Create(3);
        for (int trial = 0; trial < 200; trial++)
        {
            int count = 1 + random.NextInt32(6);
            ClipEmbedding[] members = [.. Enumerable.Range(0, count).Select(i => Wild(random, $"{i}"))];
            int changed = random.NextInt32(count);
            ClipEmbedding[] neighbour = [.. members];
            neighbour[changed] = trial % 3 == 0
                ? members[changed] with { Vector = [.. members[changed].Vector.Select(x => -x)] }
                : Wild(random, $"{changed}");
            RecordVectors first = RecordVectors.Collect(Samples.Cluster(0, members)).Image;
            RecordVectors second = RecordVectors.Collect(Samples.Cluster(0, neighbour)).Image;

            double distance = Math.Sqrt(first.Sum(clip: true).Zip(second.Sum(clip: true), (a, b) => (a - b) * (a - b)).Sum()) / count;
            Assert.InRange(distance, 0, PrototypeReleaser.SensitivityBound(count) * (1 + 1e-14));

            // On the grid the bound holds in integers: the distance of the sums is at most two units.
            const long unit = 1 << 24;
            Int128 square = 0;
            foreach ((long a, long b) in first.GridSum(unit).Zip(second.GridSum(unit)))
            {
                square += (Int128)(a - b) * (a - b);
            }

            Assert.True(square <= 4 * (Int128)unit * unit);
            Assert.True(first.GridSum(unit).Zip(first.Sum(clip: true), (grid, real) => Math.Abs((double)grid / unit - real)).Max() <= count * 2.0 / unit);
        }
    }

    [Fact]
    public void NormsAreNeverTrusted()
    {
        // With next to no noise the released mean shows what vectors of norm 5 and 0.5 count for: one record each.
        var options = new PrototypeReleaseOptions { Epsilon = 1e12 };
        SemanticCluster cluster = Samples.Cluster(
            0,
            Samples.Embedding(Modality.Image, "a", "ann", 5, 0, 0),
            Samples.Embedding(Modality.Image, "b", "ann", 0, 0.5f, 0));
        foreach (PrivacyMechanism mechanism in new[] { PrivacyMechanism.AnalyticGaussian, PrivacyMechanism.DiscreteGaussian })
        {
            DpPrototype prototype = Assert.Single(new PrototypeReleaser(options with { Mechanism = mechanism }, RandomSource.Create(1)).Release(cluster));
            AssertClose([0.5, 0.5, 0], prototype.Vector, 1e-4);
        }
    }

    [Fact]
    public void ImageDpLeavesTextsAloneAndPromisesNothing()
    {
        RandomSource random = RandomSource.Create(6);
        float[] image = Samples.UnitVector(random, 4_096);
        float[] text = Samples.UnitVector(random, 4_096);
        SemanticCluster cluster = Samples.Cluster(0, Samples.Embedding(Modality.Image, "a", "ann", image), Samples.Embedding(Modality.Text, "a", "ann", text));
        var releaser = new PrototypeReleaser(new PrototypeReleaseOptions { Mechanism = PrivacyMechanism.ImageDp }, random);
        IReadOnlyList<DpPrototype> prototypes = releaser.Release(cluster);

        Assert.Equal(text, prototypes[1].Vector);
        Assert.Equal(0, prototypes[1].Sigma);
        Assert.Equal(0.2 * 0.05, prototypes[0].Sigma);
        double[] noise = [.. prototypes[0].Vector.Zip(image, (p, v) => (p - (double)v) / 0.01)];
        Assert.InRange(Samples.KolmogorovSmirnov(noise, Samples.NormalCumulative), 0, 2.5);
        Assert.All(prototypes, p =>
        {
            Assert.False(p.IsFormal);
            Assert.True(double.IsNaN(p.Epsilon) && double.IsNaN(p.Delta) && double.IsNaN(p.Sensitivity));
        });
    }

    [Theory]
    [InlineData(0.5, true)]
    [InlineData(1, true)]
    [InlineData(8, true)]
    [InlineData(10, false)]
    [InlineData(20, false)]
    public void TheClassicMechanismIsFormalOnlyWhereItsFormulaHolds(double epsilon, bool formal)
    {
        var releaser = new PrototypeReleaser(new PrototypeReleaseOptions { Mechanism = PrivacyMechanism.ClassicGaussian, Epsilon = epsilon }, RandomSource.Create(null));
        DpPrototype prototype = Assert.Single(releaser.Release(Samples.Cluster(0, Samples.Embedding(Modality.Text, "a", "ann", 1, 0))));
        Assert.Equal(formal, prototype.IsFormal);
        Assert.Equal(epsilon, prototype.Epsilon);
        Assert.Equal(GaussianCalibration.ClassicSigma(epsilon, 1e-5, 2), prototype.Sigma, 1e-12);
    }

    [Fact]
    public void WithoutNoiseThePrototypeIsTheMeanAndNothingIsFormal()
    {
        SemanticCluster cluster = Samples.Cluster(0, Samples.Embedding(Modality.Text, "a", "ann", 1, 0), Samples.Embedding(Modality.Text, "b", "bob", 0, 1));
        DpPrototype prototype = Assert.Single(new PrototypeReleaser(Noiseless with { Neighboring = Neighboring.AddRemove }, RandomSource.Create(null)).Release(cluster));
        Assert.Equal([0.5f, 0.5f], prototype.Vector);
        Assert.Equal((2, 0.0, false, false, false), (prototype.Count, prototype.Sigma, prototype.IsFormal, prototype.IsSeeded, prototype.HasNoisyCount));
        Assert.True(double.IsNaN(prototype.Epsilon) && double.IsNaN(prototype.Delta) && double.IsNaN(prototype.Sensitivity));
        var accumulator = new PrivacyLossAccumulator();
        accumulator.Add(prototype);
        Assert.Equal(double.PositiveInfinity, accumulator.Measure(1e-5).Epsilon);
        Assert.Equal("SensitivityNotApplicable", Assert.Throws<QosValuationException>(
            () => new PrototypeReleaser(Noiseless, RandomSource.Create(1)).Release(cluster with { IsPublic = true })).ErrorId);
    }

    [Fact]
    public void ASweepTakesEachEpsilonOfFormalMechanismsAndTheOthersOnce()
    {
        var each = new PrototypeReleaseOptions { Delta = 1e-6, Scale = 0.5 };
        PrototypeReleaseOptions[] sweep = [.. each.Sweep([PrivacyMechanism.None, PrivacyMechanism.DiscreteGaussian, PrivacyMechanism.ImageDp], [0.5, 2])];
        Assert.Equal(
            [(PrivacyMechanism.None, 0.5), (PrivacyMechanism.DiscreteGaussian, 0.5), (PrivacyMechanism.DiscreteGaussian, 2), (PrivacyMechanism.ImageDp, 0.5)],
            sweep.Select(release => (release.Mechanism, release.Epsilon)));
        Assert.All(sweep, release => Assert.Equal((1e-6, 0.5), (release.Delta, release.Scale)));
    }

    [Fact]
    public void ASensitivityOfTheCallersIsUsedAsGiven()
    {
        SemanticCluster cluster = Samples.Cluster(0, [.. Enumerable.Range(0, 10).Select(i => Samples.Embedding(Modality.Image, $"{i}", "ann", 1, 0))]);
        foreach (PrivacyMechanism mechanism in new[] { PrivacyMechanism.AnalyticGaussian, PrivacyMechanism.DiscreteGaussian })
        {
            foreach (Neighboring neighboring in Enum.GetValues<Neighboring>())
            {
                var options = new PrototypeReleaseOptions { Mechanism = mechanism, Neighboring = neighboring, Sensitivity = 0.05 };
                DpPrototype prototype = Assert.Single(new PrototypeReleaser(options, RandomSource.Create(1)).Release(cluster));
                Assert.Equal(0.05, prototype.Sensitivity);
                Assert.Equal(10, prototype.Count);
                Assert.InRange(prototype.Sigma / NoiseMechanisms.Of(mechanism).Sigma(1, 1e-5, 0.05), 1 - 1e-12, 1 + 1e-6);
            }
        }
    }

    [Theory]
    [InlineData(0.05)]
    [InlineData(1e-6)]
    [InlineData(1e-12)]
    public void ASensitivityOfTheCallersIncludesWhatTheGridAdds(double sensitivity)
    {
        // Truncation moves a coordinate by up to two steps of 2⁻³⁶/n: far more than the last of these sensitivities.
        SemanticCluster cluster = Samples.Cluster(0, [.. Enumerable.Range(0, 10).Select(i => Samples.Embedding(Modality.Image, $"{i}", "ann", 0.6f, 0.8f))]);
        DpPrototype prototype = Assert.Single(new PrototypeReleaser(new PrototypeReleaseOptions { Sensitivity = sensitivity }, RandomSource.Create(1)).Release(cluster));
        Assert.InRange(prototype.Sensitivity * (1 + 1e-9), sensitivity + 2 * Math.Sqrt(2) * prototype.GridStep, sensitivity + 3 * prototype.GridStep + 1e-9);

        // Less than asked for only where rounding σ up to a whole step adds to the noise.
        var accumulator = new PrivacyLossAccumulator();
        accumulator.Add(prototype);
        Assert.InRange(accumulator.Measure(1e-5).Epsilon, 0.95, 1 + 1e-9);
    }

    [Fact]
    public void OnlyTheModalitiesAskedForAreReleased()
    {
        SemanticCluster cluster = Samples.Cluster(0, Samples.Embedding(Modality.Image, "a", "ann", 1, 0), Samples.Embedding(Modality.Text, "a", "ann", 0, 1));
        DpPrototype text = Assert.Single(new PrototypeReleaser(new PrototypeReleaseOptions { Modalities = [Modality.Text] }, RandomSource.Create(1)).Release(cluster));
        Assert.Equal(Modality.Text, text.Modality);
        SemanticCluster imagesOnly = Samples.Cluster(0, Samples.Embedding(Modality.Image, "a", "ann", 1, 0));
        Assert.Empty(new PrototypeReleaser(new PrototypeReleaseOptions { Modalities = [Modality.Text] }, RandomSource.Create(1)).Release(imagesOnly));
    }

    [Theory]
    [InlineData(PrivacyMechanism.AnalyticGaussian)]
    [InlineData(PrivacyMechanism.ClassicGaussian)]
    [InlineData(PrivacyMechanism.DiscreteGaussian)]
    [InlineData(PrivacyMechanism.ImageDp)]
    public void ASeedRepeatsTheReleaseAndItsAbsenceDoesNot(PrivacyMechanism mechanism)
    {
        SemanticCluster cluster = Samples.Cluster(0, Samples.Embedding(Modality.Image, "a", "ann", 0.6f, 0.8f, 0, 0));
        float[] Release(int? seed) => new PrototypeReleaser(new PrototypeReleaseOptions { Mechanism = mechanism }, RandomSource.Create(seed)).Release(cluster)[0].Vector;
        Assert.Equal(Release(5), Release(5));
        Assert.NotEqual(Release(5), Release(6));
        Assert.NotEqual(Release(null), Release(null));
    }

    [Fact]
    public void TinyBudgetsCoarsenTheGridAndStayInRange()
    {
        var options = new PrototypeReleaseOptions { Mechanism = PrivacyMechanism.DiscreteGaussian, Epsilon = 1e-12, Delta = 1e-12 };
        DpPrototype prototype = Assert.Single(new PrototypeReleaser(options, RandomSource.Create(1)).Release(Samples.Cluster(0, Samples.Embedding(Modality.Image, "a", "ann", 1, 0))));
        Assert.InRange(prototype.Sigma / GaussianCalibration.AnalyticSigma(1e-12, 1e-12, 2), 1 - 1e-12, 1 + 1e-6);
        Assert.All(prototype.Vector, x => Assert.True(float.IsFinite(x)));

        // Beyond the coarsest grid the release is refused rather than weakened.
        var beyond = new PrototypeReleaser(options with { Epsilon = 1e-20, Delta = 1e-20 }, RandomSource.Create(1));
        SemanticCluster cluster = Samples.Cluster(0, Samples.Embedding(Modality.Image, "a", "ann", 1, 0));
        Assert.Equal("SigmaOutOfRange", Assert.Throws<QosValuationException>(() => beyond.Release(cluster)).ErrorId);
    }

    [Fact]
    public void FaultyClustersAreNamed()
    {
        var releaser = new PrototypeReleaser(new PrototypeReleaseOptions(), RandomSource.Create(1));
        string IdOf(SemanticCluster cluster) => Assert.Throws<QosValuationException>(() => releaser.Release(cluster)).ErrorId;
        Assert.Equal("ClusterWithoutMembers", IdOf(Samples.Cluster(0)));
        Assert.Equal("EmbeddingNotFinite", IdOf(Samples.Cluster(0, Samples.Embedding(Modality.Image, "a", "ann", 1, float.NaN))));
        Assert.Equal("EmbeddingNotFinite", IdOf(Samples.Cluster(0, Samples.Embedding(Modality.Image, "a", "ann", float.PositiveInfinity, 0))));
        Assert.Equal("EmbeddingDimensionMismatch", IdOf(Samples.Cluster(0, Samples.Embedding(Modality.Image, "a", "ann", 1, 0), Samples.Embedding(Modality.Image, "b", "ann", 1))));
        Assert.Equal("EmbeddingEmpty", IdOf(Samples.Cluster(0, Samples.Embedding(Modality.Image, "a", "ann"))));
        Assert.Equal("EmbeddingIsZero", IdOf(Samples.Cluster(0, Samples.Embedding(Modality.Image, "a", "ann", 0, 0))));
    }

    [Fact]
    public void FaultyOptionsAreNamed()
    {
        string IdOf(PrototypeReleaseOptions options) => Assert.Throws<QosValuationException>(() => new PrototypeReleaser(options, RandomSource.Create(1))).ErrorId;
        Assert.Equal("EpsilonOutOfRange", IdOf(new PrototypeReleaseOptions { Epsilon = 0 }));
        Assert.Equal("DeltaOutOfRange", IdOf(new PrototypeReleaseOptions { Delta = 1 }));
        Assert.Equal("SensitivityOutOfRange", IdOf(new PrototypeReleaseOptions { Sensitivity = -1 }));
        Assert.Equal("PerturbationOutOfRange", IdOf(new PrototypeReleaseOptions { Mechanism = PrivacyMechanism.ImageDp, Scale = double.NaN }));
        Assert.Equal("PerturbationOutOfRange", IdOf(new PrototypeReleaseOptions { Mechanism = PrivacyMechanism.ImageDp, PerturbationCoefficient = -1 }));
        Assert.Equal("MechanismNotSupported", Assert.Throws<QosValuationException>(() => NoiseMechanisms.Of(PrivacyMechanism.ImageDp).Sigma(1, 1e-5, 1)).ErrorId);
    }

    private static ClipEmbedding Wild(RandomSource random, string item)
    {
        float[] vector = Samples.UnitVector(random, 8);
        float norm = random.NextInt32(4) switch { 0 => 1, 1 => 3e10f, 2 => 1.0009f, _ => 0.3f };
        return Samples.Embedding(Modality.Image, item, "ann", [.. vector.Select(x => x * norm)]);
    }

    private static void AssertClose(double[] expected, float[] actual, double tolerance)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (int i = 0; i < expected.Length; i++)
        {
            Assert.Equal(expected[i], actual[i], tolerance);
        }
    }
}
