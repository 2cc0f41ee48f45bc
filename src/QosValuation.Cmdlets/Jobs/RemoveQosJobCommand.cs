using System.Management.Automation;

namespace QosValuation.Cmdlets.Jobs;

/// <summary>Deletes the folders of jobs: their results, their logs, and the copies of their scripts.</summary>
/// <remarks>A job at work is refused: stop it first, as in Get-QosJob ./qosjob-1f03 | Stop-QosJob | Remove-QosJob. Of a link to a job's folder the
/// link alone is deleted.</remarks>
/// <example>
/// <summary>Delete what is done</summary>
/// <code>Get-QosJob | Where-Object State -EQ Completed | Remove-QosJob</code>
/// </example>
/// <seealso>Stop-QosJob</seealso>
/// <seealso>Receive-QosJob</seealso>
[Cmdlet(VerbsCommon.Remove, "QosJob", DefaultParameterSetName = "Job", SupportsShouldProcess = true)]
[OutputType(typeof(void))]
public sealed class RemoveQosJobCommand : QosJobCommand
{
    /// <inheritdoc/>
    private protected override void Process(QosJob job)
    {
        if (ShouldProcess(job.Path, $"Delete the job {job.Name} with its results"))
        {
            job.Remove(Cancellation);
        }
    }
}
