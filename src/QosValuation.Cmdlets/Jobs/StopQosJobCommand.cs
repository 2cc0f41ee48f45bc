using System.Management.Automation;

namespace QosValuation.Cmdlets.Jobs;

/// <summary>Stops jobs: their processes end, and what waits in a queue leaves it.</summary>
/// <remarks>What shards have made stays, and Resume-QosJob goes on with the others.</remarks>
/// <example>
/// <summary>Stop all jobs of this folder</summary>
/// <code>Get-QosJob | Stop-QosJob</code>
/// </example>
/// <seealso>Submit-QosJob</seealso>
/// <seealso>Resume-QosJob</seealso>
[Cmdlet(VerbsLifecycle.Stop, "QosJob", DefaultParameterSetName = "Job", SupportsShouldProcess = true)]
[OutputType(typeof(QosJob))]
public sealed class StopQosJobCommand : QosJobCommand
{
    /// <inheritdoc/>
    private protected override void Process(QosJob job)
    {
        if (ShouldProcess(job.Path, $"Stop the job {job.Name}"))
        {
            job.Stop(Cancellation);
            WriteRecord(job);
        }
    }
}
