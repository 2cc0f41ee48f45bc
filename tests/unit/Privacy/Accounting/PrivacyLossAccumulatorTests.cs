using QosValuation.Embeddings.Prototypes;
using QosValuation.Foundation.Randomness;
using QosValuation.Privacy.Accounting;
using QosValuation.Privacy.Mechanisms;

namespace QosValuation.Tests;

public sealed class PrivacyLossAccumulatorTests
{
    /// <summary>ε, δ, and σ/Δ for which min over α of αρ − (ln δ + ln α)/(α − 1) + ln((α − 1)/α), ρ = Δ²/2σ², is ε: mpmath, 60 digits.</summary>
    public static TheoryData<double, double, double> ExactZcdpSigmas => new()
    {
        { 0.001, 1e-2, 57.25752683088806497 },
        { 0.001, 1e-5, 2039.9594636087166569 },
        { 0.001, 1e-10, 4883.962062586294523 },
        { 0.001, 1e-50, 14276.021529465014919 },
        { 0.001, 1e-100, 20798.095008073072957 },
        { 0.001, 1e-300, 36760.279299612483947 },
        { 0.01, 1e-2, 39.426621686733501131 },
        { 0.01, 1e-5, 276.43452830395597046 },
        { 0.01, 1e-10, 530.49468515778721465 },
        { 0.01, 1e-50, 1443.5190218590982359 },
        { 0.01, 1e-100, 2090.8223874464607201 },
        { 0.01, 1e-300, 3682.2893685783750623 },
        { 0.1, 1e-2, 12.157564373121735179 },
        { 0.1, 1e-5, 33.981629359167851113 },
        { 0.1, 1e-10, 57.053497539882485248 },
        { 0.1, 1e-50, 145.95404350693545127 },
        { 0.1, 1e-100, 210.19698959825992578 },
        { 0.1, 1e-300, 368.86498437750702692 },
        { 1, 1e-2, 2.1988610559573112843 },
        { 1, 1e-5, 4.045130358292444328 },
        { 1, 1e-10, 6.1446710437555279046 },
        { 1, 1e-50, 14.781049582206733308 },
        { 1, 1e-100, 21.14965096369819875 },
        { 1, 1e-300, 36.960934717943073179 },
        { 5, 1e-2, 0.63594891304333009896 },
        { 5, 1e-5, 0.95261991503266862213 },
        { 5, 1e-10, 1.3344279909461415169 },
        { 5, 1e-50, 3.0040486969894481365 },
        { 5, 1e-100, 4.2637150092735881909 },
        { 5, 1e-300, 7.4116521475334843542 },
        { 10, 1e-2, 0.38353820727169817908 },
        { 10, 1e-5, 0.52959808237288990738 },
        { 10, 1e-10, 0.70927644309229919615 },
        { 10, 1e-50, 1.5226931798997834291 },
        { 10, 1e-100, 2.1466249817475510836 },
        { 10, 1e-300, 3.7144019368070555211 },
        { 100, 1e-2, 0.086212784469230230507 },
        { 100, 1e-5, 0.097399859883431436659 },
        { 100, 1e-10, 0.1110963603832073172 },
        { 100, 1e-50, 0.1783507441517868921 },
        { 100, 1e-100, 0.23464134648605681813 },
        { 100, 1e-300, 0.38372827366751455167 },
    };

    /// <summary>ε, δ, and the exact σ/Δ of Gaussian noise, in the range that is asked for.</summary>
    public static TheoryData<double, double, double> ExactGdpSigmas
    {
        get
        {
            var data = new TheoryData<double, double, double>();
            foreach (object[] row in GaussianCalibrationTests.ExactSigmas.Where(row => (double)row[0] <= 100))
            {
                data.Add((double)row[0], (double)row[1], (double)row[2]);
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(ExactGdpSigmas))]
    public void TheGaussianAccountantAgreesWithTheDefinitionInLogSpace(double epsilon, double delta, double sigma) =>
        AgreesInLogSpace(PrivacyAccountant.Gdp, epsilon, delta, sigma);

    [Theory]
    [MemberData(nameof(ExactZcdpSigmas))]
    public void TheConcentratedAccountantsAgreeWithTheDefinitionInLogSpace(double epsilon, double delta, double sigma)
    {
        AgreesInLogSpace(PrivacyAccountant.Zcdp, epsilon, delta, sigma);
        AgreesInLogSpace(PrivacyAccountant.Rdp, epsilon, delta, sigma);
    }

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

    // One release at σ; one on a grid so fine that it is worth the same; and seven unequal ones with the same Σμ².
    private static void AgreesInLogSpace(PrivacyAccountant accountant, double epsilon, double delta, double sigma)
    {
        var one = new PrivacyLossAccumulator(accountant);
        one.Add(1, sigma);
        var grid = new PrivacyLossAccumulator(accountant);
        grid.Add(1, sigma, PrivacyMechanism.DiscreteGaussian, gridStep: sigma * 1e-9);
        var seven = new PrivacyLossAccumulator(accountant);
        for (int i = 1; i <= 7; i++)
        {
            seven.Add(3, 3 * sigma * Math.Sqrt(28.0 / i));
        }

        foreach (PrivacyLossAccumulator accumulator in new[] { one, grid, seven })
        {
            PrivacyLoss loss = accumulator.Measure(delta);
            Assert.Equal(accountant, loss.Accountant);
            Assert.InRange(Math.Log(loss.Epsilon) - Math.Log(epsilon), -1e-9, 1e-9);
        }
    }
}
