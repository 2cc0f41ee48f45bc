using System.Management.Automation;
using QosValuation.Foundation.Names;
using QosValuation.Markets.Ledger;

namespace QosValuation.Cmdlets;

/// <summary>Reads the records of a ledger in order.</summary>
/// <remarks>
/// <para>Records stream one at a time. Reading does not verify: see Test-DatLedger.</para>
/// </remarks>
/// <example>
/// <summary>What an account has earned</summary>
/// <code>Get-DatRecord -LedgerPath ./market.db -Address alice | Measure-Object Value -Sum</code>
/// </example>
/// <example>
/// <summary>The newest records</summary>
/// <code>Get-DatRecord -LedgerPath ./market.db -FirstSequence 1000</code>
/// </example>
/// <seealso>Add-DatRecord</seealso>
/// <seealso>Test-DatLedger</seealso>
[Cmdlet(VerbsCommon.Get, "DatRecord", DefaultParameterSetName = "Ledger")]
[OutputType(typeof(DatRecord))]
public sealed class GetDatRecordCommand : StoreCommand
{
    /// <summary>The ledger that Add-DatRecord made: a SQLite file, or the address of one in PostgreSQL.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipelineByPropertyName = true, ParameterSetName = "Ledger")]
    [Alias("PSPath", "FullName")]
    [ValidateNotNullOrEmpty]
    public string LedgerPath { get; set; } = string.Empty;

    /// <summary>Only records of these accounts; wildcards are allowed. All by default.</summary>
    [Parameter(Position = 1)]
    [SupportsWildcards]
    public string[] Address { get; set; } = [];

    /// <summary>Only records from this sequence number on, counted from 1.</summary>
    [Parameter]
    [ValidateRange(1, long.MaxValue)]
    [WholeNumber]
    public long FirstSequence { get; set; } = 1;

    /// <inheritdoc/>
    private protected override string DefaultName => LedgerName.Default;

    /// <inheritdoc/>
    protected override void Process() => DoFile(LedgerPath, Read);

    private void Read()
    {
        using DatLedger ledger = DatLedger.Open(StoreAt(LedgerPath), create: false);
        WildcardPattern[] patterns = [.. Address.Select(pattern => new WildcardPattern(ContributorName.Fold(pattern), WildcardOptions.CultureInvariant))];
        string? exact = Address is [string only] && !WildcardPattern.ContainsWildcardCharacters(only) ? ContributorName.Fold(only) : null;
        foreach (DatRecord record in ledger.Read(exact, FirstSequence))
        {
            Cancellation.ThrowIfCancellationRequested();
            if (exact is not null || patterns.Length == 0 || Array.Exists(patterns, pattern => pattern.IsMatch(ContributorName.Fold(record.Address))))
            {
                WriteRecord(record);
            }
        }
    }
}
