using System.Globalization;
using System.Management.Automation;
using QosValuation.Markets.Ledger;

namespace QosValuation.Cmdlets.Markets;

/// <summary>Records what a market's data earned, in the ledger that holds their values.</summary>
/// <remarks>
/// <para>Calls of an interface and licence fees are appended to the same chain as the data values, under an account of their own (usage: and the
/// source), so that nobody can change the revenue that shares are paid from (seed 002, section 5). Measure-UtilityShare -LedgerPath reads it.</para>
/// <para>Each record is on disk before it is written to the pipeline.</para>
/// </remarks>
/// <example>
/// <summary>A day of calls</summary>
/// <code>Add-UsageRecord -LedgerPath ./market.db -Source caption-api -Kind ApiCall -Quantity 12000 -Revenue 36</code>
/// </example>
/// <example>
/// <summary>From a bill</summary>
/// <code>Import-Csv ./usage.csv | Add-UsageRecord -LedgerPath ./market.db</code>
/// </example>
/// <seealso>Get-UsageRecord</seealso>
/// <seealso>Add-DatRecord</seealso>
[Cmdlet(VerbsCommon.Add, "UsageRecord", SupportsShouldProcess = true, DefaultParameterSetName = "Ledger")]
[OutputType(typeof(UsageRecord))]
public sealed class AddUsageRecordCommand : StoreCommand
{
    private DatLedger? _ledger;

    /// <summary>The ledger: a SQLite file, or the address of one in PostgreSQL; created where it does not exist.</summary>
    [Parameter(Mandatory = true, Position = 0, ParameterSetName = "Ledger")]
    [ValidateNotNullOrEmpty]
    public string LedgerPath { get; set; } = string.Empty;

    /// <summary>Objects with the properties Source and Revenue, such as the rows of a bill.</summary>
    [Parameter(ValueFromPipeline = true)]
    [Accepts(typeof(UsageRecord), AndOthers = true)]
    public PSObject? InputObject { get; set; }

    /// <summary>What earned the revenue, such as the name of an interface or of a licensee.</summary>
    [Parameter(Position = 1, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    public string Source { get; set; } = string.Empty;

    /// <summary>The revenue, in the market's unit of money; finite and at least 0.</summary>
    [Parameter(Position = 2, ValueFromPipelineByPropertyName = true)]
    [Alias("Amount")]
    [Number]
    public double Revenue { get; set; }

    /// <summary>How it was earned: ApiCall (the default), License or Other.</summary>
    /// <value>ApiCall</value>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [SingleValue]
    public UsageKind Kind { get; set; } = UsageKind.ApiCall;

    /// <summary>The number of calls or licences; 1 by default.</summary>
    /// <value>1</value>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ValidateRange(0, long.MaxValue)]
    [WholeNumber]
    public long Quantity { get; set; } = 1;

    /// <inheritdoc/>
    private protected override string DefaultName => LedgerName.Default;

    /// <inheritdoc/>
    protected override void Begin() => LedgerPath = StoreAt(LedgerPath);

    /// <inheritdoc/>
    protected override void Process()
    {
        if (!TryItem(
            InputObject, () => RequireProperties(typeof(UsageRecord), InputObject, "the properties Source and Revenue", nameof(Source), nameof(Revenue))))
        {
            return;
        }

        if (!ShouldProcess(LedgerPath, string.Create(CultureInfo.CurrentCulture, $"Append usage ({Source}, {Kind}, {Quantity}, {Revenue})")))
        {
            return;
        }

        _ledger ??= DatLedger.Open(LedgerPath, create: true);
        TryItem(Source, () => WriteRecord(UsageLedger.Add(_ledger, Source, Kind, Quantity, Revenue)));
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _ledger?.Dispose();
        }

        base.Dispose(disposing);
    }
}
