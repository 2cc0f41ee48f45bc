using System.Management.Automation;
using System.Security.Cryptography;
using QosValuation.Markets.Ledger;

namespace QosValuation.Cmdlets;

/// <summary>Checks a ledger, or a settlement without its ledger, and names whatever was tampered with.</summary>
/// <remarks>
/// <para>For a ledger, the chain is walked: every changed, dropped, reordered or inserted record is named. A ledger whose hashes were all rewritten from
/// some record on is consistent in itself: only a hash known from elsewhere (-ExpectedHash) or a signed settlement exposes that.</para>
/// <para>For a settlement, everything is checked offline: the signature, each record's hash, its inclusion proof and the totals. Without -PublicKeyPath
/// the key inside the file is used, which proves that the file is whole, but not who signed it.</para>
/// </remarks>
/// <example>
/// <summary>Is the ledger whole?</summary>
/// <code>(Test-DatLedger -LedgerPath ./market.db).IsValid</code>
/// </example>
/// <example>
/// <summary>What is wrong with it?</summary>
/// <code>(Test-DatLedger -LedgerPath ./market.db).Faults</code>
/// </example>
/// <example>
/// <summary>Check a settlement that a market operator signed</summary>
/// <code>Test-DatLedger -SettlementPath ./settlement.json -PublicKeyPath ./operator.pem.pub</code>
/// </example>
/// <example>
/// <summary>A ledger in PostgreSQL</summary>
/// <code>(Test-DatLedger -ConnectionString 'service=market' -Name sales).IsValid</code>
/// </example>
/// <seealso>Add-DatRecord</seealso>
/// <seealso>Export-DatSettlement</seealso>
[Cmdlet(VerbsDiagnostic.Test, "DatLedger", DefaultParameterSetName = "Ledger")]
[OutputType(typeof(DatLedgerReport))]
public sealed class TestDatLedgerCommand : StoreCommand
{
    /// <summary>The ledger that Add-DatRecord made: a SQLite file, or the address of one in PostgreSQL.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipelineByPropertyName = true, ParameterSetName = "Ledger")]
    [Alias("PSPath", "FullName")]
    [ValidateNotNullOrEmpty]
    public string LedgerPath { get; set; } = string.Empty;

    /// <summary>A record's hash known from elsewhere, in hexadecimal; the ledger must contain it.</summary>
    [Parameter(ParameterSetName = "Ledger")]
    [Parameter(ParameterSetName = ConnectionSet)]
    [ValidatePattern("^[0-9a-fA-F]{64}$")]
    public string? ExpectedHash { get; set; }

    /// <summary>A settlement that Export-DatSettlement wrote.</summary>
    [Parameter(Mandatory = true, ParameterSetName = "Settlement")]
    [ValidateNotNullOrEmpty]
    public string SettlementPath { get; set; } = string.Empty;

    /// <summary>The signer's public key in PEM, received by a way you trust.</summary>
    [Parameter(ParameterSetName = "Settlement")]
    [ValidateNotNullOrEmpty]
    public string? PublicKeyPath { get; set; }

    /// <inheritdoc/>
    private protected override string DefaultName => LedgerName.Default;

    /// <inheritdoc/>
    protected override void Process()
    {
        if (ParameterSetName == "Settlement")
        {
            string path = ResolveNewPath(SettlementPath);
            using ECDsa? key = PublicKeyPath is null ? null : SigningKey.Load(ResolveNewPath(PublicKeyPath));
            WriteVerbose(key is null ? "Without -PublicKeyPath the key inside the file is used: that shows the file is whole, not who signed "
                + "it." : $"The signature is checked with the key '{PublicKeyPath}'.");
            WriteRecord(DatSettlement.Verify(path, key, Cancellation));
            return;
        }

        DoFile(LedgerPath, () =>
        {
            using DatLedger ledger = DatLedger.Open(StoreAt(LedgerPath), create: false);
            WriteRecord(ledger.Verify(ExpectedHash?.ToLowerInvariant(), Cancellation));
        });
    }
}
