using QosValuation.Foundation.Randomness;
using QosValuation.Privacy.Accounting;
using QosValuation.Privacy.Budgets;
using QosValuation.Privacy.Mechanisms;
using QosValuation.Valuation.MarginalUtility;

namespace QosValuation.Tests;

public sealed class NeighborCountReleaseTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory().FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void NoiseIsThatOfTheWholeVector()
    {
        const int Tests = 4000;
        var release = new NeighborCountRelease(new MarginalUtilityOptions { Epsilon = 2 }, Tests);
        double sigma = GaussianCalibration.AnalyticSigma(2, 1e-5, Math.Sqrt(2.0 * Tests));
        Assert.Equal(sigma, release.Sigma, 1e-3 * sigma);
        NeighborCounts[] counts = [.. Enumerable.Range(0, Tests).Select(i => new NeighborCounts(1000 + i, i))];
        NeighborCounts[] noisy = release.Draw(counts, RandomSource.Create(5));
        double[] within = [.. noisy.Zip(counts, (n, c) => (double)(n.Within - c.Within))];
        double[] matches = [.. noisy.Zip(counts, (n, c) => (double)(n.Matches - c.Matches))];
        foreach (double[] noise in (double[][])[within, matches])
        {
            // Four standard deviations of the mean, and of the variance of normal noise.
            Assert.InRange(noise.Average(), -4 * sigma / Math.Sqrt(Tests), 4 * sigma / Math.Sqrt(Tests));
            double ratio = noise.Average(x => x * x) / (sigma * sigma);
            Assert.InRange(ratio, 1 - (4 * Math.Sqrt(2.0 / Tests)), 1 + (4 * Math.Sqrt(2.0 / Tests)));
        }

        double product = within.Zip(matches, (x, y) => x * y).Average() / (sigma * sigma);
        Assert.InRange(product, -4 / Math.Sqrt(Tests), 4 / Math.Sqrt(Tests));
        PrivacyCost cost = new PrivacyCharge(release.Event, new ReleaseLabel("x"), ["a"]).CostUnder(Neighboring.AddRemove)!;
        Assert.Equal(2, GaussianCalibration.EpsilonOfSquaredMu(cost.SquaredMu, 1e-5), 1e-4);
    }

    [Fact]
    public void ValuesRestOnNoisyCountsAlone()
    {
        // With counts far from 1 and nearly no noise the private values are nearly the exact ones.
        (float[][] train, int[] labels, float[][] test, int[] testLabels, int classes) = BruteForce.Grid(400, 5, 3);
        ValuationProblem problem = BruteForce.Problem(train, labels, test, testLabels, classes);
        var options = new MarginalUtilityOptions { Method = MarginalUtilityMethod.ThresholdKnnShapley, Threshold = 9, Seed = 1 };
        double[] exact = [.. MarginalUtilityMeasurement.Run(problem, options).Select(row => row.Value)];
        double[] near = [.. MarginalUtilityMeasurement.Run(problem, options with { Epsilon = 1e4 }).Select(row => row.Value)];
        Assert.Equal(exact, near, NeighborMethodTests.Near(1e-12));
        double[] noisy = [.. MarginalUtilityMeasurement.Run(problem, options with { Epsilon = 0.5 }).Select(row => row.Value)];
        Assert.NotEqual(exact, noisy);
        Assert.Equal(noisy, MarginalUtilityMeasurement.Run(problem, options with { Epsilon = 0.5, MaximumThreads = 3 }).Select(row => row.Value));

        // The same counts for everyone: as many different values as a test point can give, match or no match.
        Assert.True(noisy.Distinct().Count() <= 1 << test.Length);
        Assert.Null(MarginalUtilityMeasurement.Run(problem, options with { Epsilon = 0.5, Seed = null })[0].Seed);
    }

    [Fact]
    public void TheBudgetIsChargedOnceToEveryone()
    {
        string path = Path.Combine(_folder, "budget.db");
        PrivacyBudget budget = PrivacyBudget.Create(path, 1, 1e-5, Neighboring.AddRemove);
        (float[][] train, int[] labels, float[][] test, int[] testLabels, int classes) = BruteForce.Grid(10, 6, 3);
        int[] players = [0, 1, 2, 0, 1, 2, 2, 2, 0, 1];
        ValuationProblem problem = BruteForce.Problem(train, labels, test, testLabels, classes, players);
        var options = new MarginalUtilityOptions { Method = MarginalUtilityMethod.ThresholdKnnShapley, Threshold = 2, Epsilon = 0.5 };
        using (PrivacyBudgetStore store = PrivacyBudgetStore.Open(path))
        {
            MarginalUtilityMeasurement.Run(problem, options with { Budget = store });
        }

        Assert.Equal(1, budget.Releases);
        Assert.Equal(["c0", "c1", "c2"], budget.Contributors.Select(row => row.Contributor));
        Assert.All(budget.Contributors, row => Assert.Equal(0.5, row.Spent, 1e-4));

        // Too dear: nothing is charged. A seed: refused.
        using PrivacyBudgetStore again = PrivacyBudgetStore.Open(path);
        Assert.Equal("PrivacyBudgetExceeded", Assert.Throws<PrivacyBudgetException>(
            () => MarginalUtilityMeasurement.Run(problem, options with { Budget = again, Epsilon = 1 })).ErrorId);
        Assert.Equal("PrivacyBudgetNotApplicable", Assert.Throws<PrivacyBudgetException>(
            () => MarginalUtilityMeasurement.Run(problem, options with { Budget = again, Epsilon = 0.1, Seed = 1 })).ErrorId);
        Assert.Equal(1, budget.Releases);
        Assert.Equal("EpsilonOutOfRange", Assert.Throws<QosValuationException>(
            () => MarginalUtilityMeasurement.Run(problem, options with { Epsilon = -1 })).ErrorId);
    }
}
