using System.Diagnostics;
using QosValuation.Foundation.IO;
using QosValuation.Jobs.Folders;
using QosValuation.Jobs.Processes;

namespace QosValuation.Jobs.Schedulers;

/// <summary>
/// A scheduler whose elements are dispatched by a process of our own, the job's coordinator (<see cref="JobCoordinator"/>). It is detached from the
/// session that submitted, and while it lives it holds the lock of a file in the job's folder.
/// </summary>
internal abstract class CoordinatedScheduler : IJobScheduler
{
    internal const string LockName = "coordinator.lock";
    internal const string ReadyName = "coordinator.ready";
    internal const string LogName = "coordinator.log";

    private static readonly TimeSpan StartTime = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan StopTime = TimeSpan.FromSeconds(30);

    /// <inheritdoc/>
    public abstract JobScheduler Name { get; }

    /// <inheritdoc/>
    public bool RetriesByItself => true;

    /// <summary>Where the job's elements can run.</summary>
    /// <param name="folder">The job.</param>
    /// <returns>At least one place.</returns>
    public abstract IReadOnlyList<WorkPlace> Places(JobFolder folder);

    /// <inheritdoc/>
    public void Submit(JobFolder folder, CancellationToken cancellationToken)
    {
        folder.CheckWorker();
        File.Delete(folder.In(ReadyName));
        string[] program =
        [
            .. folder.Manifest.Program, "-NoProfile", "-NonInteractive", "-File", folder.In(JobFolder.WorkerName), "-JobPath", folder.Path, "-Coordinate",
        ];
        using Process? process = DetachedProgram.Start(program, folder.In(LogName));
        long start = Stopwatch.GetTimestamp();
        while (!File.Exists(folder.In(ReadyName)))
        {
            bool hasEnded = process is null || process.HasExited;
            if ((hasEnded && !File.Exists(folder.In(ReadyName))) || Stopwatch.GetElapsedTime(start) > StartTime)
            {
                string said = File.Exists(folder.In(LogName)) ? RegularFile.ReadAllText(folder.In(LogName)).Trim() : string.Empty;
                throw new QosValuationException(
                    Faults.JobNotSubmitted, $"The process that runs the shards did not start. {said}".TrimEnd(), folder.Path);
            }

            cancellationToken.WaitHandle.WaitOne(50);
            cancellationToken.ThrowIfCancellationRequested();
        }
    }

    /// <inheritdoc/>
    public bool IsAtWork(JobFolder folder, CancellationToken cancellationToken)
    {
        string file = folder.In(LockName);
        if (!File.Exists(file))
        {
            return false;
        }

        // A disk that may only be read lets nobody open the file for writing, which says nothing of who holds it.
        try
        {
            return IsHeld(file, FileAccess.ReadWrite);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return IsHeld(file, FileAccess.Read);
        }
    }

    /// <inheritdoc/>
    public void Cancel(JobFolder folder, CancellationToken cancellationToken)
    {
        long start = Stopwatch.GetTimestamp();
        while (IsAtWork(folder, cancellationToken))
        {
            if (Stopwatch.GetElapsedTime(start) > StopTime)
            {
                throw new QosValuationException(Faults.JobSchedulerFailed, $"The process that runs the job '{folder.Path}' does not stop.", folder.Path);
            }

            cancellationToken.WaitHandle.WaitOne(100);
            cancellationToken.ThrowIfCancellationRequested();
        }
    }

    /// <inheritdoc/>
    public bool Retry(JobFolder folder, bool isFresh, CancellationToken cancellationToken)
    {
        // The coordinator tries again by itself while it lives.
        if (!isFresh || folder.Elements.All(folder.IsCompleted))
        {
            return false;
        }

        Submit(folder, cancellationToken);
        return true;
    }

    /// <inheritdoc/>
    public IReadOnlyList<string> IdsOf(JobFolder folder) => [];

    /// <summary>Takes the coordinator's lock. The operating system releases it when the process ends, however it ends.</summary>
    /// <param name="folder">The job.</param>
    /// <returns>The lock; null where somebody holds it.</returns>
    /// <exception cref="IOException">The file cannot be opened for another reason, such as a full disk.</exception>
    internal static FileStream? TryLock(JobFolder folder)
    {
        try
        {
            return new FileStream(folder.In(LockName), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, 1);
        }
        catch (IOException exception) when (IsSharing(exception))
        {
            return null;
        }
    }

    // Makes no file: a link in a folder that somebody else made may lead anywhere.
    private static bool IsHeld(string file, FileAccess access)
    {
        try
        {
            using var free = new FileStream(file, FileMode.Open, access, FileShare.None, 1);
            return false;
        }
        catch (FileNotFoundException)
        {
            return false;
        }
        catch (IOException exception) when (IsSharing(exception))
        {
            return true;
        }
    }

    // Windows: ERROR_SHARING_VIOLATION, ERROR_LOCK_VIOLATION. Unix, where HResult is errno: EWOULDBLOCK (Linux, macOS).
    private static bool IsSharing(IOException exception) => OperatingSystem.IsWindows()
        ? exception.HResult is unchecked((int)0x80070020) or unchecked((int)0x80070021)
        : exception.HResult is 11 or 35;
}
