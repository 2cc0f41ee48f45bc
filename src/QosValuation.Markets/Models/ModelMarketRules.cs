using System.Globalization;

namespace QosValuation.Markets.Models;

/// <summary>The rules by which models are traded.</summary>
public sealed record ModelMarketRules
{
    /// <summary>λ, at least 0: what distance costs a buyer.</summary>
    public double Lambda { get; init; } = 1;

    /// <summary>How a buyer chooses.</summary>
    public ModelGraphStep GraphStep { get; init; } = ModelGraphStep.Threshold;

    /// <summary>What it pays.</summary>
    public ModelPayment Payment { get; init; } = ModelPayment.Marginal;

    /// <summary>How many threads; −1 for one a core. It does not change the results.</summary>
    public int MaxDegreeOfParallelism { get; init; } = -1;

    /// <summary>Checks the rules. O(1).</summary>
    /// <exception cref="QosValuationException"><c>ModelMarketOptionNotValid</c>.</exception>
    public void Validate()
    {
        if (!double.IsFinite(Lambda) || Lambda < 0)
        {
            throw new QosValuationException(
                Faults.ModelMarketOptionNotValid,
                string.Create(CultureInfo.InvariantCulture, $"Lambda is {Lambda}; give a finite number of at least 0."), Lambda);
        }

        GraphSteps.Find(GraphStep);
        ModelPayments.Find(Payment);
    }
}
