using QosValuation.Numerics;
using QosValuation.Privacy;

namespace QosValuation.Tests.Privacy;

public sealed class PrivacyLossAccumulatorTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    [InlineData(250)]
    public void EqualGaussianReleasesComposeExactly(int releases)
    {
        // k releases at σ equal one at σ/√k: the sum of k squared distances is a squared distance.
        var accumulator = new PrivacyLossAccumulator();
        for (int i = 0; i < releases; i++)
        {
            accumulator.Add(0.04, 0.3);
        }

        PrivacyLoss loss = accumulator.Measure(1e-5);
        Assert.Equal(releases, loss.Releases);
        Assert.Equal(Math.Sqrt(releases) * 0.04 / 0.3, loss.Mu, 1e-12);
        Assert.Equal(GaussianCalibration.Epsilon(0.3 / Math.Sqrt(releases), 1e-5, 0.04), loss.Epsilon, 1e-9);
        Assert.Equal(1e-5, loss.Delta);
        Assert.True(loss.IsFormal);
    }

    [Fact]
    public void OneReleaseCostsWhatItWasCalibratedFor()
    {
        var releaser = new PrototypeReleaser(new PrototypeReleaseOptions { Epsilon = 0.7, Delta = 1e-6 }, RandomSource.Create(1));
        var accumulator = new PrivacyLossAccumulator();
        accumulator.Add(Assert.Single(releaser.Release(Samples.Cluster(0, Samples.Embedding(Modality.Image, "a", "ann", 1, 0)))));
        Assert.Equal(0.7, accumulator.Measure(1e-6).Epsilon, 1e-9);
    }

    [Fact]
    public void AccountantsAreOrderedByTightness()
    {
        for (int trial = 0; trial < 100; trial++)
        {
            PrivacyLoss[] losses = [.. new[] { PrivacyAccountant.Gdp, PrivacyAccountant.Zcdp, PrivacyAccountant.Rdp }.Select(accountant =>
            {
                RandomSource draws = RandomSource.Create(trial);
                var accumulator = new PrivacyLossAccumulator(accountant);
                int count = 1 + draws.NextInt32(30);
                for (int i = 0; i < count; i++)
                {
                    accumulator.Add(1, Math.Pow(10, 3 * draws.NextDouble() - 0.5));
                }

                return accumulator.Measure(Math.Pow(10, -2 - trial % 9));
            })];
            Assert.True(losses[0].Epsilon <= losses[1].Epsilon);
            Assert.True(losses[1].Epsilon <= losses[2].Epsilon * (1 + 1e-9));
            Assert.True(losses[2].Epsilon <= 1.6 * losses[0].Epsilon + 0.2);
            Assert.All(losses, loss => Assert.Equal(losses[0].Mu, loss.Mu));
        }
    }

    [Fact]
    public void AReleaseWithoutAGuaranteeVoidsTheTotal()
    {
        var accumulator = new PrivacyLossAccumulator();
        accumulator.Add(0.1, 1);
        accumulator.Add(double.NaN, 0.01, PrivacyMechanism.ImageDp);
        PrivacyLoss loss = accumulator.Measure(1e-5);
        Assert.Equal(double.PositiveInfinity, loss.Epsilon);
        Assert.Equal(2, loss.Releases);
        Assert.False(loss.IsFormal);
        Assert.Contains("1 of 2", loss.Explanation, StringComparison.Ordinal);

        var noiseless = new PrivacyLossAccumulator();
        noiseless.Add(0.1, 0);
        Assert.Equal(double.PositiveInfinity, noiseless.Measure(1e-5).Epsilon);
    }

    [Fact]
    public void ParallelClustersCostTheLargestOfThem()
    {
        var parallel = new PrivacyLossAccumulator(PrivacyAccountant.Gdp, parallel: true);
        var sequence = new PrivacyLossAccumulator();
        foreach ((double sigma, int cluster) in new[] { (2.0, 0), (2.0, 0), (1.0, 1), (4.0, 2) })
        {
            parallel.Add(1, sigma, clusterId: cluster);
            sequence.Add(1, sigma, clusterId: cluster);
        }

        Assert.Equal(1, parallel.Measure(1e-5).Mu, 1e-12);
        Assert.Equal(Math.Sqrt(0.25 + 0.25 + 1 + 1 / 16.0), sequence.Measure(1e-5).Mu, 1e-12);

        // A release that may concern any record counts in every cluster.
        parallel.Add(1, 0.5);
        Assert.Equal(Math.Sqrt(5), parallel.Measure(1e-5).Mu, 1e-12);
    }

    [Fact]
    public void DiscreteReleasesComposeAsContinuousOnesWhereTheirGridIsKnown()
    {
        var releaser = new PrototypeReleaser(new PrototypeReleaseOptions { Mechanism = PrivacyMechanism.DiscreteGaussian }, RandomSource.Create(1));
        DpPrototype prototype = Assert.Single(releaser.Release(Samples.Cluster(0, Samples.Embedding(Modality.Image, "a", "ann", 1, 0))));
        var accumulator = new PrivacyLossAccumulator();
        accumulator.Add(prototype);
        PrivacyLoss loss = accumulator.Measure(1e-5);
        Assert.Equal(PrivacyAccountant.Gdp, loss.Accountant);
        Assert.InRange(loss.Epsilon, 1 - 1e-9, 1 + 1e-12);

        // Beside a continuous release of the same ε: the same as two continuous ones.
        accumulator.Add(1, GaussianCalibration.AnalyticSigma(1, 1e-5, 1));
        Assert.Equal(GaussianCalibration.Epsilon(GaussianCalibration.AnalyticSigma(1, 1e-5, 1) / Math.Sqrt(2), 1e-5, 1), accumulator.Measure(1e-5).Epsilon, 1e-9);
    }

    [Theory]
    [InlineData(0.0)]
    [InlineData(0.5)]
    public void DiscreteReleasesOfAnUnknownOrCoarseGridAreAccountedByZeroConcentratedPrivacy(double gridStep)
    {
        var accumulator = new PrivacyLossAccumulator();
        accumulator.Add(1, 1.2, PrivacyMechanism.DiscreteGaussian, gridStep: gridStep);
        PrivacyLoss loss = accumulator.Measure(1e-5);
        Assert.Equal(PrivacyAccountant.Zcdp, loss.Accountant);
        Assert.Equal(ZeroConcentratedPrivacy.Epsilon(1 / (2 * 1.2 * 1.2), 1e-5), loss.Epsilon, 1e-9);
    }

    [Fact]
    public void ContributorsMayBeInSeveralClustersSoTheirReleasesAddUpEvenInParallel()
    {
        var accumulator = new PrivacyLossAccumulator(PrivacyAccountant.Gdp, parallel: true);
        accumulator.Add(1, 2, clusterId: 0, unit: PrivacyUnit.Contributor);
        accumulator.Add(1, 2, clusterId: 1, unit: PrivacyUnit.Contributor);
        PrivacyLoss loss = accumulator.Measure(1e-5);
        Assert.Equal(Math.Sqrt(0.5), loss.Mu, 1e-12);
        Assert.Contains("one contributor replaced", loss.Explanation, StringComparison.Ordinal);
    }

    [Fact]
    public void MixedRelationsAreStatedForReplacement()
    {
        var accumulator = new PrivacyLossAccumulator();
        accumulator.Add(1, 2, neighboring: Neighboring.ReplaceOne);
        accumulator.Add(1, 2, neighboring: Neighboring.AddRemove);
        Assert.Equal(Math.Sqrt(0.25 + 4 * 0.25), accumulator.Measure(1e-5).Mu, 1e-12);
    }

    [Fact]
    public void NothingReleasedCostsNothing()
    {
        foreach (PrivacyAccountant accountant in Enum.GetValues<PrivacyAccountant>())
        {
            PrivacyLoss loss = new PrivacyLossAccumulator(accountant).Measure(1e-5);
            Assert.Equal(0, loss.Epsilon);
            Assert.Equal(0, loss.Mu);
            Assert.Equal(0, loss.Releases);
        }
    }

    [Fact]
    public void FaultyReleasesAndDeltasAreRefused()
    {
        var accumulator = new PrivacyLossAccumulator();
        Assert.Equal("ReleaseNotValid", Assert.Throws<QosValuationException>(() => accumulator.Add(-1, 1)).ErrorId);
        Assert.Equal("ReleaseNotValid", Assert.Throws<QosValuationException>(() => accumulator.Add(1, -1)).ErrorId);
        Assert.Equal("ReleaseNotValid", Assert.Throws<QosValuationException>(() => accumulator.Add(1, double.NaN)).ErrorId);
        Assert.Equal("DeltaOutOfRange", Assert.Throws<QosValuationException>(() => accumulator.Measure(0)).ErrorId);
        Assert.Equal(0, accumulator.Measure(1e-5).Releases);
    }
}
