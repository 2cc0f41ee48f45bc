using System.Globalization;
using System.Reflection;
using QosValuation.Foundation.IO;
using QosValuation.Jobs.Folders;
using QosValuation.Jobs.Processes;

namespace QosValuation.Jobs.Schedulers;

/// <summary>
/// Runs elements as a Slurm job array; a second job, which depends on the array, tries again what failed (a new array of these, and a new dependent
/// job) and merges. Slurm itself queues elements again whose node is lost. Nothing of this needs the session that submitted.
/// </summary>
internal sealed class SlurmScheduler : IJobScheduler
{
    private const string SubmissionsName = "slurm.json";
    private const string ShardName = "shard.sbatch";
    private const string MergeName = "merge.sbatch";

    private static readonly TimeSpan LongestCancel = TimeSpan.FromMilliseconds(500);

    /// <inheritdoc/>
    public JobScheduler Name => JobScheduler.Slurm;

    /// <inheritdoc/>
    public bool RetriesByItself => false;

    /// <inheritdoc/>
    public void Submit(JobFolder folder, CancellationToken cancellationToken)
    {
        SubmitElements(folder, [.. Enumerable.Range(1, folder.Manifest.Shards)], isFresh: true, cancellationToken);
    }

    /// <inheritdoc/>
    public bool IsAtWork(JobFolder folder, CancellationToken cancellationToken)
    {
        IReadOnlyList<string> ids = IdsOf(folder);
        return ids.Count > 0 && Waiting(ids, cancellationToken);
    }

    /// <inheritdoc/>
    public void Cancel(JobFolder folder, CancellationToken cancellationToken)
    {
        if (IdsOf(folder) is { Count: > 0 } ids && Waiting(ids, cancellationToken))
        {
            (int exit, _, string error) = ProgramRun.Run("scancel", ids, null, cancellationToken);
            if (exit != 0)
            {
                throw new QosValuationException(Faults.JobSchedulerFailed, $"scancel ended with {exit}: {error}", folder.Path);
            }
        }
    }

    /// <inheritdoc/>
    public bool Retry(JobFolder folder, bool isFresh, CancellationToken cancellationToken)
    {
        if (folder.IsStopRequested)
        {
            return false;
        }

        List<Submission> before = Submissions(folder);
        int since = isFresh ? before.Count : before.FindLastIndex(submission => submission.IsFresh);
        int[] missing = [.. Enumerable.Range(1, folder.Manifest.Shards).Where(element => !folder.IsCompleted(element))];
        int[] left = [.. missing.Where(element => Tries(element) <= folder.Manifest.MaximumRetries)];
        if (missing.Length == 0)
        {
            // Only the merge may be missing.
            bool isSpent = before.Skip(since).Count(submission => submission.Elements.Count == 0) > folder.Manifest.MaximumRetries;
            if (!folder.HasMerge || folder.IsCompleted(JobFolder.Merge) || isSpent)
            {
                return false;
            }

            SubmitElements(folder, [], isFresh, cancellationToken);
            return true;
        }

        // Where one shard has no tries left the job fails; the others need not be tried for it, but what they make is worth having.
        if (left.Length == 0)
        {
            return false;
        }

        SubmitElements(folder, left, isFresh, cancellationToken);
        return true;

        int Tries(int element) => before.Skip(since).Count(submission => submission.Elements.Contains(element));
    }

    /// <inheritdoc/>
    public IReadOnlyList<string> IdsOf(JobFolder folder) =>
        [.. Submissions(folder).SelectMany(submission => new[] { submission.ArrayId, submission.MergeId }).OfType<string>()];

    /// <summary>The shards as Slurm takes them: 1-3,7.</summary>
    /// <param name="elements">The shards, in order.</param>
    /// <returns>The ranges.</returns>
    internal static string Ranges(IReadOnlyList<int> elements)
    {
        var ranges = new List<string>();
        for (int i = 0; i < elements.Count; i++)
        {
            int first = elements[i];
            while (i + 1 < elements.Count && elements[i + 1] == elements[i] + 1)
            {
                i++;
            }

            ranges.Add(first == elements[i] ? Text(first) : $"{Text(first)}-{Text(elements[i])}");
        }

        return string.Join(',', ranges);
    }

    private static void SubmitElements(JobFolder folder, int[] elements, bool isFresh, CancellationToken cancellationToken)
    {
        JobManifest manifest = folder.Manifest;
        folder.CheckWorker();

        // Anew each time: what is submitted is this module's, whatever lies in the folder.
        foreach (string name in new[] { ShardName, MergeName })
        {
            using Stream own = Assembly.GetExecutingAssembly().GetManifestResourceStream("QosValuation.Jobs." + name)!;
            AtomicFile.Write(folder.In(name), own.CopyTo);
        }

        SlurmOptions slurm = manifest.Slurm ?? new SlurmOptions();
        var environment = new Dictionary<string, string>
        {
            ["QOSVALUATION_PWSH"] = manifest.Program[^1],
            ["QOSVALUATION_SHARD_COUNT"] = Text(manifest.Shards),
            ["QOSVALUATION_LOG_FOLDER"] = folder.In("elements"),
        };

        // Scripts redirect their own output, because Slurm reads % and \ in the names of log files as patterns.
        List<string> options = ["--parsable", "--requeue", "--export=ALL", "--output=/dev/null", "--error=/dev/null"];
        Add("--partition", slurm.Partition);
        Add("--time", slurm.Time is { } time ? string.Create(CultureInfo.InvariantCulture, $"{(int)time.TotalDays}-{time:hh\\:mm\\:ss}") : null);
        Add("--mem", slurm.Memory);
        Add("--cpus-per-task", manifest.CpusPerShard > 0 ? Text(manifest.CpusPerShard) : null);
        options.AddRange(slurm.Arguments);

        string? array = null;
        if (elements.Length > 0)
        {
            string throttle = manifest.ThrottleLimit > 0 ? "%" + Text(manifest.ThrottleLimit) : string.Empty;
            array = Batch(ShardName, $"--job-name={manifest.Name}", $"--array={Ranges(elements)}{throttle}");
        }

        string merge;
        try
        {
            // After any end: the dependent job tries again what failed.
            string[] dependency = array is null ? [] : [$"--dependency=afterany:{array}"];
            merge = Batch(MergeName, [$"--job-name={manifest.Name}-merge", .. dependency]);
        }
        catch (Exception exception) when (array is not null && exception is QosValuationException or OperationCanceledException)
        {
            // Ctrl+C waits for a controller no longer than a moment. What stays in the queue sees the job's stop, and does nothing.
            using var moment = new CancellationTokenSource(exception is OperationCanceledException ? LongestCancel : Timeout.InfiniteTimeSpan);
            try
            {
                ProgramRun.Run("scancel", [array!], null, moment.Token);
            }
            catch (OperationCanceledException)
            {
            }

            throw;
        }

        folder.WriteJson(SubmissionsName, Submissions(folder).Append(new Submission(array, merge, elements, isFresh)).ToList());

        string Batch(string script, params IEnumerable<string> own)
        {
            string[] work = [folder.In(JobFolder.WorkerName), "-JobPath", folder.Path, .. script == MergeName ? ["-Merge"] : Array.Empty<string>()];
            string[] all = [.. options, .. own, folder.In(script), .. work];
            (int exit, string output, string error) = ProgramRun.Run("sbatch", all, environment, cancellationToken);

            // The id, and on some clusters ";" and the cluster's name.
            string id = output.Split(';')[0];
            return exit == 0 && IsId(id)
                ? id
                : throw new QosValuationException(Faults.JobNotSubmitted, $"sbatch ended with {exit}: {error} {output}".TrimEnd(), folder.Path);
        }

        void Add(string option, string? value)
        {
            if (value is not null)
            {
                options.Add($"{option}={value}");
            }
        }
    }

    private static bool Waiting(IReadOnlyList<string> ids, CancellationToken cancellationToken)
    {
        (int exit, string output, string error) = ProgramRun.Run(
            "squeue", ["--noheader", "--jobs=" + string.Join(',', ids), "--format=%T"], null, cancellationToken);
        if (exit == 0)
        {
            return output.Length > 0;
        }

        // Slurm forgets jobs some minutes after their end.
        return error.Contains("Invalid job id", StringComparison.Ordinal)
            ? false
            : throw new QosValuationException(Faults.JobSchedulerFailed, $"squeue ended with {exit}: {error}", ids[0]);
    }

    // Ids go to programs of Slurm's as arguments, so that they may be nothing but numbers.
    private static List<Submission> Submissions(JobFolder folder)
    {
        List<Submission?> submissions = JobFolder.ReadJson<List<Submission?>>(folder.In(SubmissionsName), mayBeAbsent: true) ?? [];
        return submissions.TrueForAll(one => one is not null && IsId(one.MergeId) && (one.ArrayId is null || IsId(one.ArrayId)))
            ? [.. submissions.OfType<Submission>()]
            : throw new QosValuationException(
                Faults.JobNotReadable, $"'{folder.In(SubmissionsName)}' is damaged: it does not hold what was given to Slurm.", folder.In(SubmissionsName));
    }

    private static bool IsId(string text) => text.Length is > 0 and <= 20 && text.All(char.IsAsciiDigit);

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    /// <summary>What was given to Slurm at one time.</summary>
    /// <param name="ArrayId">The array's id; null where only the merge was submitted.</param>
    /// <param name="MergeId">The id of the job that depends on it.</param>
    /// <param name="Elements">The shards.</param>
    /// <param name="IsFresh">Whether tries count from here.</param>
    internal sealed record Submission(string? ArrayId, string MergeId, IReadOnlyList<int> Elements, bool IsFresh);
}
