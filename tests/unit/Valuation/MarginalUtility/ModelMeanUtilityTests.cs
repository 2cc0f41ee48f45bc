using QosValuation.Learning.Federated;
using QosValuation.Learning.Learners;
using QosValuation.Valuation.MarginalUtility;

namespace QosValuation.Tests;

public sealed class ModelMeanUtilityTests
{
    [Fact]
    public void ShapleyValuesOfClientsAreThoseOfEveryCoalition()
    {
        FederatedClient[] clients = FederatedSamples.Clients(5, 131, i => i == 4 ? ClientAttack.SignFlip : ClientAttack.None);
        FederatedRound round = FederatedSamples.Run(FederatedAlgorithm.FedAvg, clients).Next();
        double[] sizes = [.. clients.Select(client => client.ReportedSize)];
        var game = new ModelMeanUtility(FederatedSamples.Learner, round.Initial, round.Shared, sizes, clients[0].Test, UtilityMeasure.NegativeLoss);
        double Worth(int mask)
        {
            int[] members = [.. Enumerable.Range(0, 5).Where(i => (mask & (1 << i)) != 0)];
            double total = members.Sum(i => sizes[i]);
            double[] mean = members.Length == 0
                ? FederatedRunTests.Doubles(round.Initial)
                : [.. Enumerable.Range(0, round.Initial.Length).Select(k => members.Sum(i => sizes[i] / total * round.Shared[i].Span[k]))];
            return -PlainLogistic.Loss(mean, clients[0].Test);
        }

        UtilityPlayer[] players = [.. clients.Select(client => new UtilityPlayer(client.Name, string.Empty))];
        IReadOnlyList<MarginalUtility> values = MarginalUtilityMeasurement.Run(
            new ValuationProblem(game, players), new MarginalUtilityOptions { Method = MarginalUtilityMethod.Shapley });
        double[] factorial = [1, 1, 2, 6, 24, 120];
        for (int i = 0; i < 5; i++)
        {
            double expected = Enumerable.Range(0, 32).Where(mask => (mask & (1 << i)) == 0).Sum(mask =>
            {
                int size = System.Numerics.BitOperations.PopCount((uint)mask);
                return factorial[size] * factorial[4 - size] / 120 * (Worth(mask | (1 << i)) - Worth(mask));
            });
            Assert.Equal(expected, values[i].Value, 1e-5);
        }

        // The attacker's model costs everyone something.
        Assert.True(values[4].Value < values.Take(4).Min(value => value.Value));
        Assert.Equal(Worth(31) - Worth(0), values.Sum(value => value.Value), 1e-5);
    }
}
