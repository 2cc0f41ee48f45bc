using System.Text.Json;
using System.Text.Json.Serialization;
using QosValuation.Foundation.Randomness;
using QosValuation.Learning.Federated;
using QosValuation.Learning.Learners;
using QosValuation.Markets.Models;

namespace QosValuation.Tests;

public sealed class ModelMarketRunTests
{
    internal static ModelClient[] Clients(int count = 4)
    {
        var random = RandomSource.Create(3);
        float[] Vector(int label) => [.. Enumerable.Range(0, 6).Select(k => (float)((k % 3 == label ? 1 : 0) + (0.4 * random.NextDouble())))];
        int[] testLabels = [.. Enumerable.Range(0, 30).Select(i => i % 3)];
        float[][] test = Array.ConvertAll(testLabels, Vector);
        string[] testNames = Array.ConvertAll(testLabels, label => "k" + label);
        return
        [
            .. Enumerable.Range(0, count).Select(i =>
            {
                int[] labels = [.. Enumerable.Range(0, 12 + (4 * i)).Select(k => k % 5 == 0 ? i % 3 : k % 3)];
                return new ModelClient
                {
                    Contributor = "c" + i,
                    Cost = 1,
                    GainScale = 1e3,
                    Vectors = Array.ConvertAll(labels, Vector),
                    Labels = Array.ConvertAll(labels, label => "k" + label),
                    TestVectors = test,
                    TestLabels = testNames,
                };
            }),
        ];
    }

    internal static ModelMarketOptions Options(int rounds, params FederatedAlgorithm[] algorithms) => new()
    {
        Algorithms = algorithms,
        Rounds = rounds,
        Federated = new FederatedOptions { Seed = 5, Training = new LocalTrainingOptions { Steps = 10, BatchSize = 8, LearningRate = 0.1 } },
        RunNumber = 5,
        HasMatrices = true,
    };

    private static readonly JsonSerializerOptions WithNaN = new() { NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals };

    private static string Text(IEnumerable<ModelMarketRound> rows) => JsonSerializer.Serialize(rows, WithNaN);

    [Fact]
    public void EveryAlgorithmTellsEachClientInEachRound()
    {
        ModelMarketRound[] rows = [.. ModelMarketRun.Run(Clients(), Options(2, Enum.GetValues<FederatedAlgorithm>()))];
        Assert.Equal(9 * 2 * 4, rows.Length);
        Assert.All(rows, row => Assert.InRange(row.Accuracy, 0, 1));
        Assert.All(rows, row => Assert.Equal(row.Gain - row.Paid + row.Received - row.Cost, row.Utility, 1e-12));
        Assert.All(rows.Where(row => row.Algorithm != FederatedAlgorithm.Ipfl), row => Assert.Equal(0, row.Paid));
        Assert.All(rows.Where(row => row.Algorithm == FederatedAlgorithm.Local), row => Assert.Equal((0, 0.0), (row.Imports, row.Utility)));
        ModelMarketRound[] traded = [.. rows.Where(row => row.Algorithm == FederatedAlgorithm.Ipfl)];
        Assert.True(traded.Sum(row => row.Imports) > 0 && traded.Sum(row => row.Imports) == traded.Sum(row => row.Exports));
        Assert.All(traded, row => Assert.True(row.IsRational && row.Check!.IsZeroSum));
        Assert.All(traded, row => Assert.Equal(row.Imports + 1, row.Graph![Array.IndexOf(row.Clients!, row.Client)].Count(weight => weight != 0)));
    }

    [Fact]
    public void ATradedRoundIsThatOfItsUpdates()
    {
        ModelClient[] clients = Clients();
        ModelMarketRound[] rows = [.. ModelMarketRun.Run(clients, Options(1, FederatedAlgorithm.Ipfl))];
        ModelMarketRound[] traded = ModelMarketRows.Trade(
            Array.ConvertAll(clients, ModelTrader.Of), Array.ConvertAll(rows, row => row.Update!), new() { Lambda = 1 }, 5, 5);
        for (int i = 0; i < rows.Length; i++)
        {
            Assert.Equal(rows[i].Utility, traded[i].Utility, 1e-9);
            Assert.All(rows[i].Proxy!.Zip(traded[i].Proxy!), pair => Assert.Equal(pair.First, pair.Second, 1e-9));
        }
    }

    [Fact]
    public void ModelStepsAreThoseOfTheGradient()
    {
        double[][] updates = [[0.3, -0.2, 0.5], [0.1, 0.4, 0.2], [-0.6, 0.1, 0.3]];
        double[] weights = [1.5, 0.5];
        double[] proxy = new double[3];
        ModelStep.Take(updates[0], [updates[1], updates[2]], weights, 2, proxy);
        static double Cosine(double[] a, double[] b) =>
            a.Zip(b, (x, y) => x * y).Sum() / Math.Sqrt(a.Sum(x => x * x) * b.Sum(x => x * x));
        double Value(double[] at) => (weights[0] * Cosine(at, updates[1])) + (weights[1] * Cosine(at, updates[2]));
        for (int k = 0; k < 3; k++)
        {
            const double Step = 1e-5;
            double[] up = [.. updates[0]];
            double[] down = [.. updates[0]];
            up[k] += Step;
            down[k] -= Step;
            Assert.Equal(updates[0][k] + (2 * (Value(up) - Value(down)) / (2 * Step)), proxy[k], 1e-8);
        }
    }

    [Fact]
    public void ThreadsChangeNothingAndACheckpointGoesOnToTheSameRows()
    {
        string path = Path.Combine(Path.GetTempPath(), Guid.NewGuid().ToString("N") + ".state");
        FederatedAlgorithm[] algorithms = [FederatedAlgorithm.Ipfl, FederatedAlgorithm.FedAvg];
        try
        {
            string whole = Text(ModelMarketRun.Run(Clients(), Options(4, algorithms)));
            ModelMarketOptions one = Options(4, algorithms);
            Assert.Equal(whole, Text(ModelMarketRun.Run(Clients(), one with { Federated = one.Federated with { MaxDegreeOfParallelism = 1 } })));

            // Two rounds of each, then four; then once more, from the end.
            ModelMarketRound[] half = [.. ModelMarketRun.Run(Clients(), Options(2, algorithms) with { CheckpointPath = path })];
            Assert.Equal(16, half.Length);
            ModelMarketRound[] all = [.. ModelMarketRun.Run(Clients(), Options(4, algorithms) with { CheckpointPath = path })];
            static IEnumerable<ModelMarketRound> Sorted(IEnumerable<ModelMarketRound> rows) => rows.OrderBy(row => row.Algorithm).ThenBy(row => row.Round);
            Assert.Equal(whole, Text(Sorted(all)));
            Assert.Equal(whole, Text(Sorted(ModelMarketRun.Run(Clients(), Options(4, algorithms) with { CheckpointPath = path }))));

            string Refused(ModelMarketOptions options) =>
                Assert.Throws<QosValuationException>(() => ModelMarketRun.Run(Clients(), options with { CheckpointPath = path }).ToList()).ErrorId;
            Assert.Equal("ModelMarketCheckpointNotValid", Refused(Options(4, FederatedAlgorithm.Ipfl)));
            byte[] bytes = File.ReadAllBytes(path);
            bytes[^1] ^= 1;
            File.WriteAllBytes(path, bytes);
            Assert.Equal("ModelMarketCheckpointNotValid", Refused(Options(4, algorithms)));
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void SummariesAreMeansOverClientsAndErrorsOverSeeds()
    {
        static ModelMarketRound Row(int seed, int round, string client, double accuracy, double utility, ClientAttack attack = ClientAttack.None) => new()
        {
            Round = round, Algorithm = FederatedAlgorithm.Ipfl, Client = client, Attack = attack, Accuracy = accuracy, Loss = 1, Imports = 1, Exports = 1, Gain = 1,
            Paid = 1, Received = 1, Cost = 0, Utility = utility, Welfare = 7, IsRational = utility >= 0, GraphStep = default, PaymentRule = default, Seed = seed,
        };
        ModelMarketRound[] rows =
        [
            Row(1, 1, "a", 0.5, 1), Row(1, 1, "b", 0.6, 2), Row(1, 1, "x", 0, -9, ClientAttack.SignFlip),
            Row(1, 2, "a", 0.4, 3), Row(1, 2, "b", 0.8, -2), Row(1, 2, "x", 0, -9, ClientAttack.SignFlip),
            Row(2, 1, "a", 0.7, 2), Row(2, 1, "b", 0.7, 2), Row(2, 2, "a", 0.7, 2), Row(2, 2, "b", 0.9, 2),
        ];
        ModelMarketReport report = Assert.Single(ModelMarketSummary.Of(rows));
        Assert.Equal((2, 2, 2), (report.Seeds, report.Rounds, report.Clients));
        Assert.Equal((0.65 + 0.8) / 2, report.Accuracy, 1e-12);
        Assert.Equal(0.15 / 2, report.AccuracyStandardError, 1e-12);
        Assert.Equal((0.6 + 0.8) / 2, report.FinalAccuracy, 1e-12);
        Assert.Equal((2 + 4) / 2.0, report.Utility, 1e-12);
        Assert.Equal(1, report.UtilityStandardError, 1e-12);
        Assert.Equal(14, report.Welfare, 1e-12);
        Assert.Equal(7 / 8.0, report.RationalShare, 1e-12);
        Assert.Equal("ModelMarketRowsRepeated", Assert.Throws<QosValuationException>(() => ModelMarketSummary.Of([.. rows, rows[0]])).ErrorId);
    }
}
