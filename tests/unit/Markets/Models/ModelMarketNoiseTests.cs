using QosValuation.Foundation.Randomness;
using QosValuation.Learning.Federated;
using QosValuation.Learning.Learners;
using QosValuation.Markets.Models;
using QosValuation.Privacy.Accounting;
using QosValuation.Privacy.Budgets;

namespace QosValuation.Tests;

public sealed class ModelMarketNoiseTests
{
    private const double Delta = 1e-5;

    private static ModelClient[] Clients(params ClientAttack[] attacks)
    {
        var random = RandomSource.Create(3);
        float[] Vector(int label) => [.. Enumerable.Range(0, 6).Select(k => (float)((k % 3 == label ? 1 : 0) + (0.4 * random.NextDouble())))];
        int[] testLabels = [.. Enumerable.Range(0, 30).Select(i => i % 3)];
        float[][] test = Array.ConvertAll(testLabels, Vector);
        return
        [
            .. attacks.Select((attack, i) =>
            {
                // Every other row is a second one of the record before.
                int[] labels = [.. Enumerable.Range(0, 40 + (20 * i)).Select(k => k % 3)];
                return new ModelClient
                {
                    Contributor = "c" + i,
                    Cost = 1,
                    GainScale = 1e3,
                    Attack = attack,
                    Vectors = Array.ConvertAll(labels, Vector),
                    Labels = Array.ConvertAll(labels, label => "k" + label),
                    Items = [.. labels.Select((_, k) => "photo" + (k / 2))],
                    TestVectors = test,
                    TestLabels = Array.ConvertAll(testLabels, label => "k" + label),
                };
            }),
        ];
    }

    private static ModelMarketOptions Options(ModelMarketPrivacy? privacy, params FederatedAlgorithm[] algorithms) => new()
    {
        Algorithms = algorithms,
        Rounds = 3,
        Federated = new FederatedOptions { Seed = 5, Training = new LocalTrainingOptions { Steps = 10, BatchSize = 8, LearningRate = 0.1 } },
        RunNumber = 5,
        Privacy = privacy,
        HasMatrices = true,
    };

    [Fact]
    public void TheClientWithTheFewestRecordsLosesEpsilonAndTheOthersLess()
    {
        ModelClient[] clients = Clients(ClientAttack.None, ClientAttack.SignFlip, ClientAttack.FreeRide);
        ModelMarketOptions options = Options(
            new ModelMarketPrivacy { Epsilon = 2, Delta = Delta }, FederatedAlgorithm.Ipfl, FederatedAlgorithm.Ditto);
        ModelMarketNoise noise = ModelMarketNoise.Calibrate(clients, options)!;
        IReadOnlyList<PrivacyCharge> charges = noise.Charges();

        // The free rider trains on nothing.
        Assert.Equal(["c0", "c1", "c0", "c1"], charges.Select(charge => Assert.Single(charge.Contributors)));
        double[] losses = [.. charges.Select(charge =>
        {
            var accumulator = new PrivacyLossAccumulator(PrivacyAccountant.Pld);
            accumulator.Add(charge.Event);
            return accumulator.Measure(Delta).Epsilon;
        })];
        Assert.InRange(losses[0], 0.999 * 2, 2);
        Assert.InRange(losses[2], 0.999 * 2, 2);
        Assert.InRange(losses[1], 0.1, 1.9);

        // 20 records of two rows each in batches of 8; Ditto trains two models.
        var event0 = (RepeatedEvent)charges[0].Event;
        Assert.Equal((30, 0.4, PrivacyUnit.Record), (event0.Count, ((PoissonSampledEvent)event0.Event).Rate, event0.Unit));
        Assert.Equal(60, ((RepeatedEvent)charges[2].Event).Count);
        Assert.True(noise.Multiplier(FederatedAlgorithm.Ditto) > 1.1 * noise.Multiplier(FederatedAlgorithm.Ipfl));
    }

    [Fact]
    public void AClientSharesOneUpdateARound()
    {
        ModelMarketOptions options = Options(
            new ModelMarketPrivacy { Epsilon = 2, Delta = Delta, Unit = PrivacyUnit.Contributor }, FederatedAlgorithm.FedAvg);
        ModelMarketNoise noise = ModelMarketNoise.Calibrate(Clients(ClientAttack.None, ClientAttack.None), options)!;
        var repeated = (RepeatedEvent)noise.Charges()[1].Event;
        Assert.Equal((3, PrivacyUnit.Contributor), (repeated.Count, repeated.Unit));
        double mu = Math.Sqrt(3) / noise.Multiplier(FederatedAlgorithm.FedAvg);

        // δ of a Gaussian of distance μ (Balle and Wang 2018, theorem 8).
        double delta = Normal((mu / 2) - (2 / mu)) - (Math.Exp(2) * Normal(-(mu / 2) - (2 / mu)));
        Assert.Equal(Delta, delta, 1e-9);
    }

    [Fact]
    public void RowsTellWhatIsGuaranteedAndThreadsChangeNothing()
    {
        ModelClient[] clients = Clients(ClientAttack.None, ClientAttack.None, ClientAttack.Shuffle);
        FederatedAlgorithm[] algorithms = [.. Enum.GetValues<FederatedAlgorithm>().Where(name => name != FederatedAlgorithm.FedFomo)];
        foreach (PrivacyUnit unit in Enum.GetValues<PrivacyUnit>())
        {
            ModelMarketOptions options = Options(new ModelMarketPrivacy { Epsilon = 8, Delta = Delta, Unit = unit }, algorithms);
            ModelMarketRound[] rows = [.. ModelMarketRun.Run(clients, options)];
            Assert.All(rows, row => Assert.Equal((8.0, Delta, (PrivacyUnit?)unit, false), (row.Epsilon, row.Delta, row.Unit, row.IsFormal)));
            ModelMarketOptions single = options with { Federated = options.Federated with { MaxDegreeOfParallelism = 1 } };
            Assert.Equal(rows.SelectMany(row => row.Update!), ModelMarketRun.Run(clients, single).SelectMany(row => row.Update!));
            Assert.All(
                ModelMarketRun.Run(clients, options with { Rounds = 1, Federated = options.Federated with { Seed = null } }), row => Assert.True(row.IsFormal));
            Assert.Equal(unit, ModelMarketSummary.Of(rows)[0].Unit);
        }
    }

    [Fact]
    public void WhatNoNoiseProtectsIsRefused()
    {
        ModelClient[] clients = Clients(ClientAttack.None, ClientAttack.None);
        var privacy = new ModelMarketPrivacy { Epsilon = 1 };
        string Refused(ModelMarketOptions options) => Assert.Throws<QosValuationException>(() => ModelMarketNoise.Calibrate(clients, options)).ErrorId;
        Assert.Contains("ModelMarketOptionNotValid", Refused(Options(privacy with { ClippingNorm = 0 }, FederatedAlgorithm.Ipfl)), StringComparison.Ordinal);
        Assert.Equal("FederatedOptionNotValid", Assert.Throws<QosValuationException>(() => new FederatedOptions
        {
            Algorithm = FederatedAlgorithm.FedFomo, Sharing = new PrivateUpdate { NoiseMultiplier = 1 },
        }.Validate()).ErrorId);
        Assert.Equal("ModelMarketOptionNotValid", Refused(Options(privacy, FederatedAlgorithm.FedFomo)));
        Assert.Equal("EpsilonOutOfRange", Refused(Options(privacy with { Epsilon = -1 }, FederatedAlgorithm.Ipfl)));
        ModelMarketOptions unseeded = Options(privacy, FederatedAlgorithm.Ipfl);
        Assert.Equal(
            "ModelMarketOptionNotValid",
            Refused(unseeded with { CheckpointPath = "market.state", Federated = unseeded.Federated with { Seed = null } }));
        Assert.Null(ModelMarketNoise.Calibrate(clients, Options(null, FederatedAlgorithm.FedFomo)));
    }

    // Φ by the midpoint rule, which converges beyond all orders for a smooth bell.
    private static double Normal(double x)
    {
        const double Step = 1e-4;
        double sum = 0;
        for (double t = x - (Step / 2); t > -12; t -= Step)
        {
            sum += Math.Exp(-t * t / 2);
        }

        return sum * Step / Math.Sqrt(2 * Math.PI);
    }
}
