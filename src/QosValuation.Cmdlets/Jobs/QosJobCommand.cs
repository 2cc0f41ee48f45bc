using System.Management.Automation;

namespace QosValuation.Cmdlets.Jobs;

/// <summary>What the cmdlets that take jobs share: jobs from the pipeline, or their folders.</summary>
public abstract class QosJobCommand : QosCmdlet
{
    /// <summary>The jobs, from Submit-QosJob or Get-QosJob.</summary>
    [Parameter(Mandatory = true, Position = 0, ParameterSetName = "Job", ValueFromPipeline = true)]
    [ValidateNotNullOrEmpty]
    [Job]
    public QosJob[] Job { get; set; } = [];

    /// <summary>The folders of the jobs; wildcards are allowed. It is the Path of a job, in this session or an earlier one.</summary>
    [Parameter(Mandatory = true, ParameterSetName = "Path", ValueFromPipelineByPropertyName = true)]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[] Path { get; set; } = [];

    /// <summary>The folders of the jobs, taken as they are.</summary>
    [Parameter(Mandatory = true, ParameterSetName = "LiteralPath", ValueFromPipelineByPropertyName = true)]
    [Alias("PSPath")]
    [ValidateNotNullOrEmpty]
    public string[] LiteralPath { get; set; } = [];

    /// <summary>Works on one job.</summary>
    /// <param name="job">The job.</param>
    private protected abstract void Process(QosJob job);

    /// <inheritdoc/>
    protected override void Process()
    {
        foreach (QosJob job in ParameterSetName == "Job" ? Job : Open(ParameterSetName == "LiteralPath"))
        {
            TryItem(job.Path, () => Process(job));
        }
    }

    private IEnumerable<QosJob> Open(bool isLiteral)
    {
        foreach (string path in ResolvePaths(isLiteral ? LiteralPath : Path, isLiteral))
        {
            QosJob? job = null;
            if (TryItem(path, () => job = QosJob.Open(path)))
            {
                yield return job!;
            }
        }
    }
}
