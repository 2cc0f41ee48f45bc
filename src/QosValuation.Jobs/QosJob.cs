using System.Diagnostics;
using QosValuation.Jobs.Folders;
using QosValuation.Jobs.Schedulers;

namespace QosValuation;

/// <summary>
/// A job: the same script for each of n shards, run by a scheduler. Its whole state lies in a folder, <see cref="Path"/>, so that any session that sees
/// the folder can go on with it.
/// </summary>
/// <remarks>What the properties say is as of the last look: Get-QosJob, Wait-QosJob and Receive-QosJob look again, also at this very object.</remarks>
public sealed class QosJob
{
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan LongestEnd = TimeSpan.FromSeconds(30);

    // A coordinator has a minute to start.
    private static readonly TimeSpan LongestStart = TimeSpan.FromSeconds(75);

    private readonly IJobScheduler _scheduler;

    private QosJob(JobFolder folder)
    {
        Folder = folder;
        _scheduler = JobSchedulers.Get(folder.Manifest.Scheduler);
    }

    /// <summary>The job's name.</summary>
    public string Name => Folder.Manifest.Name;

    /// <summary>The job's id: 12 hexadecimal digits.</summary>
    public string Id => Folder.Manifest.Id;

    /// <summary>How far the job is.</summary>
    public JobState State { get; private set; }

    /// <summary>Who runs the shards.</summary>
    public JobScheduler Scheduler => Folder.Manifest.Scheduler;

    /// <summary>The scheduler's own ids of the job, such as the numbers that squeue shows; none where it has none.</summary>
    public IReadOnlyList<string> SchedulerId { get; private set; } = [];

    /// <summary>The number of shards.</summary>
    public int Shards => Folder.Manifest.Shards;

    /// <summary>Shards that are done.</summary>
    public int Completed { get; private set; }

    /// <summary>Shards at work.</summary>
    public int Running { get; private set; }

    /// <summary>Shards whose last attempt failed. While the job runs they may be tried again.</summary>
    public int Failed { get; private set; }

    /// <summary>When the job was submitted, in UTC.</summary>
    public DateTime Submitted => Folder.Manifest.Submitted;

    /// <summary>When the last shard, or the merge, ended, in UTC; null while the job is at work.</summary>
    public DateTime? Ended { get; private set; }

    /// <summary>The job's folder.</summary>
    public string Path => Folder.Path;

    /// <summary>The folder of the logs: in it 00001 for the first shard, with stdout.log and stderr.log, and so on; 00000 for the merge.</summary>
    public string LogPath => System.IO.Path.Combine(Folder.Path, "elements");

    /// <summary>Whether the job merges by a script of its own.</summary>
    public bool HasMerge => Folder.HasMerge;

    /// <summary>Whether nothing will happen by itself any more.</summary>
    public bool IsFinished => State is not (JobState.Pending or JobState.Running);

    /// <summary>Each shard, and the merge at the end where there is one.</summary>
    public IReadOnlyList<QosJobShard> Elements => Folder.Elements.Select(Describe).ToArray();

    internal JobFolder Folder { get; }

    /// <summary>Opens a job.</summary>
    /// <param name="path">Its folder.</param>
    /// <returns>The job, as its folder alone shows it: <see cref="Refresh"/> asks the scheduler as well.</returns>
    /// <exception cref="QosValuationException"><c>JobNotFound</c>, <c>JobNotReadable</c>.</exception>
    public static QosJob Open(string path)
    {
        var job = new QosJob(JobFolder.Open(path));

        // What only a scheduler knows is not told as failed before it was asked, and not where it cannot be asked.
        job.Look(isAtWork: !job._scheduler.RetriesByItself);
        return job;
    }

    /// <summary>Hands a job to its scheduler.</summary>
    /// <param name="folder">The job's folder.</param>
    /// <param name="cancellationToken">Stops the waiting for the scheduler.</param>
    /// <returns>The job.</returns>
    /// <exception cref="QosValuationException"><c>JobNotSubmitted</c>, <c>JobSchedulerNotFound</c>.</exception>
    /// <exception cref="OperationCanceledException">The waiting was stopped; the job is stopped too, and its folder stays.</exception>
    public static QosJob Submit(JobFolder folder, CancellationToken cancellationToken)
    {
        var job = new QosJob(folder);
        try
        {
            job._scheduler.Submit(folder, cancellationToken);
        }
        catch (OperationCanceledException)
        {
            folder.RequestStop(true); // what was started meanwhile ends, for nobody has been given the job
            throw;
        }

        job.Look(isAtWork: true);
        return job;
    }

    /// <summary>Runs the shards of a job whose scheduler has no processes of its own; returns at the job's end.</summary>
    /// <param name="path">The job's folder.</param>
    public static void Coordinate(string path) => JobCoordinator.Run(JobFolder.Open(path));

    /// <summary>
    /// What a job that depends on the shards does first: where shards are missing, it has those started again that have tries left.
    /// </summary>
    /// <param name="cancellationToken">Stops the waiting for the scheduler.</param>
    /// <returns>True where all shards are done and the merge is to be made.</returns>
    /// <exception cref="QosValuationException"><c>JobNotSubmitted</c>, <c>JobSchedulerNotFound</c>.</exception>
    public bool PrepareMerge(CancellationToken cancellationToken)
    {
        if (Folder.IsStopRequested)
        {
            return false;
        }

        if (Enumerable.Range(1, Shards).All(Folder.IsCompleted))
        {
            return HasMerge && !Folder.IsCompleted(JobFolder.Merge);
        }

        using FileStream? held = TryHold();
        if (held is not null)
        {
            _scheduler.Retry(Folder, isFresh: false, cancellationToken);
        }

        return false;
    }

    /// <summary>Looks again.</summary>
    /// <param name="cancellationToken">Stops the waiting for the scheduler.</param>
    /// <exception cref="QosValuationException">
    /// <c>JobNotFound</c>, <c>JobSchedulerFailed</c>, <c>JobSchedulerNotFound</c>, <c>JobNotReadable</c>.
    /// </exception>
    public void Refresh(CancellationToken cancellationToken)
    {
        Folder.RequirePresent();

        // Asked first: what ends between the two questions is then seen as done by the second.
        bool isAtWork = !IsWholeAndDone() && _scheduler.IsAtWork(Folder, cancellationToken);
        Look(isAtWork);
    }

    /// <summary>Looks again, and where nobody is at work any more starts again the shards that failed and have tries left.</summary>
    /// <param name="cancellationToken">Stops the waiting for the scheduler.</param>
    /// <returns>True where the job is finished.</returns>
    /// <exception cref="QosValuationException"><c>JobSchedulerFailed</c>, <c>JobNotSubmitted</c>, <c>JobNotReadable</c>.</exception>
    public bool Advance(CancellationToken cancellationToken)
    {
        Refresh(cancellationToken);
        if (State is not JobState.Failed || _scheduler.RetriesByItself)
        {
            return IsFinished;
        }

        // A file system that several machines share may show an end some moments later than the scheduler.
        cancellationToken.WaitHandle.WaitOne(Settling);
        cancellationToken.ThrowIfCancellationRequested();
        Refresh(cancellationToken);
        if (State == JobState.Failed && Retry(cancellationToken) != false)
        {
            Look(isAtWork: true);
        }

        return IsFinished;
    }

    /// <summary>Starts the shards that are not done again, with all their tries, and nothing else.</summary>
    /// <param name="cancellationToken">Stops the waiting for the scheduler.</param>
    /// <returns>False where all is done.</returns>
    /// <exception cref="QosValuationException">
    /// <c>JobNotOwned</c>, <c>JobAtWork</c>, <c>JobNotSubmitted</c>, <c>JobNotReadable</c>, <c>JobSchedulerNotFound</c>.
    /// </exception>
    public bool Resume(CancellationToken cancellationToken)
    {
        Folder.RequirePresent();
        if (!Folder.IsOwn())
        {
            throw new QosValuationException(
                Faults.JobNotOwned, $"The job '{Path}' belongs to another user of this machine, and its script would run as you.", Path);
        }

        // Held while it is looked whether anybody is at work: of two sessions that resume, one does, and the other is told so.
        using FileStream held = Hold(cancellationToken);
        RequireRest(cancellationToken);
        Folder.ForgetDamaged();
        Folder.RequestStop(false);
        bool isStarted = _scheduler.Retry(Folder, isFresh: true, cancellationToken);
        Look(isStarted);
        return isStarted;
    }

    /// <summary>Stops the job. What shards have made stays.</summary>
    /// <param name="cancellationToken">Stops the waiting for the scheduler.</param>
    /// <exception cref="QosValuationException"><c>JobSchedulerFailed</c>.</exception>
    public void Stop(CancellationToken cancellationToken)
    {
        Refresh(cancellationToken);
        if (!IsFinished)
        {
            Folder.RequestStop(true);
            _scheduler.Cancel(Folder, cancellationToken);
            Look(isAtWork: false);
        }
    }

    /// <summary>Deletes the job's folder; where the path is a link to it, the link alone.</summary>
    /// <param name="cancellationToken">Stops the waiting for the scheduler.</param>
    /// <exception cref="QosValuationException"><c>JobAtWork</c>, <c>JobNotFound</c>.</exception>
    public void Remove(CancellationToken cancellationToken)
    {
        RequireRest(cancellationToken);
        if (new DirectoryInfo(Path).LinkTarget is not null)
        {
            Directory.Delete(Path);
            return;
        }

        // The manifest first: half a folder is no job.
        File.Delete(Folder.In("job.json"));
        Directory.Delete(Path, recursive: true);
    }

    /// <summary>The result of the merge or of a shard.</summary>
    /// <param name="element">The shard, from 1; 0 for the merge.</param>
    /// <returns>A CLIXML file; null where there is none yet.</returns>
    /// <exception cref="QosValuationException"><c>JobResultDamaged</c>.</exception>
    public string? ResultOf(int element) => Folder.IsCompleted(element) ? Folder.ResultOf(element) : null;

    /// <summary>Why a shard is not done.</summary>
    /// <param name="shard">The shard, of <see cref="Elements"/>.</param>
    /// <returns>The fault.</returns>
    public QosValuationException FaultOf(QosJobShard shard)
    {
        ArgumentNullException.ThrowIfNull(shard);
        string how = shard.State switch
        {
            JobState.Failed when shard.ExitCode == 0 => "ended with exit code 0 and without a result",
            JobState.Failed => $"failed with exit code {shard.ExitCode}",
            JobState.Pending => "was never begun",
            _ => "did not end",
        };
        string tries = shard.Attempts > 1 ? $" after {shard.Attempts} attempts" : string.Empty;
        string message = shard.Message.Length > 0 ? $": {shard.Message.TrimEnd('.')}" : string.Empty;
        return new QosValuationException(
            Faults.JobShardFailed,
            $"Shard {shard.Shard} of the job {Name} {how}{tries}{(shard.HostName.Length > 0 ? " on " + shard.HostName : string.Empty)}{message}. "
                + $"Its logs lie in '{shard.LogPath}'.",
            shard.LogPath);
    }

    /// <summary>Whether the job's folder is this user's. What lies in somebody else's is read, and never run.</summary>
    /// <returns>True also on Windows, which is not asked.</returns>
    public bool IsOwn() => Folder.IsOwn();

    /// <inheritdoc/>
    public override string ToString() => $"{Name} ({State})";

    /// <summary>Refuses a job at work. What ran a job that is done ends a moment later, and is waited for.</summary>
    private void RequireRest(CancellationToken cancellationToken)
    {
        Folder.RequirePresent();
        long start = Stopwatch.GetTimestamp();
        while (_scheduler.IsAtWork(Folder, cancellationToken))
        {
            if (!IsWholeAndDone() || Stopwatch.GetElapsedTime(start) > LongestEnd)
            {
                throw new QosValuationException(Faults.JobAtWork, $"The job '{Path}' is at work.", Path);
            }

            cancellationToken.WaitHandle.WaitOne(50);
            cancellationToken.ThrowIfCancellationRequested();
        }
    }

    // True where shards were started, false where none has tries left; null where another session is about to start them, or has: of two sessions that
    // wait for the same job one does, and the other goes on waiting.
    private bool? Retry(CancellationToken cancellationToken)
    {
        if (!Folder.IsOwn())
        {
            return false;
        }

        using FileStream? held = TryHold();
        return held is null || _scheduler.IsAtWork(Folder, cancellationToken) ? null : _scheduler.Retry(Folder, isFresh: false, cancellationToken);
    }

    private FileStream Hold(CancellationToken cancellationToken)
    {
        long start = Stopwatch.GetTimestamp();
        while (true)
        {
            if (TryHold() is FileStream held)
            {
                return held;
            }

            if (Stopwatch.GetElapsedTime(start) > LongestStart)
            {
                throw new QosValuationException(Faults.JobAtWork, $"Another session starts shards of the job '{Path}' again.", Path);
            }

            cancellationToken.WaitHandle.WaitOne(50);
            cancellationToken.ThrowIfCancellationRequested();
        }
    }

    private FileStream? TryHold()
    {
        try
        {
            return new FileStream(Folder.In("retry.lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, 1);
        }
        catch (IOException)
        {
            return null;
        }
    }

    private bool IsWholeAndDone() => Folder.Elements.All(Folder.IsCompleted);

    private void Look(bool isAtWork)
    {
        ElementStatus?[] shards = [.. Enumerable.Range(1, Shards).Select(Folder.StatusOf)];
        ElementStatus? merge = HasMerge ? Folder.StatusOf(JobFolder.Merge) : null;
        Completed = shards.Count(status => status is { State: JobState.Completed });
        int failed = shards.Count(status => status is { State: JobState.Failed });
        Running = isAtWork ? shards.Count(status => status is { State: JobState.Running }) : 0;
        SchedulerId = _scheduler.IdsOf(Folder).ToArray();
        bool isDone = Completed == Shards && (!HasMerge || merge is { State: JobState.Completed });
        State = isDone ? JobState.Completed
            : Folder.IsStopRequested && !isAtWork ? JobState.Stopped
            : isAtWork ? Completed + failed + Running == 0 ? JobState.Pending : JobState.Running
            : !_scheduler.RetriesByItself || (Completed + failed == Shards && (failed > 0 || merge is { State: JobState.Failed })) ? JobState.Failed
            : JobState.Interrupted;

        // What a scheduler gave up without a word has failed as well.
        Failed = State == JobState.Failed ? Shards - Completed : failed;
        Ended = IsFinished ? shards.Append(merge).Max(status => status?.Ended) : null;
    }

    private QosJobShard Describe(int element)
    {
        ElementStatus? status = Folder.StatusOf(element);
        JobState state = status?.State ?? JobState.Pending;
        return new QosJobShard
        {
            Shard = Folder.NameOf(element),
            State = state == JobState.Running && IsFinished ? JobState.Interrupted : state,
            Attempts = status?.Attempt ?? 0,
            ExitCode = status?.ExitCode,
            HostName = status?.HostName ?? string.Empty,
            Started = status?.Started,
            Ended = status?.Ended,
            Message = status is null or { Message: "" } && state != JobState.Completed && IsFinished
                ? Folder.EndOfErrors(element)
                : status?.Message ?? string.Empty,
            Objects = status?.Objects,
            Errors = status?.Errors ?? 0,
            LogPath = Folder.ElementPath(element),
        };
    }
}
