using System.Diagnostics;
using System.Management.Automation.Language;

namespace QosValuation.Cmdlets.Jobs;

/// <summary>Waits for jobs, with progress. Ctrl+C leaves the job at work, and says how to come back to it.</summary>
internal sealed class JobWatch(QosCmdlet cmdlet, Action<string> warn)
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan LocalPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan ClusterPause = TimeSpan.FromSeconds(5);

    /// <summary>Waits until a job is finished.</summary>
    /// <param name="job">The job.</param>
    /// <param name="timeout">The longest time to wait; null for ever.</param>
    /// <param name="until">What else ends the waiting; null for nothing.</param>
    /// <param name="cancellationToken">Cancelled by Ctrl+C.</param>
    /// <returns>False where the time ran out.</returns>
    public bool Wait(QosJob job, TimeSpan? timeout, Func<bool>? until, CancellationToken cancellationToken)
    {
        var meter = new ProgressMeter(cmdlet, $"Job {job.Name}", "shards");
        long start = Stopwatch.GetTimestamp();
        TimeSpan pause = FirstPause;
        bool isSilent = false;
        try
        {
            while (true)
            {
                bool isFinished = false;
                try
                {
                    isFinished = BackgroundWork.Run((_, token) => job.Advance(token), _ => Show(meter, job), cancellationToken);
                    isSilent = false;
                }
                catch (QosValuationException fault) when (fault.Fault == Faults.JobSchedulerFailed)
                {
                    // A controller that restarts: the job goes on without it.
                    if (!isSilent)
                    {
                        isSilent = true;
                        warn($"{fault.Message} Waiting goes on.");
                    }
                }

                Show(meter, job);
                if (isFinished || until?.Invoke() == true)
                {
                    return true;
                }

                if (timeout is { } most && Stopwatch.GetElapsedTime(start) >= most)
                {
                    return false;
                }

                TimeSpan left = timeout is { } whole ? whole - Stopwatch.GetElapsedTime(start) : pause;
                cancellationToken.WaitHandle.WaitOne(TimeSpan.FromMilliseconds(Math.Max(1, Math.Min(pause.TotalMilliseconds, left.TotalMilliseconds))));
                cancellationToken.ThrowIfCancellationRequested();
                TimeSpan longest = job.Scheduler == JobScheduler.Slurm ? ClusterPause : LocalPause;
                pause = pause * 1.5 < longest ? pause * 1.5 : longest;
            }
        }
        finally
        {
            if (cancellationToken.IsCancellationRequested && !job.IsFinished)
            {
                cmdlet.Host.UI.WriteWarningLine(HowToReturn(job));
            }
            else
            {
                meter.Complete();
            }
        }
    }

    private static string HowToReturn(QosJob job) =>
        $"The job {job.Name} goes on{(job.SchedulerId.Count > 0 ? $" as Slurm job {job.SchedulerId[0]}" : string.Empty)}. "
            + $"Come back with: Get-QosJob {Quoted(job.Path)} | Wait-QosJob | Receive-QosJob. Stop it with: Get-QosJob {Quoted(job.Path)} | Stop-QosJob.";

    private static string Quoted(string path) => "-LiteralPath '" + CodeGeneration.EscapeSingleQuotedStringContent(path) + "'";

    private static void Show(ProgressMeter meter, QosJob job)
    {
        string failed = job.Failed > 0 ? $", {job.Failed} failed" : string.Empty;
        meter.Report(job.Completed, job.Shards, $"{job.Running} running{failed}");
    }
}
