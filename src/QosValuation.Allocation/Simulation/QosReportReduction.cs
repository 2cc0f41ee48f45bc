using QosValuation.Foundation.Numerics;
using QosValuation.Foundation.Sharding;
using Metric = QosValuation.Allocation.Simulation.QosSimulation.Metric;

namespace QosValuation.Allocation.Simulation;

/// <summary>Makes reports of <see cref="QosSimulation"/> of the metrics of each round.</summary>
public sealed class QosReportReduction : SimulationReduction<QosReport>
{
    /// <inheritdoc/>
    public override int Width => (int)Metric.Count;

    // Counts are there in every round; what is measured of requests that were served is NaN in a round without any.
    /// <inheritdoc/>
    public override bool IsValid(ReadOnlySpan<double> round)
    {
        foreach (double count in round[(int)Metric.Value..((int)Metric.Withheld + 1)])
        {
            if (!(count >= 0))
            {
                return false;
            }
        }

        return true;
    }

    /// <inheritdoc/>
    protected override QosReport Reduce(QosReport row, double[] values)
    {
        var moments = new RunningMean[Width];
        for (int i = 0; i < values.Length; i++)
        {
            moments[i % Width].Add(values[i]);
        }

        return QosSimulation.Report(row with { Rounds = values.Length / Width }, moments);
    }
}
