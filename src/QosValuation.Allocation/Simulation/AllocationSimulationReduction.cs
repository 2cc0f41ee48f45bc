using QosValuation.Foundation.Sharding;

namespace QosValuation.Allocation.Simulation;

/// <summary>Makes rows of <see cref="AllocationSimulation"/> of Jain's index and the Gini coefficient of each round.</summary>
public sealed class AllocationSimulationReduction : SimulationReduction<AllocationSimulationResult>
{
    /// <inheritdoc/>
    public override int Width => 2;

    /// <inheritdoc/>
    public override bool IsValid(ReadOnlySpan<double> round) => double.IsFinite(round[0]) && double.IsFinite(round[1]);

    /// <inheritdoc/>
    protected override AllocationSimulationResult Reduce(AllocationSimulationResult row, double[] values)
    {
        var jain = new RoundSummary();
        var gini = new RoundSummary();
        for (int at = 0; at < values.Length; at += Width)
        {
            jain.Add(values[at]);
            gini.Add(values[at + 1]);
        }

        return AllocationSimulation.Describe(row with { Rounds = values.Length / Width }, jain, gini);
    }
}
