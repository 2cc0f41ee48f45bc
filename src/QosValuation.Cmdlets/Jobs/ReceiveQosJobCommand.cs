using System.Management.Automation;
using System.Xml;

namespace QosValuation.Cmdlets.Jobs;

/// <summary>Reads the results of jobs: what the shards wrote, in the order of the shards, or what the merge made of it.</summary>
/// <remarks>
/// <para>Objects stream from the first shard's to the last's; the module's records are records again, and their numbers are the same to the last bit.
/// So a job gives the same objects whatever scheduler ran it, on however many machines, and however often shards were tried. Where the job has
/// -MergeScriptBlock, what that wrote is given instead.</para>
/// <para>Of a job that is not finished the shards that are done are given, with a warning; with -Wait each shard is waited for. Each shard that failed
/// is an error of its own, JobShardFailed, which names the exit code and the folder of its logs; the others' results are given all the same.</para>
/// <para>Results stay in the job's folder and can be read any number of times; Remove-QosJob deletes them. A result that was changed since is refused.
/// </para>
/// </remarks>
/// <example>
/// <summary>Read results while shards are still at work</summary>
/// <code>Submit-QosJob -Scheduler Local -Shards 2 -ScriptBlock { $ShardIndex } | Receive-QosJob -Wait</code>
/// </example>
/// <seealso>Submit-QosJob</seealso>
/// <seealso>Wait-QosJob</seealso>
/// <seealso>Remove-QosJob</seealso>
[Cmdlet(VerbsCommunications.Receive, "QosJob", DefaultParameterSetName = "Job")]
[OutputType(typeof(object))]
public sealed class ReceiveQosJobCommand : QosJobCommand
{
    private const string ReadResult = "param($file) Microsoft.PowerShell.Utility\\Import-Clixml -LiteralPath $file";

    /// <summary>Wait for each shard in turn, and stream its results when it is done. Ctrl+C leaves the job at work.</summary>
    [Parameter]
    public SwitchParameter Wait { get; set; }

    /// <inheritdoc/>
    private protected override void Process(QosJob job)
    {
        if (!TryItem(job.Path, () => job.Refresh(Cancellation)) && !Directory.Exists(job.Path))
        {
            return;
        }

        var watch = new JobWatch(this, WriteWarning);
        int waiting = 0;
        int first = job.HasMerge ? 0 : 1;
        int last = job.HasMerge ? 0 : job.Shards;
        for (int element = first; element <= last; element++)
        {
            if (Wait && job.ResultOf(element) is null && !job.IsFinished)
            {
                int wanted = element;
                watch.Wait(job, null, () => job.ResultOf(wanted) is not null, Cancellation);
            }

            int index = element;
            TryItem(job.Path, () =>
            {
                if (job.ResultOf(index) is { } file)
                {
                    Emit(file);
                }
                else if (!job.IsFinished)
                {
                    waiting++;
                }
                else if (!job.HasMerge)
                {
                    throw job.FaultOf(job.Elements[index - 1]);
                }
            });
        }

        if (job.IsFinished && job.HasMerge && job.State != JobState.Completed)
        {
            foreach (QosJobShard shard in job.Elements.Where(shard => shard.State is not (JobState.Completed or JobState.Pending)))
            {
                WriteFault(job.FaultOf(shard));
            }
        }

        foreach (QosJobShard shard in job.Elements.Where(shard => shard is { State: JobState.Completed, Errors: > 0 }))
        {
            WriteWarning($"Shard {shard.Shard} wrote {shard.Errors} errors and went on; they stand in '{shard.LogPath}'.");
        }

        if (waiting > 0)
        {
            WriteWarning($"The job {job.Name} is at work: {job.Completed} of {job.Shards} shards are done. Receive-QosJob -Wait waits for the others.");
        }
    }

    // Import-Clixml reads object by object and makes records of them. It writes straight into this cmdlet's pipeline, as the engine's intrinsics name the
    // command at work; beginning with the cmdlet itself would wait for input where the cmdlet has some.
    private void Emit(string file)
    {
        using SteppablePipeline pipeline = ScriptBlock.Create(ReadResult)
            .GetSteppablePipeline(CommandOrigin.Internal, [file]);
        pipeline.Begin(expectInput: false, (EngineIntrinsics)SessionState.PSVariable.GetValue("ExecutionContext"));
        try
        {
            pipeline.Process();
            pipeline.End();
        }
        catch (RuntimeException exception) when (exception.GetBaseException() is XmlException or FormatException
            && exception.ErrorRecord.InvocationInfo?.Line == ReadResult)
        {
            // Its hash was right: somebody wrote both. Faults of commands further down have lines of their own.
            throw new QosValuationException(
                Faults.JobResultDamaged, $"The result '{file}' is no CLIXML: {exception.GetBaseException().Message}", file, exception);
        }
    }
}
