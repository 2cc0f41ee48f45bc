namespace QosValuation.Markets.Ledger;

/// <summary>
/// Accounts of the ledger that hold no contributor's values: what the data earned, and what was released. Their names begin so that no contributor's
/// can, and a settlement shows them as accounts of their own.
/// </summary>
public static class LedgerAccount
{
    /// <summary>Before the name of what earns: revenue from API calls or licences.</summary>
    public const string Usage = "usage:";

    /// <summary>Before the name of a contributor whose document was released.</summary>
    public const string Release = "release:";

    /// <summary>Whether a name is one of these, so that no contributor may bear it.</summary>
    /// <param name="address">The name.</param>
    /// <returns>True where it is reserved.</returns>
    public static bool IsReserved(string address)
    {
        ArgumentNullException.ThrowIfNull(address);
        string trimmed = address.TrimStart();
        return trimmed.StartsWith(Usage, StringComparison.OrdinalIgnoreCase) || trimmed.StartsWith(Release, StringComparison.OrdinalIgnoreCase);
    }
}
