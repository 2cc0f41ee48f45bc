namespace QosValuation;

/// <summary>What a client of a model market is there for (the roles of the iPFL authors' code).</summary>
public enum ClientRole
{
    /// <summary>It buys and sells: its gain scale and its cost as given.</summary>
    Trader,

    /// <summary>It buys; its cost of 1000 keeps others from buying its model.</summary>
    Buyer,

    /// <summary>It sells: gain scale 0 and cost 0.</summary>
    Seller,

    /// <summary>It sells a model that harms: gain scale 0, cost 0, and the signs of its parameters reversed.</summary>
    Attacker,
}
