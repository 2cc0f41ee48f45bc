using System.Management.Automation;

namespace QosValuation.Cmdlets.Jobs;

/// <summary>Starts again those shards of jobs that are not done: after a failure was mended, a stop, or a restart of the machine.</summary>
/// <remarks>Shards that are done are not run again. The others have all their tries anew; a result that was damaged is made anew as well.</remarks>
/// <example>
/// <summary>Go on</summary>
/// <code>Get-QosJob | Where-Object State -In Failed, Stopped, Interrupted | Resume-QosJob | Wait-QosJob</code>
/// </example>
/// <seealso>Get-QosJob</seealso>
/// <seealso>Stop-QosJob</seealso>
[Cmdlet(VerbsLifecycle.Resume, "QosJob", DefaultParameterSetName = "Job", SupportsShouldProcess = true)]
[OutputType(typeof(QosJob))]
public sealed class ResumeQosJobCommand : QosJobCommand
{
    /// <inheritdoc/>
    private protected override void Process(QosJob job)
    {
        if (ShouldProcess(job.Path, $"Resume the job {job.Name}"))
        {
            if (!job.Resume(Cancellation))
            {
                WriteVerbose($"The job {job.Name} is done; nothing was started.");
            }

            WriteRecord(job);
        }
    }
}
