using System.Globalization;
using System.Management.Automation;
using System.Security.Cryptography;
using QosValuation.Markets.Ledger;

namespace QosValuation.Cmdlets;

/// <summary>Writes a signed summary of a ledger that anyone can check offline.</summary>
/// <remarks>
/// <para>The settlement is a JSON file: the Merkle root over all records (RFC 6962, SHA-256), the total value of each account, an ECDSA signature over
/// secp256k1, and all records. A ledger that does not verify is not settled. Records are streamed: memory does not grow with them.</para>
/// <para>-Address writes a receipt instead: the same signed summary with the records of one account alone, each with its inclusion proof, so that the
/// account can show what it was credited. Test-DatLedger -SettlementPath checks both.</para>
/// <para>-NewKey makes a key pair first: the private key at -KeyPath, readable by its owner alone, and the public key beside it with the ending .pub.</para>
/// </remarks>
/// <example>
/// <summary>Make a key and settle</summary>
/// <code>Export-DatSettlement -LedgerPath ./market.db -Path ./settlement.json -KeyPath ./operator.pem -NewKey</code>
/// </example>
/// <example>
/// <summary>Settle with an existing key</summary>
/// <code>Export-DatSettlement -LedgerPath ./market.db -Path ./settlement.json -KeyPath ./operator.pem</code>
/// </example>
/// <example>
/// <summary>Give one account its receipt</summary>
/// <code>Export-DatSettlement -LedgerPath ./market.db -Path ./alice.json -KeyPath ./operator.pem -Address alice</code>
/// </example>
/// <seealso>Test-DatLedger</seealso>
/// <seealso>Add-DatRecord</seealso>
[Cmdlet(VerbsData.Export, "DatSettlement", SupportsShouldProcess = true, DefaultParameterSetName = "Ledger")]
[OutputType(typeof(FileInfo))]
public sealed class ExportDatSettlementCommand : StoreCommand
{
    /// <summary>The ledger that Add-DatRecord made: a SQLite file, or the address of one in PostgreSQL.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipelineByPropertyName = true, ParameterSetName = "Ledger")]
    [Alias("PSPath", "FullName")]
    [ValidateNotNullOrEmpty]
    public string LedgerPath { get; set; } = string.Empty;

    /// <summary>The settlement file to write; an existing one is replaced.</summary>
    [Parameter(Mandatory = true, Position = 1)]
    [Alias("LiteralPath")]
    [ValidateNotNullOrEmpty]
    public string Path { get; set; } = string.Empty;

    /// <summary>The signer's private key on secp256k1, in PEM.</summary>
    [Parameter(Mandatory = true, Position = 2)]
    [ValidateNotNullOrEmpty]
    public string KeyPath { get; set; } = string.Empty;

    /// <summary>Makes the key first; an existing file is never overwritten.</summary>
    [Parameter]
    public SwitchParameter NewKey { get; set; }

    /// <summary>Writes a receipt for this account: its records alone, with their inclusion proofs.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? Address { get; set; }

    /// <summary>Replace an existing settlement. A key is never replaced.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <inheritdoc/>
    private protected override string DefaultName => LedgerName.Default;

    /// <inheritdoc/>
    protected override void Process()
    {
        string source = StoreAt(LedgerPath);
        using DatLedger ledger = DatLedger.Open(source, create: false);
        DatLedgerReport report = ledger.Verify(cancellationToken: Cancellation);
        if (!report.IsValid)
        {
            throw new QosValuationException(
                Faults.LedgerNotValid,
                $"The ledger '{source}' does not verify, so it is not settled: {report.Faults[0].Message} See Test-DatLedger.",
                source);
        }

        string target = ResolveNewPath(Path);
        RequireNew(target, Force);
        string keyPath = ResolveNewPath(KeyPath);
        bool makesKey = NewKey && ShouldProcess(keyPath, "Make a signing key");
        if (!ShouldProcess(target, $"Write a signed settlement of {report.Records} records") || (NewKey && !makesKey))
        {
            return;
        }

        using ECDsa key = NewKey ? SigningKey.Create(keyPath) : SigningKey.Load(keyPath);
        bool isWritten = false;
        try
        {
            DatSettlement.Write(target, () => ledger.Read().TakeWhile(record => record.Sequence <= report.Records), key, Address, Cancellation);
            isWritten = true;
        }
        finally
        {
            // A key that signed nothing is not left behind: the next try makes one.
            if (NewKey && !isWritten)
            {
                SigningKey.Discard(keyPath);
            }
        }

        WriteVerbose(string.Create(
            CultureInfo.CurrentCulture,
            $"Settled {report.Records} records{(NewKey ? $"; the key is '{keyPath}', its public half '{keyPath}.pub'" : string.Empty)}."));
        WriteRecord(new FileInfo(target));
    }
}
