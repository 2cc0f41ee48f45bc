using System.Globalization;
using QosValuation.Markets.Auctions;

namespace QosValuation.Bench;

/// <summary>All payments of very many offers beside NumPy, columns in and out.</summary>
internal sealed class AuctionRows : IBenchmark
{
    private const int Bids = 1_000_000;

    /// <inheritdoc/>
    public string Name => "auction";

    /// <inheritdoc/>
    public IEnumerable<BenchmarkResult> Measure(BenchmarkContext context)
    {
        (double[] costs, double[] qualities, double[] utilities, double budget) = AuctionBenchmark.Draw(Bids);
        AuctionBenchmark.Save(context.Folder, costs, qualities, utilities);
        (string? python, string name) = context.Peers.Python("numpy", "NumPy");
        using PeerProcess? peer = python is null
            ? null
            : new PeerProcess(python, "auction.py", context.Folder, budget.ToString("R", CultureInfo.InvariantCulture));
        foreach ((AuctionMechanism mechanism, double? goal) in new (AuctionMechanism, double?)[] { (AuctionMechanism.QMia, 5), (AuctionMechanism.ProportionalShare, null) })
        {
            var options = new AuctionOptions { Mechanism = mechanism, Budget = budget };
            yield return context.Compare(
                $"{mechanism}, payments of {Bids:N0} offers",
                name,
                () => Timing.Of(() => DataAuctioneer.Run(costs, qualities, utilities, options)),
                peer is null ? null : () => peer.Run(mechanism.ToString()),
                goal);
        }
    }
}
