using System.Management.Automation;
using QosValuation.Markets.Ledger;

namespace QosValuation.Cmdlets.Markets;

/// <summary>Reads what a market's data earned.</summary>
/// <remarks>
/// <para>Records leave in the order of the ledger, one at a time. Test-DatLedger says whether the ledger is whole.</para>
/// </remarks>
/// <example>
/// <summary>The revenue by source</summary>
/// <code>Get-UsageRecord -LedgerPath ./market.db | Group-Object Source |
///     ForEach-Object { [pscustomobject]@{ Source = $_.Name; Revenue = ($_.Group | Measure-Object Revenue -Sum).Sum } }</code>
/// </example>
/// <seealso>Add-UsageRecord</seealso>
/// <seealso>Get-DatRecord</seealso>
[Cmdlet(VerbsCommon.Get, "UsageRecord", DefaultParameterSetName = "Ledger")]
[OutputType(typeof(UsageRecord))]
public sealed class GetUsageRecordCommand : StoreCommand
{
    /// <summary>The ledger, a SQLite file that Add-UsageRecord or Add-DatRecord made.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipelineByPropertyName = true, ParameterSetName = "Ledger")]
    [Alias("PSPath", "FullName")]
    [ValidateNotNullOrEmpty]
    public string LedgerPath { get; set; } = string.Empty;

    /// <summary>Only records of these sources; wildcards are allowed. All by default.</summary>
    [Parameter(Position = 1)]
    [SupportsWildcards]
    public string[] Source { get; set; } = [];

    /// <summary>Only records from this sequence number on, counted from 1.</summary>
    [Parameter]
    [ValidateRange(1, long.MaxValue)]
    [WholeNumber]
    public long FirstSequence { get; set; } = 1;

    /// <inheritdoc/>
    private protected override string DefaultName => LedgerName.Default;

    /// <inheritdoc/>
    protected override void Process() => DoFile(LedgerPath, () =>
    {
        using DatLedger ledger = DatLedger.Open(StoreAt(LedgerPath), create: false);
        WildcardPattern[] patterns = [.. Source.Select(pattern => new WildcardPattern(pattern, WildcardOptions.CultureInvariant))];
        foreach (UsageRecord record in UsageLedger.Read(ledger, FirstSequence))
        {
            Cancellation.ThrowIfCancellationRequested();
            if (patterns.Length == 0 || Array.Exists(patterns, pattern => pattern.IsMatch(record.Source)))
            {
                WriteRecord(record);
            }
        }
    });
}
