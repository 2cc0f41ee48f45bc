using System.Management.Automation;

namespace QosValuation.Cmdlets.Jobs;

/// <summary>Finds jobs by their folders, also those of earlier sessions, and looks how far they are.</summary>
/// <remarks>
/// <para>A job's state lies in its folder, so that a session that is new, on another machine that sees the folder, or after a restart gets back to it.
/// Without a path the jobs in the current location are shown: the folders qosjob-* that Submit-QosJob makes.</para>
/// <para>State is Pending, Running, Completed, Failed, Stopped, or Interrupted: what ran the job is gone, and Resume-QosJob goes on. Elements says of
/// each shard how far it is, how often it was tried, its exit code, its machine and where its logs are.</para>
/// </remarks>
/// <example>
/// <summary>The jobs of this folder</summary>
/// <code>Get-QosJob</code>
/// </example>
/// <example>
/// <summary>What failed, and why</summary>
/// <code>(Get-QosJob).Elements | Where-Object State -EQ Failed | Format-Table Shard, Attempts, ExitCode, HostName, Message</code>
/// </example>
/// <seealso>Submit-QosJob</seealso>
/// <seealso>Resume-QosJob</seealso>
[Cmdlet(VerbsCommon.Get, "QosJob", DefaultParameterSetName = "Path")]
[OutputType(typeof(QosJob))]
public sealed class GetQosJobCommand : QosCmdlet
{
    /// <summary>The folders of the jobs; wildcards are allowed. By default qosjob-* in the current location.</summary>
    [Parameter(Position = 0, ParameterSetName = "Path", ValueFromPipelineByPropertyName = true)]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    [JobPath]
    public string[] Path { get; set; } = [];

    /// <summary>The folders of the jobs, taken as they are.</summary>
    [Parameter(Mandatory = true, ParameterSetName = "LiteralPath", ValueFromPipelineByPropertyName = true)]
    [Alias("PSPath")]
    [ValidateNotNullOrEmpty]
    public string[] LiteralPath { get; set; } = [];

    /// <summary>Jobs at which to look again.</summary>
    [Parameter(Mandatory = true, ParameterSetName = "Job", ValueFromPipeline = true)]
    [ValidateNotNullOrEmpty]
    [Job]
    public QosJob[] Job { get; set; } = [];

    /// <inheritdoc/>
    protected override void Process()
    {
        if (ParameterSetName == "Job")
        {
            foreach (QosJob job in Job)
            {
                Look(job);
            }

            return;
        }

        bool isLiteral = ParameterSetName == "LiteralPath";
        IEnumerable<string> paths = isLiteral || Path.Length > 0
            ? ResolvePaths(isLiteral ? LiteralPath : Path, isLiteral)
            : Directory.EnumerateDirectories(ResolveNewPath("."), "qosjob-*").Where(folder => File.Exists(System.IO.Path.Combine(folder, "job.json"))).Order();
        foreach (string path in paths)
        {
            TryItem(path, () => Look(QosJob.Open(path)));
        }
    }

    private void Look(QosJob job)
    {
        // A scheduler that cannot be asked from here does not keep the folder from being read.
        TryItem(job.Path, () => job.Refresh(Cancellation));
        WriteRecord(job);
    }
}
