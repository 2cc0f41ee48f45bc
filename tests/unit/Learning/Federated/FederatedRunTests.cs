using System.Runtime.InteropServices;
using QosValuation.Foundation.Randomness;
using QosValuation.Learning.Federated;
using QosValuation.Learning.Learners;

namespace QosValuation.Tests;

/// <summary>Runs as a whole: what must hold for every algorithm, and the two that have a plain equal.</summary>
public sealed class FederatedRunTests
{
    public static TheoryData<FederatedAlgorithm, FederatedDefaults> Kinds
    {
        get
        {
            var kinds = new TheoryData<FederatedAlgorithm, FederatedDefaults>();
            foreach (FederatedAlgorithm algorithm in Enum.GetValues<FederatedAlgorithm>())
            {
                kinds.Add(algorithm, FederatedDefaults.Authors);
                kinds.Add(algorithm, FederatedDefaults.Paper);
            }

            return kinds;
        }
    }

    [Fact]
    public void TheRegistryHoldsEveryNameOnceInItsOrder() =>
        Assert.Equal(Enum.GetValues<FederatedAlgorithm>(), FederatedAlgorithms.All.Select(algorithm => algorithm.Name));

    [Theory]
    [MemberData(nameof(Kinds))]
    public void TheSameSeedGivesTheSameBytesOnAnyNumberOfThreads(FederatedAlgorithm algorithm, FederatedDefaults defaults)
    {
        FederatedClient[] clients = FederatedSamples.Clients(9, 3, i => (ClientAttack)(i < 4 ? 0 : i - 3));
        byte[] one = Rounds(clients, algorithm, defaults, threads: 1);
        Assert.Equal(one, Rounds(clients, algorithm, defaults, threads: 8));
        Assert.Equal(one, Rounds(clients, algorithm, defaults, threads: -1));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void ASavedRunGoesOnToTheSameBytes(FederatedAlgorithm algorithm, FederatedDefaults defaults)
    {
        FederatedClient[] clients = FederatedSamples.Clients(7, 11);
        FederatedRun Start() => FederatedSamples.Run(algorithm, clients, options => options with { Defaults = defaults });
        FederatedRun whole = Start();
        FederatedRun first = Start();
        for (int round = 0; round < 2; round++)
        {
            whole.Next();
            first.Next();
        }

        FederatedRun second = Start();
        second.Restore(new BinaryReader(new MemoryStream(State(first))));
        Assert.Equal(2, second.Round);
        Assert.Equal(Bytes(whole.Next()), Bytes(second.Next()));
        Assert.Equal(Bytes(whole.Next()), Bytes(second.Next()));
        Assert.Equal(State(whole), State(second));
    }

    [Fact]
    public void AStateThatEndsTooEarlyIsRefused()
    {
        FederatedClient[] clients = FederatedSamples.Clients(3, 11);
        FederatedRun run = FederatedSamples.Run(FederatedAlgorithm.Ditto, clients);
        run.Next();
        byte[] state = State(run);
        Assert.Throws<EndOfStreamException>(() =>
            FederatedSamples.Run(FederatedAlgorithm.Ditto, clients).Restore(new BinaryReader(new MemoryStream(state[..^1]))));
    }

    [Fact]
    public void TheSettingTellsRunsApartAndNotThreads()
    {
        FederatedClient[] clients = FederatedSamples.Clients(3, 11);
        string Setting(FederatedClient[] of, Func<FederatedOptions, FederatedOptions> change) =>
            Convert.ToHexString(FederatedSamples.Run(FederatedAlgorithm.Ipfl, of, change).Setting());
        string plain = Setting(clients, options => options);
        Assert.Equal(plain, Setting(clients, options => options with { MaxDegreeOfParallelism = 3 }));
        string[] others =
        [
            Setting(clients, options => options with { Seed = 6 }),
            Setting(clients, options => options with { Eta = 4 }),
            Setting(clients, options => options with { Training = options.Training with { Steps = 13 } }),
            Setting(clients, options => options with { Algorithm = FederatedAlgorithm.Local }),
            Setting([clients[0], clients[2], clients[1]], options => options),
            Setting([clients[0], clients[1], clients[2] with { Attack = ClientAttack.SignFlip }], options => options),
            Setting([clients[0], clients[1], clients[2] with { ReportedSize = 7 }], options => options),
        ];
        Assert.Equal(others.Length + 1, others.Append(plain).Distinct().Count());
    }

    [Fact]
    public void LocalEqualsTrainingAlone()
    {
        FederatedClient[] clients = FederatedSamples.Clients(5, 21);
        FederatedRun together = FederatedSamples.Run(FederatedAlgorithm.Local, clients);
        FederatedRound round = together.Next();
        round = together.Next();

        // The streams follow a client's place, so that the first of a run is the same client alone.
        FederatedRun alone = FederatedSamples.Run(FederatedAlgorithm.Local, clients[..1]);
        alone.Next();
        FederatedRound own = alone.Next();
        Assert.Equal(own.Evaluated[0].ToArray(), round.Evaluated[0].ToArray());
        Assert.Equal(own.Accuracy[0], round.Accuracy[0]);
        Assert.All(Enumerable.Range(0, 5), i => Assert.Equal(0, round.Imports(i)));

        // And all of them are what training by hand gives, where batches hold all rows.
        FederatedOptions full = Full(FederatedAlgorithm.Local, steps: 3);
        var run = new FederatedRun(FederatedSamples.Learner, clients, full);
        round = run.Next();
        for (int i = 0; i < clients.Length; i++)
        {
            double[] plain = PlainLogistic.Descend(Doubles(round.Initial), [clients[i].Train], full.Training.LearningRate, 3);
            AssertNear(plain, round.Evaluated[i].Span, 2e-6);
        }
    }

    [Fact]
    public void FedAvgWithOneFullBatchStepIsCentralisedGradientDescent()
    {
        const double Rate = 0.5;
        FederatedClient[] clients = FederatedSamples.Clients(8, 31);
        var run = new FederatedRun(FederatedSamples.Learner, clients, Full(FederatedAlgorithm.FedAvg, steps: 1) with
        {
            Training = new LocalTrainingOptions { Steps = 1, BatchSize = 1000, LearningRate = Rate, Momentum = 0, WeightDecay = 0 },
        });
        double[] central = [];
        for (int t = 0; t < 5; t++)
        {
            FederatedRound round = run.Next();
            central = PlainLogistic.Descend(
                t == 0 ? Doubles(round.Initial) : central, [.. clients.Select(client => client.Train)], Rate, 1, momentum: 0, decay: 0);
            AssertNear(central, round.Evaluated[0].Span, 2e-6);
            Assert.Equal(7, round.Imports(3));
            Assert.Equal(1, round.Graph.Row(2).ToArray().Sum(), 12);
        }
    }

    [Fact]
    public void AttackersAndFreeRidersShareWhatTheyWant()
    {
        ClientAttack[] behaviors = [.. Enum.GetValues<ClientAttack>()];
        FederatedClient[] clients = FederatedSamples.Clients(behaviors.Length, 41, i => behaviors[i]);
        FederatedRound round = FederatedSamples.Run(FederatedAlgorithm.Ipfl, clients).Next();
        float[] Evaluated(ClientAttack behavior) => round.Evaluated[Array.IndexOf(behaviors, behavior)].ToArray();
        float[] Shared(ClientAttack behavior) => round.Shared[Array.IndexOf(behaviors, behavior)].ToArray();
        float[] initial = round.Initial.ToArray();
        Assert.Equal(Evaluated(ClientAttack.None), Shared(ClientAttack.None));
        Assert.Equal([.. Evaluated(ClientAttack.SignFlip).Select(parameter => -parameter)], Shared(ClientAttack.SignFlip));
        Assert.NotEqual(Evaluated(ClientAttack.Shuffle), Shared(ClientAttack.Shuffle));
        Assert.Equal(Evaluated(ClientAttack.Shuffle).Order(), Shared(ClientAttack.Shuffle).Order());
        Assert.Equal(initial, Shared(ClientAttack.FreeRide));
        Assert.Equal(initial, Evaluated(ClientAttack.FreeRideConstant));
        Assert.All(Shared(ClientAttack.FreeRideConstant), parameter => Assert.Equal(1, parameter));
        Assert.Equal(initial, Evaluated(ClientAttack.FreeRideNoise));
        Assert.NotEqual(initial, Shared(ClientAttack.FreeRideNoise));
        Assert.NotEqual(initial, Evaluated(ClientAttack.SignFlip));
    }

    [Fact]
    public void ABadClientAndABadSettingAreNamed()
    {
        FederatedClient[] clients = FederatedSamples.Clients(3, 51);
        Fault Refused(FederatedClient[] of, Func<FederatedOptions, FederatedOptions>? change, string names)
        {
            QosValuationException fault = Assert.Throws<QosValuationException>(() => FederatedSamples.Run(FederatedAlgorithm.Ipfl, of, change));
            Assert.Contains(names, fault.Message, StringComparison.Ordinal);
            return fault.Fault;
        }

        Assert.Same(Faults.FederatedClientNotValid, Refused([], null, "no clients"));
        Assert.Same(Faults.FederatedClientNotValid, Refused([clients[0], clients[1] with { ReportedSize = 0 }], null, "client 1"));
        Assert.Same(Faults.FederatedClientNotValid, Refused([clients[0] with { ClassWeights = [1, 2] }], null, "client 0"));
        Assert.Same(Faults.FederatedOptionNotValid, Refused(clients, options => options with { Eta = 0 }, "Eta"));
        Assert.Same(Faults.FederatedOptionNotValid, Refused(clients, options => options with { Lambda = double.NaN }, "Lambda"));
        Assert.Same(Faults.FederatedAlgorithmUnknown, Refused(clients, options => options with { Algorithm = (FederatedAlgorithm)99 }, "Ipfl"));
    }

    [Fact]
    public void ARunThatDivergesSaysWhoseModelDid()
    {
        FederatedClient[] clients = FederatedSamples.Clients(3, 51);
        FederatedRun run = FederatedSamples.Run(
            FederatedAlgorithm.FedAvg, clients, options => options with { Training = options.Training with { LearningRate = 1e38, Steps = 50 } });
        QosValuationException fault = Assert.Throws<QosValuationException>(() => run.Next());
        Assert.Same(Faults.FederatedRunDiverged, fault.Fault);
        Assert.Contains("'client ", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ACancelledRoundStops()
    {
        using var stopped = new CancellationTokenSource();
        stopped.Cancel();
        Assert.ThrowsAny<OperationCanceledException>(() => FederatedSamples.Run(FederatedAlgorithm.PFedGraph, FederatedSamples.Clients(3, 1)).Next(stopped.Token));
    }

    [Fact]
    public void WeightsGiveTheTestSetTheDistributionOfTheClient()
    {
        double[] weights = FederatedClient.WeightsOf([0, 0, 0, 1], [0, 1, 1, 2], 4);
        Assert.Equal([3, 0.5, 0, 0], weights);
    }

    internal static FederatedOptions Full(FederatedAlgorithm algorithm, int steps) => new()
    {
        Algorithm = algorithm,
        Seed = 2,
        Training = new LocalTrainingOptions { Steps = steps, BatchSize = 1000, LearningRate = 0.2 },
    };

    internal static double[] Doubles(ReadOnlyMemory<float> model) => Array.ConvertAll(model.ToArray(), parameter => (double)parameter);

    internal static void AssertNear(IReadOnlyList<double> expected, ReadOnlySpan<float> actual, double tolerance)
    {
        for (int k = 0; k < actual.Length; k++)
        {
            Assert.True(Math.Abs(expected[k] - actual[k]) <= tolerance * Math.Max(1, Math.Abs(expected[k])), $"parameter {k}: {expected[k]} and {actual[k]}");
        }
    }

    private static byte[] Rounds(FederatedClient[] clients, FederatedAlgorithm algorithm, FederatedDefaults defaults, int threads)
    {
        FederatedRun run = FederatedSamples.Run(algorithm, clients, options => options with { Defaults = defaults, MaxDegreeOfParallelism = threads });
        return [.. Bytes(run.Next()), .. Bytes(run.Next()), .. Bytes(run.Next()), .. State(run)];
    }

    private static byte[] State(FederatedRun run)
    {
        using var stream = new MemoryStream();
        using var writer = new BinaryWriter(stream);
        run.Save(writer);
        writer.Flush();
        return stream.ToArray();
    }

    private static byte[] Bytes(FederatedRound round) =>
    [
        .. MemoryMarshal.AsBytes<double>(round.Accuracy.ToArray()),
        .. MemoryMarshal.AsBytes<double>(round.Loss.ToArray()),
        .. MemoryMarshal.AsBytes<double>(round.Graph.Values),
        .. MemoryMarshal.AsBytes<double>(round.Distances?.Values ?? []),
        .. round.Evaluated.Concat(round.Shared).Concat(round.Received).SelectMany(model => MemoryMarshal.AsBytes(model.Span).ToArray()),
    ];
}
