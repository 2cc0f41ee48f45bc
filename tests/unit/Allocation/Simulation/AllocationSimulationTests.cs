using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using System.Security.Cryptography;
using QosValuation.Allocation.Simulation;
using QosValuation.Onnx.Model;

namespace QosValuation.Tests;

public sealed class AllocationSimulationTests
{
    private static readonly AllocationSimulationOptions Small = new() { Agents = [50], Supply = 100, Rounds = 60, Seed = 1 };

    [Fact]
    public void ResultsDoNotDependOnTheNumberOfThreads()
    {
        var options = Small with { Alphas = [0.1, 1], Agents = [20, 50], Schemes = Enum.GetValues<AllocationScheme>() };
        Assert.Equal(AllocationSimulation.Run(options, maxDegreeOfParallelism: 1), AllocationSimulation.Run(options, maxDegreeOfParallelism: 5));
    }

    // Recorded before draws, sorts and sums were last made faster. The C library has a say in the last bit of a draw, so they are those of glibc with
    // fused multiplication and addition.
    [Theory]
    [InlineData(1, "E4F04E474C9A925F53D934DACA399418887D07E9C08EDE80FA5D1A1A6A497724")]
    [InlineData(2, "501DE016584F9D227BD2352D9CCBEB27C70861A1D4B7DDD8BC1067A1700F9C24")]
    [InlineData(100, "404C37D8DAC57C8742279AA5D16AB6E684BF5EE28C36CC1F15160DF1A46F1FDF")]
    [InlineData(333, "52C97390102DE0A207B31D3AE3D55BD039151C9DC8CA1D1B3CE81B50B6A04525")]
    [InlineData(1000, "16DBC68967EA96D4D4587670808852B2651142F10145936B7E5EC969D947FBB6")]
    public void RowsAreThoseRecordedToTheLastBit(int agents, string recorded)
    {
        if (!Fma.IsSupported || !OperatingSystem.IsLinux() || RuntimeInformation.RuntimeIdentifier.Contains("musl", StringComparison.Ordinal))
        {
            return;
        }

        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] bytes = new byte[sizeof(double)];
        foreach (AllocationSimulationResult row in AllocationSimulation.Run(new()
        {
            Agents = [agents],
            Alphas = [0.05, 0.3, 0.5, 1, 2, 10],
            Schemes = Enum.GetValues<AllocationScheme>(),
            Rounds = 8,
            Seed = 7,
        }))
        {
            foreach (double figure in new[]
            {
                row.Jain, row.JainStandardError, row.JainQ05, row.JainMedian, row.JainQ95, row.Gini, row.GiniStandardError, row.GiniQ05, row.GiniMedian, row.GiniQ95,
            })
            {
                BinaryPrimitives.WriteDoubleLittleEndian(bytes, figure);
                hash.AppendData(bytes);
            }
        }

        Assert.Equal(recorded, Convert.ToHexString(hash.GetHashAndReset()));
    }

    [Fact]
    public void ACombinationDoesNotDependOnItsCompany()
    {
        AllocationSimulationResult alone = AllocationSimulation.Run(Small with { Alphas = [1], Schemes = [AllocationScheme.Random] }).Single();
        AllocationSimulationResult among = AllocationSimulation.Run(Small with { Alphas = [0.1, 1, 2], Agents = [10, 50] })
            .Single(r => r is { Alpha: 1, Agents: 50, Scheme: AllocationScheme.Random });
        Assert.Equal(alone, among);
        Assert.NotEqual(alone, AllocationSimulation.Run(Small with { Alphas = [1], Schemes = [AllocationScheme.Random], Seed = 2 }).Single());
    }

    [Fact]
    public void RowsComeInOrder()
    {
        AllocationSimulationResult[] rows = [.. AllocationSimulation.Run(Small with { Agents = [5, 6], Alphas = [1, 2], Rounds = 2 })];
        Assert.Equal(
            [.. new[] { 5, 6 }.SelectMany(n => new[] { 1.0, 2 }.SelectMany(a => Small.Schemes.Select(s => (n, a, s))))],
            rows.Select(r => (r.Agents, r.Alpha, r.Scheme)));
        Assert.All(rows, r => Assert.Equal((100.0, 4.0, 2), (r.Supply, r.Capacity, r.Rounds)));
    }

    [Fact]
    public void EverybodyWithTheSameRateIsPerfectlyFair()
    {
        // Buckets larger than the supply never cap Eq. 15: all rates are V/Σv.
        AllocationSimulationResult proposed = AllocationSimulation.Run(Small with { Capacity = 1e6, Schemes = [AllocationScheme.Proposed] }).Single();
        Assert.Equal(1, proposed.Jain, 1e-12);
        Assert.Equal(0, proposed.Gini, 1e-12);
        Assert.Equal(0, proposed.JainStandardError, 1e-12);
    }

    [Fact]
    public void UniformTokensOverDirichletValuesHaveTheGiniOfTheirReciprocals()
    {
        // N = 2 and one token each: r = 1/v, 1/(1 − v), so G = |1 − 2v|/2 and J = 1/(2(v² + (1 − v)²)); for α = 1, v is uniform:
        // E G = 1/4 and E J = π/4.
        AllocationSimulationResult row = AllocationSimulation.Run(new AllocationSimulationOptions
        {
            Agents = [2],
            Alphas = [1],
            Supply = 2,
            Rounds = 40_000,
            Seed = 3,
            Schemes = [AllocationScheme.RoundRobin],
        }).Single();
        Assert.InRange(row.Gini, 0.25 - 6 * row.GiniStandardError, 0.25 + 6 * row.GiniStandardError);
        Assert.InRange(row.Jain, Math.PI / 4 - 6 * row.JainStandardError, Math.PI / 4 + 6 * row.JainStandardError);

        // w = |1 − 2v| is uniform on [0, 1]; G = w/2 and J = 1/(1 + w²). Tolerances are about six standard errors of the quantiles.
        Assert.Equal(0.5 * 0.05, row.GiniQ05, 0.004);
        Assert.Equal(0.5 * 0.5, row.GiniMedian, 0.008);
        Assert.Equal(0.5 * 0.95, row.GiniQ95, 0.004);
        Assert.Equal(1 / (1 + 0.95 * 0.95), row.JainQ05, 0.004);
        Assert.Equal(1 / (1 + 0.5 * 0.5), row.JainMedian, 0.01);
        Assert.Equal(1 / (1 + 0.05 * 0.05), row.JainQ95, 0.001);

        // Var G = (1/3 − 1/4)/4 = 1/48.
        Assert.Equal(Math.Sqrt(1.0 / 48 / 40_000), row.GiniStandardError, 1e-5);
    }

    [Fact]
    public void TheProposedSchemeLeadsAsInThePaper()
    {
        // Section V-B: N = 500, V = 1000, B = 4, over a range of heterogeneity.
        foreach (IGrouping<double, AllocationSimulationResult> point in AllocationSimulation.Run(new AllocationSimulationOptions
        {
            Alphas = [0.1, 0.5, 1],
            Rounds = 40,
            Seed = 4,
        }).GroupBy(r => r.Alpha))
        {
            AllocationSimulationResult proposed = point.Single(r => r.Scheme == AllocationScheme.Proposed);
            Assert.All(point.Where(r => r != proposed), other =>
            {
                Assert.True(proposed.Jain > other.Jain + 0.1);
                Assert.True(proposed.Gini < other.Gini - 0.1);
            });
        }
    }

    [Fact]
    public void TinyConcentrationsStayFinite()
    {
        foreach (AllocationSimulationResult row in AllocationSimulation.Run(Small with { Alphas = [0.01], Schemes = Enum.GetValues<AllocationScheme>() }))
        {
            Assert.InRange(row.Jain, 1.0 / 50, 1);
            Assert.InRange(row.Gini, 0, 1);
        }
    }

    [Fact]
    public void BlocksOfRoundsLeaveNoSeam()
    {
        // 10,000 rounds span several blocks; their mean must agree with that of single rounds of the same stream.
        var options = Small with { Agents = [3], Rounds = 10_000, Schemes = [AllocationScheme.RoundRobin] };
        AllocationSimulationResult row = AllocationSimulation.Run(options, maxDegreeOfParallelism: 1).Single();
        Assert.Equal(row, AllocationSimulation.Run(options, maxDegreeOfParallelism: 4).Single());
        AllocationSimulationResult half = AllocationSimulation.Run(options with { Rounds = 5_000 }).Single();
        Assert.InRange(half.Jain - row.Jain, -6 * half.JainStandardError, 6 * half.JainStandardError);
        Assert.InRange(half.JainStandardError / row.JainStandardError, 1.3, 1.5);
        Assert.NotEqual(half.Jain, row.Jain);
    }

    [Fact]
    public void OneRoundHasNoStandardError()
    {
        AllocationSimulationResult row = AllocationSimulation.Run(Small with { Rounds = 1 }).First();
        Assert.True(double.IsNaN(row.JainStandardError) && double.IsNaN(row.GiniStandardError));
        Assert.True(double.IsFinite(row.Jain));
    }

    [Fact]
    public void ProgressEndsAtTheTotalAndCancellationStops()
    {
        var reports = new List<long>();
        var progress = new Recorder(reports);
        AllocationSimulationOptions two = Small with { Alphas = [1, 2] };
        Assert.Equal(8, AllocationSimulation.Run(two, progress).Count());
        Assert.Equal(120, two.TotalRounds);
        Assert.Equal(two.TotalRounds, reports[^1]);
        Assert.All(reports, done => Assert.InRange(done, 0, two.TotalRounds));

        using var cancelled = new CancellationTokenSource();
        cancelled.Cancel();
        Assert.ThrowsAny<OperationCanceledException>(() => AllocationSimulation.Run(Small, cancellationToken: cancelled.Token).ToArray());
    }

    [Fact]
    public void FaultyOptionsAreRefusedBeforeTheFirstRow()
    {
        string IdOf(AllocationSimulationOptions options) => Assert.Throws<QosValuationException>(() => AllocationSimulation.Run(options)).ErrorId;
        Assert.Equal("SimulationNotValid", IdOf(Small with { Agents = [0] }));
        Assert.Equal("SimulationNotValid", IdOf(Small with { Agents = [] }));
        Assert.Equal("SimulationNotValid", IdOf(Small with { Alphas = [double.NaN] }));
        Assert.Equal("SimulationNotValid", IdOf(Small with { Alphas = [0] }));
        Assert.Equal("SimulationNotValid", IdOf(Small with { Schemes = [] }));
        Assert.Equal("SimulationNotValid", IdOf(Small with { Capacity = -1 }));
        Assert.Equal("SimulationNotValid", IdOf(Small with { Rounds = 0 }));
        Assert.Equal("SupplyNotValid", IdOf(Small with { Supply = -1 }));
    }

    private sealed class Recorder(List<long> reports) : IProgress<long>
    {
        public void Report(long value)
        {
            lock (reports)
            {
                reports.Add(value);
            }
        }
    }
}
