using System.Management.Automation;

namespace QosValuation.Cmdlets.Jobs;

/// <summary>Waits until jobs are finished, and gives them on.</summary>
/// <remarks>
/// <para>A progress bar shows shards that are done, at work and failed. Where shards of a Slurm job failed and could not be tried again from the
/// cluster, this cmdlet does it, where the job is this user's own. A scheduler that does not answer for a while is waited for.</para>
/// <para>Ctrl+C ends the waiting and nothing else: the job goes on, and a warning says how to come back to it, in this session or another.</para>
/// </remarks>
/// <example>
/// <summary>Wait, then read what was made</summary>
/// <code>Submit-QosJob -Scheduler Local -Shards 2 -ScriptBlock { "shard $Shard" } | Wait-QosJob | Receive-QosJob</code>
/// </example>
/// <seealso>Submit-QosJob</seealso>
/// <seealso>Receive-QosJob</seealso>
[Cmdlet(VerbsLifecycle.Wait, "QosJob", DefaultParameterSetName = "Job")]
[OutputType(typeof(QosJob))]
public sealed class WaitQosJobCommand : QosJobCommand
{
    /// <summary>
    /// The longest time to wait for each job, in seconds; for ever by default. Where it runs out, a warning says so, and the job leaves as it is.
    /// </summary>
    [Parameter]
    [ValidateRange(0, int.MaxValue)]
    [WholeNumber(MayBeAbsent = true)]
    public int? Timeout { get; set; }

    /// <inheritdoc/>
    private protected override void Process(QosJob job)
    {
        TimeSpan? timeout = Timeout is { } seconds ? TimeSpan.FromSeconds(seconds) : null;
        if (!new JobWatch(this, WriteWarning).Wait(job, timeout, null, Cancellation))
        {
            WriteWarning($"The job {job.Name} is not finished after {Timeout} s: {job.Completed} of {job.Shards} shards are done. It goes on.");
        }
        else if (job.State == JobState.Failed && !job.IsOwn())
        {
            WriteWarning($"The job {job.Name} belongs to another user, so its shards are not tried again from here.");
        }
        else if (job.State == JobState.Interrupted)
        {
            WriteWarning($"The job {job.Name} was interrupted with {job.Completed} of {job.Shards} shards done. Resume-QosJob goes on with the others.");
        }

        WriteRecord(job);
    }
}
