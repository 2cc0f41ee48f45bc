namespace QosValuation.Valuation.MarginalUtility;

/// <summary>Who is valued: an item, or a contributor with all items.</summary>
/// <param name="Contributor">The contributor; may be empty.</param>
/// <param name="Item">The item; empty for a contributor with all items.</param>
public sealed record UtilityPlayer(string Contributor, string Item)
{
    /// <summary>The name in coalitions and messages.</summary>
    public string Name => Item.Length > 0 ? Item : Contributor;
}
