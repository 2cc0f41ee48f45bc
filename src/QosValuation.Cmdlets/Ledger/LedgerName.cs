namespace QosValuation.Cmdlets;

/// <summary>The name of a ledger in a database.</summary>
internal static class LedgerName
{
    /// <summary>The schema where none is named.</summary>
    public const string Default = "dat_ledger";
}
