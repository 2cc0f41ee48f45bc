using System.Management.Automation;
using System.Security.Cryptography;
using QosValuation.Markets.Submissions;

namespace QosValuation.Cmdlets.Markets;

/// <summary>Seals documents for a market: encrypted, and bound to their contributor and their hash.</summary>
/// <remarks>
/// <para>Each document is encrypted with a key of its own (AES-256-GCM in blocks of 64 KiB), and that key is wrapped for the market's public key
/// (ECDH on P-256, HKDF-SHA256). The SHA-256 hash of the document is sealed with it: what was scored under this hash is what Unprotect-DataSubmission
/// delivers, or nothing is delivered.</para>
/// <para>The sealed file shows the contributor, the document's name, its length and its hash; nothing else. It is read and written in blocks, whatever
/// its size.</para>
/// </remarks>
/// <example>
/// <summary>Seal a folder of documents</summary>
/// <code>Protect-DataSubmission ./documents/*.jsonl -Contributor alice -KeyPath ./market-key.pem.pub -Destination ./sealed</code>
/// </example>
/// <seealso>New-DataSubmissionKey</seealso>
/// <seealso>Unprotect-DataSubmission</seealso>
/// <seealso>Measure-DataQuality</seealso>
[Cmdlet(VerbsSecurity.Protect, "DataSubmission", DefaultParameterSetName = "Path", SupportsShouldProcess = true)]
[OutputType(typeof(DataSubmission))]
public sealed class ProtectDataSubmissionCommand : QosCmdlet
{
    private ECDiffieHellman? _key;
    private string _destination = string.Empty;

    /// <summary>The documents; wildcards allowed.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true, ParameterSetName = "Path")]
    [ValidateNotNullOrEmpty]
    [SupportsWildcards]
    public string[] Path { get; set; } = [];

    /// <summary>The documents, wildcard characters taken literally. Files may come from the pipeline.</summary>
    [Parameter(Mandatory = true, ValueFromPipelineByPropertyName = true, ParameterSetName = "LiteralPath")]
    [Alias("PSPath", "FullName", "LP")]
    [ValidateNotNullOrEmpty]
    public string[] LiteralPath { get; set; } = [];

    /// <summary>Whose documents they are.</summary>
    [Parameter(Mandatory = true, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    public string Contributor { get; set; } = string.Empty;

    /// <summary>The market's public key in PEM, received by a way you trust.</summary>
    [Parameter(Mandatory = true)]
    [ValidateNotNullOrEmpty]
    public string KeyPath { get; set; } = string.Empty;

    /// <summary>The folder that receives the sealed files, named as the documents with the ending .sealed; it is created.</summary>
    [Parameter(Mandatory = true, Position = 1)]
    [ValidateNotNullOrEmpty]
    public string Destination { get; set; } = string.Empty;

    /// <summary>Replace sealed files that exist.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <inheritdoc/>
    protected override void Begin()
    {
        _key = SubmissionKey.Load(ResolveNewPath(KeyPath));
        _destination = ResolveNewPath(Destination);
    }

    /// <inheritdoc/>
    protected override void Process()
    {
        bool isLiteral = ParameterSetName == "LiteralPath";
        foreach (string document in ResolvePaths(isLiteral ? LiteralPath : Path, isLiteral))
        {
            Cancellation.ThrowIfCancellationRequested();
            string target = System.IO.Path.Combine(_destination, System.IO.Path.GetFileName(document) + ".sealed");
            if (ShouldProcess(target, $"Seal '{document}' of '{Contributor}'"))
            {
                TryItem(document, () =>
                {
                    RequireNew(target, Force);
                    WriteRecord(SubmissionFile.Seal(document, target, Contributor, _key!, Cancellation));
                });
            }
        }
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _key?.Dispose();
        }

        base.Dispose(disposing);
    }
}
