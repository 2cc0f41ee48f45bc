using QosValuation.Foundation.Sharding;

namespace QosValuation.Allocation.Simulation;

/// <summary>Makes gains of <see cref="QosSimulation.CompareStrategies"/> of what honest and strategic play give in each round.</summary>
public sealed class StrategyGainReduction : SimulationReduction<StrategyGain>
{
    /// <inheritdoc/>
    public override int Width => QosSimulation.GainWidth;

    // The mean wait is NaN in a round in which nothing was served.
    /// <inheritdoc/>
    public override bool IsValid(ReadOnlySpan<double> round)
    {
        for (int i = 0; i < round.Length; i++)
        {
            if (double.IsNaN(round[i]) && i % (Width / 2) != 2)
            {
                return false;
            }
        }

        return true;
    }

    /// <inheritdoc/>
    protected override StrategyGain Reduce(StrategyGain row, double[] values) => QosSimulation.Gain(row, values);
}
