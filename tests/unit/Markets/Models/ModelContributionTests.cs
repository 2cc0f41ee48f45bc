using QosValuation.Learning.Learners;
using QosValuation.Markets.Clients;
using QosValuation.Markets.Models;
using QosValuation.Valuation.MarginalUtility;

namespace QosValuation.Tests;

public sealed class ModelContributionTests
{
    private static readonly ModelClient[] Clients = ModelMarketRunTests.Clients();

    [Theory]
    [InlineData(UtilityMeasure.NegativeLoss)]
    [InlineData(UtilityMeasure.Accuracy)]
    public void ACoalitionIsWorthTheMeanOfItsModelsBySize(UtilityMeasure measure)
    {
        ModelMarketRound[] rows = Rows();
        ValuationProblem problem = ModelContribution.Of(Clients, rows, measure);
        Assert.Equal(["c0", "c1", "c2", "c3"], problem.Players.Select(player => player.Contributor));
        ModelFederation federation = ModelFederation.Of(Clients);
        LabelledRows test = federation.Clients[0].Test;
        var learner = new LogisticLearner(6, 3);
        ModelMarketRound[] last = [.. rows.Where(row => row.Round == 2)];
        foreach (int[] coalition in new int[][] { [], [2], [0, 3], [0, 1, 2, 3] })
        {
            // By hand: the initial model, plus the updates weighted by size.
            double total = coalition.Sum(i => (double)Clients[i].Size);
            float[] mean = [.. Enumerable.Range(0, learner.ParameterCount).Select(k =>
                (float)(last[0].Initial![k] + coalition.Sum(i => Clients[i].Size / total * last[i].Update![k])))];
            (double accuracy, double loss) = ModelEvaluation.Measure(learner, mean, test, []);
            Assert.Equal(measure == UtilityMeasure.Accuracy ? accuracy : -loss, problem.Game!.Evaluate(coalition, default), 1e-6);
        }
    }

    [Fact]
    public void RowsThatMakeNoGameAreRefused()
    {
        ModelMarketRound[] rows = Rows();
        void Refused(string reason, IReadOnlyList<ModelMarketRound> given)
        {
            QosValuationException error = Assert.Throws<QosValuationException>(() => ModelContribution.Of(Clients, given, UtilityMeasure.Accuracy));
            Assert.Equal(Faults.ModelContributionNotPossible, error.Fault);
            Assert.Contains(reason, error.Message, StringComparison.Ordinal);
        }

        Refused("several runs", [.. rows, rows[0] with { Seed = 9 }]);
        Refused("there twice", [.. rows, rows[^1]]);
        Refused("none of the clients", [.. rows.SkipLast(1), rows[^1] with { Client = "stranger" }]);
        Refused("no Initial", [.. rows.Select(row => row with { Initial = null })]);
        Refused("3 parameters", [.. rows.SkipLast(1), rows[^1] with { Update = [1, 2, 3] }]);
    }

    private static ModelMarketRound[] Rows() => [.. ModelMarketRun.Run(Clients, ModelMarketRunTests.Options(2, FederatedAlgorithm.FedAvg))];
}
