using QosValuation.Foundation.Sharding;

namespace QosValuation.Markets.Dynamics;

/// <summary>Makes rows of <see cref="AuctionSimulation"/> of what a round gives in each repetition.</summary>
public sealed class AuctionSimulationReduction : SimulationReduction<AuctionSimulationResult>
{
    /// <inheritdoc/>
    public override int Width => AuctionSimulation.RoundSample.Width;

    /// <inheritdoc/>
    public override bool IsValid(ReadOnlySpan<double> round) => round[0] is 0 or 1;

    /// <inheritdoc/>
    protected override AuctionSimulationResult Reduce(AuctionSimulationResult row, double[] values) => AuctionSimulation.Reduce(row, values);
}
