using QosValuation.Markets.Models;
using QosValuation.Markets.Properties;

namespace QosValuation.Tests;

public sealed class ModelMarketUnderTestTests
{
    private static MechanismViolation[] Search(ModelGraphStep step, ModelPayment payment, ReportedNumber lie, long trials, params MechanismProperty[] properties) =>
        [.. MechanismSearch.Run(
            new ModelMarketUnderTest(new() { GraphStep = step, Payment = payment }, lie), new() { Properties = properties, Trials = trials, Seed = 1 })];

    [Fact]
    public void TheCostLieIsFoundUnderTheMarginalPaymentAndNoneUnderTheCriticalOne()
    {
        foreach (ModelGraphStep step in Enum.GetValues<ModelGraphStep>())
        {
            MechanismViolation violation = Assert.Single(Search(step, ModelPayment.Marginal, ReportedNumber.Cost, 2000, MechanismProperty.Truthfulness));
            Assert.True(violation.Gain > 1e-6);
            Assert.True(violation.Report[0] < violation.Truth[0]);
            Replay(violation, step, ModelPayment.Marginal);
            Assert.Empty(Search(step, ModelPayment.Critical, ReportedNumber.Cost, 20_000, MechanismProperty.Truthfulness));
        }
    }

    [Fact]
    public void SizeAndScaleLiesAreFoundUnderBoth()
    {
        foreach (ModelPayment payment in Enum.GetValues<ModelPayment>())
        {
            foreach (ReportedNumber lie in new[] { ReportedNumber.Size, ReportedNumber.GainScale })
            {
                MechanismViolation violation = Assert.Single(Search(ModelGraphStep.Threshold, payment, lie, 2000, MechanismProperty.Truthfulness));
                Assert.True(violation.Gain > 1e-6);
                Replay(violation, ModelGraphStep.Threshold, payment);
            }
        }
    }

    [Fact]
    public void MoneyIsNotMadeAndHonestClientsDoNotLose()
    {
        foreach (ModelGraphStep step in Enum.GetValues<ModelGraphStep>())
        {
            foreach (ModelPayment payment in Enum.GetValues<ModelPayment>())
            {
                Assert.Empty(Search(
                    step, payment, ReportedNumber.Cost, 5000,
                    MechanismProperty.Budget, MechanismProperty.IndividualRationality, MechanismProperty.Monotonicity));
            }
        }
    }

    [Fact]
    public void SybilsAreNotSearched() => Assert.Equal(
        "MechanismSearchNotValid",
        Assert.Throws<QosValuationException>(
            () => Search(ModelGraphStep.Threshold, ModelPayment.Marginal, ReportedNumber.Cost, 1, MechanismProperty.Sybil)).ErrorId);

    // The clients of the violation alone bring the gain about.
    private static void Replay(MechanismViolation violation, ModelGraphStep step, ModelPayment payment)
    {
        var distances = new Foundation.Numerics.SquareMatrix(violation.Traders.Length);
        for (int i = 0; i < distances.Count; i++)
        {
            violation.Distance![i].CopyTo(distances.Row(i));
        }

        double Utility(ModelTrader[] traders) => ModelMarketplace.Clear(TraderColumns.Of(traders), distances, new() { GraphStep = step, Payment = payment })
            .Utility[Array.FindIndex(traders, trader => trader.Contributor == violation.Agents[0])];
        ModelTrader[] honest = Array.ConvertAll(
            violation.Traders, trader => trader with { ReportedCost = null, ReportedSize = null, ReportedGainScale = null });
        Assert.Equal(violation.UtilityAfter, Utility(violation.Traders), 1e-9);
        Assert.Equal(violation.UtilityBefore, Utility(honest), 1e-9);
    }
}
