using QosValuation.Attacks.Membership;
using QosValuation.Embeddings.Prototypes;
using QosValuation.Foundation.Numerics;
using QosValuation.Foundation.Randomness;

namespace QosValuation.Tests;

public sealed class NeighboringPairTests
{
    [Theory]
    [InlineData(Neighboring.ReplaceOne, PrivacyMechanism.AnalyticGaussian)]
    [InlineData(Neighboring.ReplaceOne, PrivacyMechanism.DiscreteGaussian)]
    [InlineData(Neighboring.AddRemove, PrivacyMechanism.AnalyticGaussian)]
    [InlineData(Neighboring.AddRemove, PrivacyMechanism.DiscreteGaussian)]
    public void TheWorstPairLiesExactlyTheSensitivityApart(Neighboring neighboring, PrivacyMechanism mechanism)
    {
        var options = new PrototypeReleaseOptions { Mechanism = mechanism, Neighboring = neighboring };
        NeighboringPair pair = NeighboringPair.WorstCase(neighboring, 7, 5, RandomSource.Create(1));
        var releaser = new PrototypeReleaser(options, RandomSource.Create(2));
        foreach (SemanticCluster cluster in new[] { pair.Member, pair.Other })
        {
            DpPrototype released = Assert.Single(releaser.Release(cluster));
            Assert.Equal(released.Sensitivity / released.Sigma, pair.Mu(released), 5);
        }

        Assert.Equal(7, pair.Member.Members.Count);
        Assert.Equal(neighboring == Neighboring.ReplaceOne ? 7 : 6, pair.Other.Members.Count);
    }

    [Theory]
    [InlineData(Neighboring.ReplaceOne)]
    [InlineData(Neighboring.AddRemove)]
    public void TheCountOfAPublicCentroidIsNoisyUnderBothRelations(Neighboring neighboring)
    {
        SemanticCluster cluster = NeighboringPair.WorstCase(neighboring, 40, 3, RandomSource.Create(1)).Member with { IsPublic = true };
        NeighboringPair pair = NeighboringPair.OfCluster(cluster, neighboring)[0];
        var releaser = new PrototypeReleaser(new PrototypeReleaseOptions { Neighboring = neighboring, Epsilon = 5, Modalities = [Modality.Image] }, RandomSource.Create(2));
        double sum = 0;
        for (int trial = 0; trial < 400; trial++)
        {
            DpPrototype released = releaser.Release(pair.Member)[0];
            Assert.Equal(released.Sensitivity / released.Sigma, pair.Mu(released), 5);
            sum += pair.LogLikelihoodRatio(released) - pair.LogLikelihoodRatio(releaser.Release(pair.Other)[0]);
        }

        // The ratios are N(±μ²/2, μ²), so that their difference has the mean μ² and the variance 2μ². Four deviations: 6·10⁻⁵.
        double mu = 1 / releaser.NoiseMultiplier;
        Assert.InRange(sum / 400, mu * mu - 4 * mu * Math.Sqrt(2.0 / 400), mu * mu + 4 * mu * Math.Sqrt(2.0 / 400));
    }

    [Fact]
    public void TheRatioIsThatOfTheDensities()
    {
        RandomSource random = RandomSource.Create(3);
        ClipEmbedding[] members = [.. Enumerable.Range(0, 5).Select(i => Samples.Embedding(Modality.Image, $"{i}", "ann", Samples.UnitVector(random, 4)))];
        NeighboringPair pair = NeighboringPair.WithinCluster.Of(Samples.Cluster(2, members), Modality.Image, clip: true).Exchange(1, 3);
        Assert.Equal(["1", "0", "2", "4"], pair.Member.Members.Select(m => m.Item));
        Assert.Equal(["3", "0", "2", "4"], pair.Other.Members.Select(m => m.Item));
        DpPrototype released = new PrototypeReleaser(new PrototypeReleaseOptions { Epsilon = 20, Mechanism = PrivacyMechanism.AnalyticGaussian }, random).Release(pair.Member)[0];
        double expected = LogDensity(released, pair.Member) - LogDensity(released, pair.Other);
        Assert.Equal(expected, pair.LogLikelihoodRatio(released), 5);
        Assert.Equal(expected * released.Sigma * released.Sigma, pair.Project(released.Vector), 6);

        static double LogDensity(DpPrototype released, SemanticCluster cluster) =>
            Enumerable.Range(0, 4).Sum(i => NormalTail.LogDensity((released.Vector[i] - cluster.Members.Average(m => (double)m.Vector[i])) / released.Sigma));
    }

    [Fact]
    public void ANoisyCountIsPartOfTheEvidence()
    {
        NeighboringPair pair = NeighboringPair.WorstCase(Neighboring.AddRemove, 30, 2, RandomSource.Create(3));
        var releaser = new PrototypeReleaser(new PrototypeReleaseOptions { Epsilon = 3, Mechanism = PrivacyMechanism.AnalyticGaussian, Neighboring = Neighboring.AddRemove }, RandomSource.Create(4));
        for (int trial = 0; trial < 20; trial++)
        {
            DpPrototype released = releaser.Release(pair.Member)[0];
            Assert.Equal(LogProbability(released, pair.Member) - LogProbability(released, pair.Other), pair.LogLikelihoodRatio(released), 5);
        }

        static double LogProbability(DpPrototype released, SemanticCluster cluster)
        {
            // σ of the pair (Σx, n/2) follows from √1.25 times the noise multiplier; the count has twice that.
            double sigma = released.Sigma * released.Count;
            double n = cluster.Members.Count;
            double count = Samples.NormalCumulative((released.Count + 0.5 - n) / (2 * sigma)) - Samples.NormalCumulative((released.Count - 0.5 - n) / (2 * sigma));
            return Math.Log(count) + Enumerable.Range(0, 2).Sum(i =>
                NormalTail.LogDensity(((double)released.Vector[i] * released.Count - cluster.Members.Sum(m => (double)m.Vector[i])) / sigma));
        }
    }

    [Fact]
    public void WithoutNoiseTheReleaseSettlesTheMatter()
    {
        ClipEmbedding[] members = [Samples.Embedding(Modality.Text, "a", "ann", 1, 0), Samples.Embedding(Modality.Text, "b", "ann", 0, 1)];
        NeighboringPair.WithinCluster records = NeighboringPair.WithinCluster.Of(Samples.Cluster(0, members), Modality.Text, clip: false);
        var releaser = new PrototypeReleaser(new PrototypeReleaseOptions { Mechanism = PrivacyMechanism.ImageDp }, RandomSource.Create(1));
        NeighboringPair pair = records.Exchange(0, 1);
        Assert.Equal(double.PositiveInfinity, pair.LogLikelihoodRatio(releaser.Release(pair.Member)[0]));
        Assert.Equal(double.NegativeInfinity, pair.LogLikelihoodRatio(releaser.Release(pair.Other)[0]));
        Assert.Equal(double.PositiveInfinity, pair.Mu(releaser.Release(pair.Other)[0]));

        // ImageDp tells the count as it is, so under AddRemove the count alone settles it.
        NeighboringPair removed = records.WorstPair(0, Neighboring.AddRemove);
        Assert.Equal(double.NegativeInfinity, removed.LogLikelihoodRatio(releaser.Release(removed.Other)[0] with { Sigma = 100 }));
    }

    [Fact]
    public void AllCaptionsOfARecordComeAndGoTogether()
    {
        SemanticCluster cluster = Samples.Cluster(
            0,
            Samples.Embedding(Modality.Image, "a", "ann", 1, 0),
            Samples.Embedding(Modality.Text, "a", "ann", 1, 0),
            Samples.Embedding(Modality.Text, "a", "ann", 0, 1),
            Samples.Embedding(Modality.Image, "b", "ann", 0, 1),
            Samples.Embedding(Modality.Text, "b", "ann", 0, 1));
        IReadOnlyList<NeighboringPair> pairs = NeighboringPair.OfCluster(cluster, Neighboring.AddRemove);
        Assert.Equal([Modality.Image, Modality.Text], pairs.Select(p => p.Modality));
        Assert.Equal(3, pairs[1].Member.Members.Count);
        Assert.Equal(["b"], pairs[1].Other.Members.Select(m => m.Item));
        Assert.Equal(1, pairs[1].Other.Count);
        Assert.Equal("ClusterTooSmall", Assert.Throws<QosValuationException>(() => NeighboringPair.OfCluster(pairs[1].Other, Neighboring.AddRemove)).ErrorId);
    }
}
