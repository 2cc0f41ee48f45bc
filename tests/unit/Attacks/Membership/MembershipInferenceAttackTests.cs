using QosValuation.Attacks.Membership;
using QosValuation.Embeddings.Prototypes;
using QosValuation.Foundation.Randomness;

namespace QosValuation.Tests;

public sealed class MembershipInferenceAttackTests
{
    // Each comparison fails by chance with probability 6·10⁻⁵ (four standard errors).
    [Theory]
    [InlineData(PrivacyMechanism.AnalyticGaussian, Neighboring.ReplaceOne, MembershipCounterpart.Record, 5)]
    [InlineData(PrivacyMechanism.AnalyticGaussian, Neighboring.ReplaceOne, MembershipCounterpart.Opposite, 1)]
    [InlineData(PrivacyMechanism.AnalyticGaussian, Neighboring.AddRemove, MembershipCounterpart.Record, 5)]
    [InlineData(PrivacyMechanism.DiscreteGaussian, Neighboring.ReplaceOne, MembershipCounterpart.Record, 5)]
    [InlineData(PrivacyMechanism.DiscreteGaussian, Neighboring.AddRemove, MembershipCounterpart.Record, 2)]
    [InlineData(PrivacyMechanism.ImageDp, Neighboring.ReplaceOne, MembershipCounterpart.Record, 1)]
    public void TheLikelihoodRatioReachesTheOptimum(PrivacyMechanism mechanism, Neighboring neighboring, MembershipCounterpart counterpart, double epsilon)
    {
        MembershipInference[] results = Attack(Cluster(12, 6, captions: false), new MembershipInferenceOptions
        {
            Release = new PrototypeReleaseOptions { Mechanism = mechanism, Neighboring = neighboring, Epsilon = epsilon, Scale = 0.5 },
            Counterpart = counterpart,
            Trials = 6000,
            FalsePositiveRate = 0.01,
            Seed = 1,
        });
        MembershipInference best = results[0];
        Assert.Equal(MembershipAttack.LikelihoodRatio, best.Attack);
        Close(best.TheoreticalAuc, best.Auc, best.AucStandardError);
        Close(best.TheoreticalAdvantage, best.Advantage, best.AdvantageStandardError);
        Close(best.TheoreticalTruePositiveRate, best.TruePositiveRate, best.TruePositiveRateStandardError);
        Assert.InRange(best.AucStandardError, 0.0001, 0.006);
        if (mechanism != PrivacyMechanism.ImageDp)
        {
            Assert.InRange(best.TheoreticalAuc, 0.5, best.WorstCaseAuc + 1e-9);
            Assert.Equal(epsilon, best.Epsilon);
        }

        if (counterpart == MembershipCounterpart.Opposite)
        {
            Assert.Equal(best.WorstCaseAuc, best.TheoreticalAuc, 6);
        }

        // The attacker who knows less reaches less, and the cosine never beats the optimum.
        MembershipInference cosine = results[1];
        Assert.True(cosine.Auc <= best.TheoreticalAuc + 4 * cosine.AucStandardError);
        Assert.True(cosine.Auc >= 0.5 - 4 * cosine.AucStandardError);
        Assert.Equal(neighboring == Neighboring.ReplaceOne && counterpart == MembershipCounterpart.Record ? 11 : 12, best.Count);
    }

    [Fact]
    public void TextWithoutNoiseGivesItsMembersAway()
    {
        MembershipInference[] results = Attack(Cluster(6, 4, captions: true), new MembershipInferenceOptions
        {
            Release = new PrototypeReleaseOptions { Mechanism = PrivacyMechanism.ImageDp },
            Attacks = [MembershipAttack.LikelihoodRatio],
            Trials = 60,
            Seed = 1,
        });
        Assert.Equal([Modality.Image, Modality.Text], results.Select(r => r.Modality));
        Assert.Equal(1, results[1].Auc);
        Assert.Equal(1, results[1].TruePositiveRate);
        Assert.Equal(1, results[1].Advantage);
        Assert.Equal(1, results[1].TheoreticalAuc);
        Assert.True(double.IsNaN(results[1].WorstCaseAuc));
        Assert.True(double.IsNaN(results[1].Epsilon));
    }

    [Fact]
    public void TheSeedDecidesWhateverTheThreadsAndTheOtherClusters()
    {
        SemanticCluster cluster = Cluster(5, 3, captions: true);
        var attack = new MembershipInferenceAttack(new MembershipInferenceOptions { Trials = 300, Seed = 4 });
        MembershipInference[] one = [.. attack.Run(cluster, maximumThreads: 1)];
        Assert.Equal(4, one.Length);
        attack.Run(Cluster(4, 3, captions: false));
        Assert.Equal(one, attack.Run(cluster, maximumThreads: 6).ToArray());
    }

    [Fact]
    public void CopiesOfOneRecordCannotBeToldApart()
    {
        ClipEmbedding[] members = [.. Enumerable.Range(0, 4).Select(i => Samples.Embedding(Modality.Image, $"{i}", "ann", 0.6f, 0.8f))];
        MembershipInference result = Attack(Samples.Cluster(0, members), new MembershipInferenceOptions { Trials = 200, Seed = 1, Attacks = [MembershipAttack.LikelihoodRatio] })[0];
        Assert.Equal(0.5, result.Auc);
        Assert.Equal(0.5, result.TheoreticalAuc);
        Assert.Equal(0, result.Advantage);
    }

    [Fact]
    public void ArgumentsAndClustersOutOfRangeAreRefused()
    {
        foreach (MembershipInferenceOptions options in new MembershipInferenceOptions[] { new() { Trials = 1 }, new() { FalsePositiveRate = 0 }, new() { Attacks = [] } })
        {
            Assert.Equal("AttackNotValid", Assert.Throws<QosValuationException>(() => new MembershipInferenceAttack(options)).ErrorId);
        }

        Assert.Equal("EpsilonOutOfRange", Assert.Throws<QosValuationException>(() => new MembershipInferenceAttack(new() { Release = new() { Epsilon = 0 } })).ErrorId);
        var attack = new MembershipInferenceAttack(new MembershipInferenceOptions { Trials = 10 });
        Assert.Equal("ClusterTooSmall", Assert.Throws<QosValuationException>(() => attack.Run(Cluster(1, 2, captions: true))).ErrorId);
        Assert.Equal("ClusterWithoutMembers", Assert.Throws<QosValuationException>(() => attack.Run(Samples.Cluster(0))).ErrorId);
        using var cancellation = new CancellationTokenSource();
        cancellation.Cancel();
        Assert.Throws<OperationCanceledException>(() => attack.Run(Cluster(3, 2, captions: false), cancellationToken: cancellation.Token));
    }

    private static MembershipInference[] Attack(SemanticCluster cluster, MembershipInferenceOptions options) => [.. new MembershipInferenceAttack(options).Run(cluster)];

    private static SemanticCluster Cluster(int count, int dimension, bool captions)
    {
        RandomSource random = RandomSource.Create(count);
        return Samples.Cluster(count, [.. Enumerable.Range(0, count).SelectMany(Record)]);

        IEnumerable<ClipEmbedding> Record(int i)
        {
            yield return Samples.Embedding(Modality.Image, $"{i}", "ann", Samples.UnitVector(random, dimension));
            for (int k = 0; captions && k < 2; k++)
            {
                yield return Samples.Embedding(Modality.Text, $"{i}", "ann", Samples.UnitVector(random, dimension));
            }
        }
    }

    private static void Close(double expected, double measured, double error) => Assert.InRange(measured, expected - 4 * error - 1e-12, expected + 4 * error + 1e-12);
}
