using QosValuation.Foundation.Sharding;

namespace QosValuation.Valuation.Novelty;

/// <summary>Makes rows of <see cref="ValuationSimulation"/> of the counts of each order of arrival.</summary>
public sealed class ValuationSimulationReduction : SimulationReduction<ValuationSimulationResult>
{
    private const double MostDelays = 1L << 53;

    /// <inheritdoc/>
    public override int Width => ValuationSimulation.Point.Width;

    /// <inheritdoc/>
    public override bool IsValid(ReadOnlySpan<double> round)
    {
        foreach (double count in round)
        {
            if (!(count >= 0) || count > MostDelays || count != Math.Truncate(count))
            {
                return false;
            }
        }

        return true;
    }

    /// <inheritdoc/>
    protected override ValuationSimulationResult Reduce(ValuationSimulationResult row, double[] values) => ValuationSimulation.Reduce(row, values);
}
