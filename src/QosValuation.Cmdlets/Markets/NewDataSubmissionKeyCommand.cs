using System.Management.Automation;
using QosValuation.Markets.Submissions;

namespace QosValuation.Cmdlets.Markets;

/// <summary>Makes the key pair for which contributors seal their submissions.</summary>
/// <remarks>
/// <para>The private key stays with the market's operator, readable by its owner alone; the public key beside it, with the ending .pub, goes to the
/// contributors. ECDH on the curve P-256, in PEM. A key is never overwritten.</para>
/// </remarks>
/// <example>
/// <summary>A key for a market</summary>
/// <code>New-DataSubmissionKey ./market-key.pem</code>
/// </example>
/// <seealso>Protect-DataSubmission</seealso>
/// <seealso>Unprotect-DataSubmission</seealso>
[Cmdlet(VerbsCommon.New, "DataSubmissionKey", SupportsShouldProcess = true)]
[OutputType(typeof(FileInfo))]
public sealed class NewDataSubmissionKeyCommand : QosCmdlet
{
    /// <summary>The private key's file; the public key is written beside it with the ending .pub. Neither may exist.</summary>
    [Parameter(Mandatory = true, Position = 0)]
    [Alias("LiteralPath", "KeyPath")]
    [ValidateNotNullOrEmpty]
    public string Path { get; set; } = string.Empty;

    /// <inheritdoc/>
    protected override void Process()
    {
        string target = ResolveNewPath(Path);
        if (ShouldProcess(target, "Make a key pair"))
        {
            SubmissionKey.Create(target);
            WriteRecord(new FileInfo(target));
            WriteRecord(new FileInfo(target + ".pub"));
        }
    }
}
