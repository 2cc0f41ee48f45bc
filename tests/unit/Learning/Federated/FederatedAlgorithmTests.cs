using QosValuation.Foundation.Numerics;
using QosValuation.Learning.Federated;
using QosValuation.Learning.Learners;

namespace QosValuation.Tests;

/// <summary>Each algorithm's rounds against plain computations in double precision, from the models that were shared.</summary>
public sealed class FederatedAlgorithmTests
{
    private const int Steps = 3;
    private const double Rate = 0.2;

    [Theory]
    [InlineData(FederatedDefaults.Authors, 0.01)]
    [InlineData(FederatedDefaults.Paper, 1)]
    public void FedProxStaysNearTheGlobalModel(FederatedDefaults defaults, double strength)
    {
        FederatedClient[] clients = FederatedSamples.Clients(6, 61);
        FederatedRun run = Start(FederatedAlgorithm.FedProx, clients, defaults);
        double[] global = FederatedRunTests.Doubles(run.Next().Evaluated[0]);
        FederatedRound round = run.Next();
        double total = clients.Sum(client => client.ReportedSize);
        double[] expected = new double[global.Length];
        foreach (FederatedClient client in clients)
        {
            double[] own = PlainLogistic.Descend(global, [client.Train], Rate, Steps, term: x => Minus(x, global, strength));
            expected = [.. expected.Zip(own, (sum, part) => sum + (client.ReportedSize / total * part))];
        }

        FederatedRunTests.AssertNear(expected, round.Evaluated[3].Span, 3e-6);
    }

    [Fact]
    public void DittoMeasuresPersonalModelsNearTheGlobalOne()
    {
        FederatedClient[] clients = FederatedSamples.Clients(4, 71);
        FederatedRun run = Start(FederatedAlgorithm.Ditto, clients);
        FederatedRound first = run.Next();
        double[] global = FederatedRunTests.Doubles(first.Received[0]);
        double[] personal = FederatedRunTests.Doubles(first.Evaluated[2]);
        FederatedRound second = run.Next();
        FederatedRunTests.AssertNear(
            PlainLogistic.Descend(personal, [clients[2].Train], Rate, Steps, term: x => Minus(x, global, 1)), second.Evaluated[2].Span, 3e-6);
        FederatedRunTests.AssertNear(PlainLogistic.Descend(global, [clients[2].Train], Rate, Steps), second.Shared[2].Span, 3e-6);
    }

    [Theory]
    [InlineData(FederatedDefaults.Authors)]
    [InlineData(FederatedDefaults.Paper)]
    public void FedAmpMixesByCosines(FederatedDefaults defaults)
    {
        FederatedClient[] clients = FederatedSamples.Clients(6, 81);
        FederatedRun run = Start(FederatedAlgorithm.FedAmp, clients, defaults);
        FederatedRound round = run.Next();
        double[][] shared = [.. round.Shared.Select(FederatedRunTests.Doubles)];
        double[] origin = defaults == FederatedDefaults.Authors ? FederatedRunTests.Doubles(round.Initial) : new double[shared[0].Length];
        for (int i = 0; i < 6; i++)
        {
            double[] attention = [.. shared.Select((other, j) => j == i ? 0 : Math.Exp(10 * Cosine(shared[i], other, origin)))];
            double[] expected = [.. attention.Select((part, j) => j == i ? 0.3 : 0.7 * part / attention.Sum())];
            AssertNear(expected, round.Graph.Row(i), 1e-9);
            FederatedRunTests.AssertNear(Mix(expected, shared), round.Received[i].Span, 1e-6);
        }

        double[] cluster = FederatedRunTests.Doubles(round.Received[4]);
        FederatedRunTests.AssertNear(
            PlainLogistic.Descend(shared[4], [clients[4].Train], Rate, Steps, term: x => Minus(x, cluster, 0.01)), run.Next().Evaluated[4].Span, 3e-6);
    }

    [Fact]
    public void FedAmpDropsSmallAttentionsAndKeepsALonelyClient()
    {
        var distances = new SquareMatrix(2);
        (distances[0, 1], distances[1, 0]) = (2, 2);
        Assert.Equal([1, 0, 0, 1], FedAmpAlgorithm.Attention(distances).Values);
        Assert.Equal([1], FedAmpAlgorithm.Attention(new SquareMatrix(1)).Values);
    }

    [Theory]
    [InlineData(FederatedDefaults.Authors, 0.01)]
    [InlineData(FederatedDefaults.Paper, -0.01)]
    public void PFedGraphSolvesItsProgrammeAndTurnsByTheCosine(FederatedDefaults defaults, double strength)
    {
        FederatedClient[] clients = FederatedSamples.Clients(7, 91);
        FederatedRun run = Start(FederatedAlgorithm.PFedGraph, clients, defaults);
        FederatedRound round = run.Next();
        double[][] shared = [.. round.Shared.Select(FederatedRunTests.Doubles)];
        double[] origin = FederatedRunTests.Doubles(round.Initial);
        double total = clients.Sum(client => client.ReportedSize);
        for (int i = 0; i < 7; i++)
        {
            double[] q = [.. shared.Select((other, j) => (i == j ? -1 : -Cosine(shared[i], other, origin)) - (2 * 0.8 * clients[j].ReportedSize / total))];
            double[] x = round.Graph.Row(i).ToArray();
            Assert.Equal(1, x.Sum(), 12);

            // Karush, Kuhn and Tucker: one multiplier for all weights above 0, and no smaller one elsewhere.
            double[] slope = [.. x.Select((weight, j) => (2 * 0.8 * weight) + q[j])];
            double multiplier = slope.Where((_, j) => x[j] > 0).Average();
            Assert.All(Enumerable.Range(0, 7), j => Assert.True(x[j] > 0 ? Math.Abs(slope[j] - multiplier) < 1e-9 : slope[j] >= multiplier - 1e-9));
            FederatedRunTests.AssertNear(Mix(x, shared), round.Received[i].Span, 1e-6);
        }

        double[] anchor = FederatedRunTests.Doubles(round.Received[2]);
        double[] expected = PlainLogistic.Descend(anchor, [clients[2].Train], Rate, Steps, term: x => Slope(y => strength * Cosine(y, anchor, new double[y.Length]), x));
        FederatedRunTests.AssertNear(expected, run.Next().Evaluated[2].Span, 3e-6);
    }

    [Theory]
    [InlineData(FederatedDefaults.Authors)]
    [InlineData(FederatedDefaults.Paper)]
    public void CflSplitsWhereUpdatesDisagree(FederatedDefaults defaults)
    {
        // Groups whose classes are exchanged: their updates point away from each other. The authors' limits suit three groups, the paper's longer rounds.
        (int groups, int count, int steps) = defaults == FederatedDefaults.Authors ? (3, 9, 60) : (2, 8, 150);
        LabelledRows Turned(LabelledRows rows, int by) =>
            new([.. rows.Values], [.. rows.Labels.ToArray().Select(label => (label + by) % FederatedSamples.Classes)], rows.Features, rows.Classes);
        LabelledRows[] data = [.. Enumerable.Range(0, count).Select(i => Turned(FederatedSamples.Rows(40, 100 + (groups == 3 ? i / 3 : i)), i % groups))];
        FederatedClient[] clients = [.. FederatedSamples.Clients(count, 101).Select((client, i) => client with { Train = data[i], ReportedSize = 40 + i })];
        var run = new FederatedRun(FederatedSamples.Learner, clients, FederatedRunTests.Full(FederatedAlgorithm.Cfl, steps) with { Defaults = defaults });
        double[] weight = [.. clients.Select(client => defaults == FederatedDefaults.Authors ? 1 : client.ReportedSize)];
        (double meanLimit, double longestLimit) = defaults == FederatedDefaults.Authors ? (2.0, 2.5) : (0.4, 1.6);
        double[][]? start = null;
        List<int[]> clusters = [[.. Enumerable.Range(0, count)]];
        int splits = 0;
        for (int t = 0; t < 5; t++)
        {
            FederatedRound round = run.Next();
            start ??= [.. Enumerable.Repeat(FederatedRunTests.Doubles(round.Initial), count)];
            double[][] updates = [.. round.Shared.Select((model, i) => Minus(FederatedRunTests.Doubles(model), start[i], 1))];
            double Norm(double[] vector) => Math.Sqrt(vector.Sum(part => part * part));
            double[] MeanOf(int[] members) => Mix([.. members.Select(j => weight[j] / members.Sum(k => weight[k]))], [.. members.Select(j => updates[j])]);
            List<int[]> next = [];
            foreach (int[] members in clusters)
            {
                bool isDivided = members.Length > 2 && Norm(MeanOf(members)) < meanLimit && members.Max(j => Norm(updates[j])) > longestLimit;
                next.AddRange(isDivided ? Halves(members, updates) : [members]);
                splits += isDivided ? 1 : 0;
            }

            clusters = next;
            foreach (int[] members in clusters)
            {
                double[] mean = MeanOf(members);
                foreach (int i in members)
                {
                    AssertNear(
                        [.. Enumerable.Range(0, count).Select(j => members.Contains(j) ? weight[j] / members.Sum(k => weight[k]) : 0)], round.Graph.Row(i), 1e-12);
                    FederatedRunTests.AssertNear([.. start[i].Zip(mean, (x, u) => x + u)], round.Received[i].Span, 3e-6);
                }
            }

            start = [.. round.Received.Select(FederatedRunTests.Doubles)];
        }

        Assert.True(splits > 0);
    }

    private static IEnumerable<int[]> Halves(int[] members, double[][] updates)
    {
        List<List<int>> parts = [.. members.Select(member => new List<int> { member })];
        double[] zero = new double[updates[0].Length];
        while (parts.Count > 2)
        {
            (int a, int b) = Enumerable.Range(0, parts.Count).SelectMany(a => Enumerable.Range(0, a).Select(b => (a, b)))
                .MinBy(pair => parts[pair.a].Max(i => parts[pair.b].Max(j => -Cosine(updates[i], updates[j], zero))));
            parts[b].AddRange(parts[a]);
            parts.RemoveAt(a);
        }

        return parts.Select(part => part.Order().ToArray());
    }

    [Theory]
    [InlineData(FederatedDefaults.Authors)]
    [InlineData(FederatedDefaults.Paper)]
    public void FedFomoMixesTheModelsThatHelp(FederatedDefaults defaults)
    {
        FederatedClient[] clients = FederatedSamples.Clients(5, 111);
        FederatedRun run = Start(FederatedAlgorithm.FedFomo, clients, defaults);
        FederatedRound round = run.Next();
        double[] start = FederatedRunTests.Doubles(round.Initial);
        double[][] shared = [.. round.Shared.Select(FederatedRunTests.Doubles)];

        // Five clients are fewer than six candidates: everyone is sent everything.
        Assert.All(round.Graph.Values, sent => Assert.Equal(1, sent));
        if (defaults == FederatedDefaults.Paper)
        {
            // The rows held out are the run's own secret: what comes out is a mean all the same.
            Assert.All(round.Received, model => Assert.NotEqual(round.Initial.ToArray(), model.ToArray()));
            return;
        }

        for (int i = 0; i < 5; i++)
        {
            double before = PlainLogistic.Loss(start, clients[i].Train);
            double[] weights = [.. shared.Select((other, j) =>
                Math.Max(0, before - PlainLogistic.Loss(other, clients[i].Train))
                    / Math.Sqrt(shared[i].Zip(other, (a, b) => Math.Pow(a - b + 1e-6, 2)).Sum()))];
            FederatedRunTests.AssertNear(Mix([.. weights.Select(weight => weight / weights.Sum())], shared), round.Received[i].Span, 5e-6);
        }
    }

    [Fact]
    public void FedFomoDrawsWithoutReplacementByWeight()
    {
        var random = QosValuation.Foundation.Randomness.RandomSource.Create(1);
        int[] counts = new int[4];
        const int Draws = 20_000;
        for (int k = 0; k < Draws; k++)
        {
            int[] drawn = FedFomoAlgorithm.DrawByWeight([1, 2, 3, 4], 2, random);
            Assert.Equal(2, drawn.Distinct().Count());
            foreach (int j in drawn)
            {
                counts[j]++;
            }
        }

        // P(j among two) = w_j/10 + Σ_k w_k/10 · w_j/(10 − w_k).
        double[] w = [1, 2, 3, 4];
        for (int j = 0; j < 4; j++)
        {
            double expected = (w[j] / 10) + Enumerable.Range(0, 4).Where(k => k != j).Sum(k => w[k] / 10 * w[j] / (10 - w[k]));
            Assert.InRange(counts[j] / (double)Draws, expected - 0.015, expected + 0.015);
        }
    }

    [Fact]
    public void IpflTakesTheModelStepAndStaysNearItsProxy()
    {
        FederatedClient[] clients = FederatedSamples.Clients(6, 121);
        clients[1] = clients[1] with { ReportedSize = 77 };
        FederatedRun run = Start(FederatedAlgorithm.Ipfl, clients);
        FederatedRound round = run.Next();
        double[][] shared = [.. round.Shared.Select(FederatedRunTests.Doubles)];
        double[] origin = FederatedRunTests.Doubles(round.Initial);
        for (int i = 0; i < 6; i++)
        {
            int own = i;
            int[] imports = FederatedSamples.Near(round.Distances!)[i];
            Assert.Equal(imports.Length, round.Imports(i));
            Assert.Equal(1, round.Graph[i, i]);
            Assert.All(imports, j => Assert.Equal(clients[j].ReportedSize / clients[own].ReportedSize, round.Graph[own, j]));
            Assert.All(Enumerable.Range(0, 6), j => Assert.Equal(own == j ? 0 : 1 - Cosine(shared[own], shared[j], origin), round.Distances![own, j], 12));
            double[] slope = Slope(x => imports.Sum(j => clients[j].ReportedSize / clients[own].ReportedSize * Cosine(x, shared[j], origin)), shared[i]);
            FederatedRunTests.AssertNear([.. shared[i].Zip(slope, (x, g) => x + (5 * g))], round.Received[i].Span, 1e-6);
        }

        double[] proxy = FederatedRunTests.Doubles(round.Received[3]);
        FederatedRunTests.AssertNear(
            PlainLogistic.Descend(shared[3], [clients[3].Train], Rate, Steps, term: x => Minus(x, proxy, 1.0 / 5)), run.Next().Evaluated[3].Span, 3e-6);
    }

    private static FederatedRun Start(FederatedAlgorithm algorithm, FederatedClient[] clients, FederatedDefaults defaults = FederatedDefaults.Authors) =>
        new(FederatedSamples.Learner, clients, FederatedRunTests.Full(algorithm, Steps) with { Defaults = defaults }, (distances, _) => FederatedSamples.Near(distances));

    private static double[] Minus(double[] x, double[] anchor, double strength) => [.. x.Zip(anchor, (a, b) => strength * (a - b))];

    private static double[] Mix(double[] weights, double[][] models) =>
        [.. Enumerable.Range(0, models[0].Length).Select(k => weights.Zip(models, (weight, model) => weight * model[k]).Sum())];

    private static double Cosine(double[] first, double[] second, double[] origin)
    {
        double[] u = [.. first.Zip(origin, (a, b) => a - b)];
        double[] v = [.. second.Zip(origin, (a, b) => a - b)];
        return u.Zip(v, (a, b) => a * b).Sum() / Math.Sqrt(u.Sum(a => a * a)) / Math.Sqrt(v.Sum(b => b * b));
    }

    private static double[] Slope(Func<double[], double> function, double[] at)
    {
        const double Step = 1e-5;
        return [.. Enumerable.Range(0, at.Length).Select(k =>
        {
            double[] up = [.. at];
            double[] down = [.. at];
            up[k] += Step;
            down[k] -= Step;
            return (function(up) - function(down)) / (2 * Step);
        })];
    }

    private static void AssertNear(double[] expected, ReadOnlySpan<double> actual, double tolerance)
    {
        for (int k = 0; k < expected.Length; k++)
        {
            Assert.Equal(expected[k], actual[k], tolerance);
        }
    }
}
