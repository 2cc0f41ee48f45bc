using QosValuation.Valuation.MarginalUtility;

namespace QosValuation.Tests;

public sealed class SemivalueMethodTests
{
    public static TheoryData<MarginalUtilityMethod, double, double> Methods => new()
    {
        { MarginalUtilityMethod.Shapley, 1, 1 },
        { MarginalUtilityMethod.Banzhaf, 1, 1 },
        { MarginalUtilityMethod.BetaShapley, 1, 1 },
        { MarginalUtilityMethod.BetaShapley, 16, 1 },
        { MarginalUtilityMethod.BetaShapley, 4, 0.5 },
    };

    [Theory]
    [MemberData(nameof(Methods))]
    public void AllCoalitionsGiveTheDefinition(MarginalUtilityMethod method, double alpha, double beta)
    {
        foreach (int n in (int[])[1, 2, 3, 7, 10])
        {
            BruteForce.DrawnGame game = BruteForce.Game(n, n);
            IReadOnlyList<MarginalUtility> rows = MarginalUtilityMeasurement.Run(
                game.Problem(), new MarginalUtilityOptions { Method = method, Alpha = alpha, Beta = beta, Exact = true });
            Assert.Equal(Exact(method, game, alpha, beta), rows.Select(row => row.Value), NeighborMethodTests.Near(1e-10));
            Assert.All(rows, row => Assert.Equal((0, true, 1L << n), (row.StandardError, row.Converged, row.Evaluations)));
        }
    }

    [Fact]
    public void LeaveOneOutIsItsDefinition()
    {
        BruteForce.DrawnGame game = BruteForce.Game(6, 1);
        IReadOnlyList<MarginalUtility> rows = MarginalUtilityMeasurement.Run(
            game.Problem(), new MarginalUtilityOptions { Method = MarginalUtilityMethod.LeaveOneOut });
        Assert.Equal(Enumerable.Range(0, 6).Select(i => game.Worth(63) - game.Worth(63 & ~(1 << i))), rows.Select(row => row.Value));
        Assert.Equal(7, rows[0].Evaluations);
    }

    [Theory]
    [InlineData(MarginalUtilityMethod.Shapley, false)]
    [InlineData(MarginalUtilityMethod.Shapley, true)]
    [InlineData(MarginalUtilityMethod.Banzhaf, false)]
    [InlineData(MarginalUtilityMethod.BetaShapley, false)]
    public void IntervalsCoverTheTruthAsOftenAsTheySay(MarginalUtilityMethod method, bool antithetic)
    {
        const int N = 6;
        const int Runs = 250;
        BruteForce.DrawnGame game = BruteForce.Game(N, 11);
        double[] truth = Exact(method, game, 4, 1);
        int covered = 0;
        for (int seed = 0; seed < Runs; seed++)
        {
            IReadOnlyList<MarginalUtility> rows = MarginalUtilityMeasurement.Run(
                game.Problem(),
                new MarginalUtilityOptions
                {
                    Method = method,
                    Alpha = 4,
                    Antithetic = antithetic,
                    StandardError = 1e-9,
                    MaximumEvaluations = 1500,
                    Seed = seed,
                });
            covered += rows.Where((row, i) => Math.Abs(row.Value - truth[i]) <= 1.959964 * row.StandardError).Count();
            Assert.All(rows, row => Assert.True(row.Evaluations <= 1500 && !row.Converged && row.StandardError > 0));
        }

        // 0.95 within four standard deviations; the six values of a run depend on each other, which at most multiplies the variance by six.
        double coverage = covered / (double)(Runs * N);
        double sigma = Math.Sqrt(0.95 * 0.05 / Runs);
        Assert.InRange(coverage, 0.95 - (4 * sigma), 0.95 + (4 * sigma));
    }

    [Fact]
    public void AntitheticPairsLowerTheErrorAtTheSameCost()
    {
        // Worth grows with size alone but for noise: early and late arrivals balance.
        BruteForce.DrawnGame game = new(8, [.. Enumerable.Range(0, 256).Select(mask => Math.Sqrt(System.Numerics.BitOperations.PopCount((uint)mask)))]);
        double Error(bool antithetic) => MarginalUtilityMeasurement.Run(
            game.Problem(),
            new MarginalUtilityOptions
            {
                Method = MarginalUtilityMethod.Shapley,
                Antithetic = antithetic,
                StandardError = 1e-9,
                MaximumEvaluations = 20_000,
                Seed = 3,
            }).Average(row => row.StandardError);
        Assert.True(Error(true) < 0.9 * Error(false));
    }

    [Fact]
    public void TruncationStaysWithinItsBound()
    {
        // Monotone and concave: what comes late adds little.
        const int N = 9;
        double[] worths = [.. Enumerable.Range(0, 1 << N).Select(mask => 1 - Math.Exp(-BruteForce.Members(mask, N).Sum(i => 0.3 + (0.1 * i))))];
        BruteForce.DrawnGame game = new(N, worths);
        double[] truth = BruteForce.Shapley(N, game.Worth);
        IReadOnlyList<MarginalUtility> rows = MarginalUtilityMeasurement.Run(
            game.Problem(),
            new MarginalUtilityOptions { Method = MarginalUtilityMethod.Shapley, Tolerance = 0.05, MaximumEvaluations = 60_000, StandardError = 1e-9, Seed = 1 });
        Assert.All(rows, row => Assert.InRange(row.BiasBound, 1e-4, 0.05));
        for (int i = 0; i < N; i++)
        {
            Assert.InRange(Math.Abs(rows[i].Value - truth[i]), 0, rows[i].BiasBound + (4 * rows[i].StandardError));
        }
    }

    [Theory]
    [InlineData(MarginalUtilityMethod.Shapley)]
    [InlineData(MarginalUtilityMethod.Banzhaf)]
    [InlineData(MarginalUtilityMethod.BetaShapley)]
    public void SamplingStopsAtTheStandardErrorAndConverged(MarginalUtilityMethod method)
    {
        IReadOnlyList<MarginalUtility> rows = MarginalUtilityMeasurement.Run(
            BruteForce.Game(7, 5).Problem(), new MarginalUtilityOptions { Method = method, StandardError = 0.02, Seed = 4 });
        Assert.All(rows, row => Assert.True(row.Converged && row.StandardError is > 0 and <= 0.02 && row.Evaluations < 100_000 && row.Seed == 4));
    }

    [Theory]
    [InlineData(MarginalUtilityMethod.Shapley)]
    [InlineData(MarginalUtilityMethod.Banzhaf)]
    [InlineData(MarginalUtilityMethod.BetaShapley)]
    [InlineData(MarginalUtilityMethod.LeaveOneOut)]
    [InlineData(MarginalUtilityMethod.Influence)]
    [InlineData(MarginalUtilityMethod.NewtonStep)]
    [InlineData(MarginalUtilityMethod.TracIn)]
    [InlineData(MarginalUtilityMethod.KnnShapley)]
    [InlineData(MarginalUtilityMethod.WeightedKnnShapley)]
    public void ThreadsDoNotChangeABit(MarginalUtilityMethod method)
    {
        (float[][] train, int[] labels, float[][] test, int[] testLabels, int classes) = BruteForce.Grid(40, 9, 2);
        MarginalUtility[] Run(int threads) =>
        [
            .. MarginalUtilityMeasurement.Run(
                BruteForce.Problem(train, labels, test, testLabels, classes),
                new MarginalUtilityOptions { Method = method, Regularization = 0.05, MaximumEvaluations = 700, Seed = 6, MaximumThreads = threads, Steps = 5 }),
        ];
        MarginalUtility[] one = Run(1);
        Assert.Equal(one, Run(2));
        Assert.Equal(one, Run(5));
        Assert.Contains(one, row => row.Value != 0);
    }

    [Fact]
    public void ASeedThatIsDrawnIsNamedAndRepeats()
    {
        ValuationProblem problem = BruteForce.Game(5, 2).Problem();
        var options = new MarginalUtilityOptions { Method = MarginalUtilityMethod.Banzhaf, MaximumEvaluations = 500 };
        IReadOnlyList<MarginalUtility> rows = MarginalUtilityMeasurement.Run(problem, options);
        Assert.NotNull(rows[0].Seed);
        Assert.Equal(rows, MarginalUtilityMeasurement.Run(problem, options with { Seed = rows[0].Seed }));
    }

    [Fact]
    public void RescalingIsAppendixD()
    {
        double[] raw = [2, -1, 0.5, -1];
        IReadOnlyList<MarginalUtility> rows = MarginalUtilityMeasurement.Run(Additive(raw), new MarginalUtilityOptions { Method = MarginalUtilityMethod.LeaveOneOut, Rescale = true });
        Assert.Equal([1, 1e-3, 0.5, 1e-3], rows.Select(row => row.Value), NeighborMethodTests.Near(1e-12));
        Assert.Equal(raw, rows.Select(row => row.RawValue), NeighborMethodTests.Near(1e-12));

        // A Sybil without worth raises the share of the one in the middle: it is not Sybil-proof.
        double before = Shares([10, 1, 0])[1];
        double after = Shares([10, 1, 0, -90])[1];
        Assert.Equal((0.0908, 0.324), (Math.Round(before, 4), Math.Round(after, 3)));
    }

    [Fact]
    public void FaultsAreNamed()
    {
        ValuationProblem game = BruteForce.Game(5, 2).Problem();
        void Throws(string id, ValuationProblem problem, MarginalUtilityOptions options) =>
            Assert.Equal(id, Assert.Throws<QosValuationException>(() => MarginalUtilityMeasurement.Run(problem, options)).ErrorId);
        var shapley = new MarginalUtilityOptions { Method = MarginalUtilityMethod.Shapley };
        Throws("MethodNeedsPoints", game, new MarginalUtilityOptions());
        Throws("MethodNotPrivate", game, shapley with { Epsilon = 1 });
        Throws("TooFewEvaluations", game, shapley with { MaximumEvaluations = 9 });
        Throws("ValuationMethodUnknown", game, shapley with { Method = (MarginalUtilityMethod)99 });
        Throws("ValuationOptionOutOfRange", game, shapley with { Regularization = 0 });
        Throws("ValuationOptionOutOfRange", game, shapley with { Alpha = double.NaN });
        Throws("ValuationOptionOutOfRange", game, shapley with { Tolerance = 1 });
        Throws("ValuationOptionOutOfRange", game, shapley with { StandardError = double.NaN });
        Throws("UtilityNotFinite", new BruteForce.DrawnGame(2, [0, double.NaN, 1, 2]).Problem(), shapley);
        var crowd = new BruteForce.DrawnGame(25, []);
        Throws("TooManyPlayers", crowd.Problem(), shapley with { Exact = true });
    }

    [Fact]
    public void TablesAreReadWhateverTheOrderOfNames()
    {
        var table = new TableUtility(new Dictionary<string, double> { ["b"] = 2, ["a"] = 1, ["b, a"] = 5 });
        Assert.Equal(["a", "b"], table.Names);
        ValuationProblem problem = new(table, [.. table.Names.Select(name => new UtilityPlayer(name, string.Empty))]);
        Assert.Equal([2, 3], MarginalUtilityMeasurement.Run(problem, new MarginalUtilityOptions { Method = MarginalUtilityMethod.Shapley }).Select(row => row.Value));
        void Throws(string id, Dictionary<string, double> rows) =>
            Assert.Equal(id, Assert.Throws<QosValuationException>(() => new TableUtility(rows)).ErrorId);
        Throws("UtilityTableNotValid", new() { ["a"] = double.NaN });
        Throws("UtilityTableNotValid", new() { ["a,b"] = 1, ["b,a"] = 2 });
        Throws("UtilityTableNotValid", new() { ["a,a"] = 1 });
        Throws("UtilityTableNotValid", new() { [""] = 1 });
        var open = new TableUtility(new Dictionary<string, double> { ["a"] = 1, ["b"] = 1 });
        QosValuationException fault = Assert.Throws<QosValuationException>(() => open.Evaluate([0, 1], CancellationToken.None));
        Assert.Equal(("CoalitionNotInTable", "a,b"), (fault.ErrorId, fault.Subject));
    }

    private static double[] Exact(MarginalUtilityMethod method, BruteForce.DrawnGame game, double alpha, double beta)
    {
        int n = game.Players;
        return method switch
        {
            MarginalUtilityMethod.Shapley => BruteForce.Shapley(n, game.Worth),
            MarginalUtilityMethod.Banzhaf => BruteForce.Semivalue(n, game.Worth, _ => Math.Pow(2, 1 - n)),
            _ => BruteForce.Semivalue(n, game.Worth, s => BetaFunction(s + beta, n - s - 1 + alpha) / BetaFunction(alpha, beta)),
        };
    }

    private static double BetaFunction(double x, double y) => Math.Exp(LogGamma(x) + LogGamma(y) - LogGamma(x + y));

    // Stirling's series beyond 20, by recurrence below.
    private static double LogGamma(double x)
    {
        double below = 0;
        for (; x < 20; x++)
        {
            below += Math.Log(x);
        }

        double square = 1 / (x * x);
        return ((x - 0.5) * Math.Log(x)) - x + (0.5 * Math.Log(2 * Math.PI))
            + ((1 / 12.0) - (square * ((1 / 360.0) - (square * ((1 / 1260.0) - (square / 1680)))))) / x - below;
    }

    private static ValuationProblem Additive(double[] parts) => new BruteForce.DrawnGame(
        parts.Length, [.. Enumerable.Range(0, 1 << parts.Length).Select(mask => BruteForce.Members(mask, parts.Length).Sum(i => parts[i]))]).Problem();

    private static double[] Shares(double[] raw)
    {
        double[] values =
        [
            .. MarginalUtilityMeasurement.Run(Additive(raw), new MarginalUtilityOptions { Method = MarginalUtilityMethod.LeaveOneOut, Rescale = true }).Select(row => row.Value),
        ];
        return [.. values.Select(value => value / values.Sum())];
    }
}
