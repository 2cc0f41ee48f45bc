using QosValuation.Foundation.Randomness;

namespace QosValuation.Markets.Properties;

/// <summary>Looks for a market whose payments exceed the budget, and the pool.</summary>
internal sealed class BudgetSearch : PropertySearch
{
    /// <inheritdoc/>
    public override MechanismProperty Name => MechanismProperty.Budget;

    /// <inheritdoc/>
    public override Deviation? Find(ITestedMechanism mechanism, TestMarket market, bool isFixed, int size, RandomSource random) =>
        Keep(mechanism, new() { Truth = market, Agents = [], Reports = [] });

    /// <inheritdoc/>
    public override DeviationResult Judge(ITestedMechanism mechanism, Deviation deviation)
    {
        bool[] wins = new bool[deviation.Truth.Count];
        double[] payments = new double[deviation.Truth.Count];
        mechanism.Run(deviation.Truth, wins, payments);
        double total = payments.Sum();
        return new(mechanism.Limit, total, [], total - mechanism.Limit);
    }
}
