namespace QosValuation.Markets.Auctions;

/// <summary>The registry of auctions. Cmdlets, the searcher for violations and figures find auctions and their traits here.</summary>
public static class DataAuctions
{
    // In the order of the enum, which is that of tables and completion.
    private static readonly IDataAuction[] Registered =
    [
        new QMiaAuction(),
        new ProportionalShareAuction(),
        new ConstantRatioAuction(),
        new ClockAuction(),
        new SubmodularGreedyAuction(),
        new RandomAuction(),
        new NaiveConstantRatioAuction(),
    ];

    /// <summary>All auctions, in the order of <see cref="AuctionMechanism"/>.</summary>
    public static IReadOnlyList<IDataAuction> All => Registered;

    /// <summary>Finds an auction. O(1).</summary>
    /// <param name="name">The auction's name.</param>
    /// <returns>The auction.</returns>
    /// <exception cref="QosValuationException"><c>AuctionNotSupported</c> for a number that is no auction.</exception>
    public static IDataAuction Find(AuctionMechanism name) => (uint)name < (uint)Registered.Length
        ? Registered[(int)name]
        : throw new QosValuationException(Faults.AuctionNotSupported, $"The mechanism {name} is not known.", name);
}
