using System.Management.Automation;
using System.Security.Cryptography;
using QosValuation.Markets.Ledger;
using QosValuation.Markets.Submissions;

namespace QosValuation.Cmdlets.Markets;

/// <summary>Opens sealed documents that won, and logs each release in the ledger.</summary>
/// <remarks>
/// <para>A submission is opened where the ledger holds its award: a record of its contributor whose pointer is the document's hash, as
/// <c>Add-DatRecord -Address alice -Value 3.2 -Pointer $submission.Hash</c> writes it. Every block is authenticated and the hash is checked before the
/// document appears, so that what was scored is what is delivered. The release is appended to the ledger (account release: and the contributor) before
/// the document appears: none leaves without a trace.</para>
/// <para>Whoever holds the private key could decrypt without this cmdlet: keep it where only the operator's job can read it.</para>
/// </remarks>
/// <example>
/// <summary>Deliver what won</summary>
/// <code>Unprotect-DataSubmission ./sealed/*.sealed -KeyPath ./market-key.pem -LedgerPath ./market.db -Destination ./delivered</code>
/// </example>
/// <seealso>Protect-DataSubmission</seealso>
/// <seealso>Add-DatRecord</seealso>
/// <seealso>Invoke-DataAuction</seealso>
[Cmdlet(VerbsSecurity.Unprotect, "DataSubmission", DefaultParameterSetName = "Path", SupportsShouldProcess = true)]
[OutputType(typeof(DataDelivery))]
public sealed class UnprotectDataSubmissionCommand : QosCmdlet
{
    private ECDiffieHellman? _key;
    private DatLedger? _ledger;
    private string _destination = string.Empty;

    /// <summary>The sealed files; wildcards allowed.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true, ParameterSetName = "Path")]
    [ValidateNotNullOrEmpty]
    [SupportsWildcards]
    public string[] Path { get; set; } = [];

    /// <summary>The sealed files, wildcard characters taken literally. Files may come from the pipeline.</summary>
    [Parameter(Mandatory = true, ValueFromPipelineByPropertyName = true, ParameterSetName = "LiteralPath")]
    [Alias("PSPath", "FullName", "LP")]
    [ValidateNotNullOrEmpty]
    public string[] LiteralPath { get; set; } = [];

    /// <summary>The market's private key in PEM.</summary>
    [Parameter(Mandatory = true)]
    [ValidateNotNullOrEmpty]
    public string KeyPath { get; set; } = string.Empty;

    /// <summary>The ledger that holds the awards; each release is appended to it.</summary>
    [Parameter(Mandatory = true)]
    [ValidateNotNullOrEmpty]
    public string LedgerPath { get; set; } = string.Empty;

    /// <summary>The folder that receives the documents: in it a folder for each contributor; it is created.</summary>
    [Parameter(Mandatory = true, Position = 1)]
    [ValidateNotNullOrEmpty]
    public string Destination { get; set; } = string.Empty;

    /// <summary>Replace documents that exist.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <inheritdoc/>
    protected override void Begin()
    {
        _key = SubmissionKey.Load(ResolveNewPath(KeyPath));
        _ledger = DatLedger.Open(ResolveStore(LedgerPath), create: false);
        _destination = ResolveNewPath(Destination);
    }

    /// <inheritdoc/>
    protected override void Process()
    {
        bool isLiteral = ParameterSetName == "LiteralPath";
        foreach (string file in ResolvePaths(isLiteral ? LiteralPath : Path, isLiteral))
        {
            Cancellation.ThrowIfCancellationRequested();
            TryItem(file, () =>
            {
                string target = System.IO.Path.Combine(_destination, SubmissionRelease.NameOf(SubmissionFile.Describe(file)));
                if (ShouldProcess(target, $"Release the document in '{file}'"))
                {
                    RequireNew(target, Force);
                    WriteRecord(new SubmissionRelease(_ledger!).Deliver(file, target, _key!, Cancellation));
                }
            });
        }
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _key?.Dispose();
            _ledger?.Dispose();
        }

        base.Dispose(disposing);
    }
}
