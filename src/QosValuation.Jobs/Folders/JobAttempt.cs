using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using QosValuation.Foundation.IO;

namespace QosValuation.Jobs.Folders;

/// <summary>
/// One attempt at an element of a job, by the process that works on it. Each attempt writes a result file of its own; the status that names it is
/// replaced at the end, in one step. So two attempts that overlap, as when a node comes back from the dead, harm nothing.
/// </summary>
public sealed class JobAttempt : IDisposable
{
    internal const string EndedEarly = "PowerShell ended before the script did";

    // The exit code of a process that a signal ended is the signal's number and this, as shells and .NET have it.
    internal const int SignalBase = 128;

    private const int TerminationSignal = 15;

    private readonly JobFolder _folder;
    private readonly int _element;
    private readonly ElementStatus _status;
    private readonly string _name;
    private readonly PosixSignalRegistration _termination;

    private JobAttempt(JobFolder folder, int element, ElementStatus status)
    {
        _folder = folder;
        _element = element;
        _status = status;
        _name = "result-" + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(4)) + ".clixml";

        // A script can end its process, and a scheduler asks one to end whose time is over. What kills it outright leaves the attempt as running.
        AppDomain.CurrentDomain.ProcessExit += OnProcessExit;
        _termination = PosixSignalRegistration.Create(
            PosixSignal.SIGTERM, _ => NoteEarlyEnd(SignalBase + TerminationSignal, EndedBySignal(SignalBase + TerminationSignal)));
    }

    /// <summary>Where the result has to be written.</summary>
    public string ResultPath => Path.Combine(_folder.ElementPath(_element), _name);

    /// <summary>Begins an attempt.</summary>
    /// <param name="folder">The job.</param>
    /// <param name="element">The shard, from 1; <see cref="JobFolder.Merge"/> for the merge.</param>
    /// <param name="hostName">The machine that does the work.</param>
    /// <returns>The attempt; null where the element is done already, or the job's stop was requested.</returns>
    /// <exception cref="QosValuationException"><c>JobNotReadable</c>, also where the scripts were changed; <c>JobNotValid</c>.</exception>
    public static JobAttempt? Begin(JobFolder folder, int element, string hostName)
    {
        ArgumentNullException.ThrowIfNull(folder);
        if (element < JobFolder.Merge || element > folder.Manifest.Shards)
        {
            throw new QosValuationException(Faults.JobNotValid, $"There is no shard {element} of {folder.Manifest.Shards}.", element);
        }

        folder.CheckScripts();

        // A scheduler may begin what it had queued when the job was stopped.
        if (folder.IsStopRequested)
        {
            return null;
        }

        ElementStatus? before = folder.StatusOf(element);
        if (before is { State: JobState.Completed })
        {
            return null;
        }

        var status = new ElementStatus { State = JobState.Running, Attempt = (before?.Attempt ?? 0) + 1, HostName = hostName, Started = DateTime.UtcNow };
        folder.SetStatus(element, status);
        return new JobAttempt(folder, element, status);
    }

    /// <summary>Says that the result is written.</summary>
    /// <param name="objects">The number of its objects.</param>
    /// <param name="errors">The number of errors that were written on the way.</param>
    public void Complete(long objects, int errors)
    {
        Dispose();
        using (var stream = new FileStream(ResultPath, FileMode.Open, FileAccess.ReadWrite))
        {
            stream.Flush(flushToDisk: true);
        }

        ElementStatus done = _status with
        {
            State = JobState.Completed,
            ExitCode = 0,
            Ended = DateTime.UtcNow,
            Result = _name,
            ResultHash = JobFolder.HashOfFile(ResultPath),
            Objects = objects,
            Errors = errors,
        };
        if (Other() is { State: JobState.Completed })
        {
            // Another attempt was faster, and somebody may be reading its result.
            AtomicFile.TryDelete(ResultPath);
            return;
        }

        _folder.SetStatus(_element, done);
        foreach (string file in Directory.EnumerateFiles(_folder.ElementPath(_element), "result-*.clixml").Where(file => Path.GetFileName(file) != _name))
        {
            AtomicFile.TryDelete(file);
        }
    }

    /// <summary>Says that the attempt failed.</summary>
    /// <param name="exitCode">The exit code.</param>
    /// <param name="message">What went wrong.</param>
    /// <param name="errors">The number of errors that were written on the way.</param>
    public void Fail(int exitCode, string message, int errors)
    {
        Dispose();
        AtomicFile.TryDelete(ResultPath);
        if (Other() is not { State: JobState.Completed })
        {
            _folder.SetStatus(_element, _status with
            {
                State = JobState.Failed, ExitCode = exitCode, Ended = DateTime.UtcNow, Message = message, Errors = errors,
            });
        }
    }

    /// <summary>What is said of a process that a signal ended.</summary>
    /// <param name="exitCode">Its exit code, above <see cref="SignalBase"/>.</param>
    /// <returns>A sentence.</returns>
    internal static string EndedBySignal(int exitCode) => $"It was ended by signal {Text(exitCode - SignalBase)}.";

    private void OnProcessExit(object? sender, EventArgs arguments) =>
        NoteEarlyEnd(Environment.ExitCode, $"{EndedEarly}, with exit code {Text(Environment.ExitCode)}.");

    private void NoteEarlyEnd(int exitCode, string message)
    {
        try
        {
            if (_folder.IsThere && Other() is not { State: JobState.Completed })
            {
                bool isStopped = _folder.IsStopRequested;
                _folder.SetStatus(_element, _status with
                {
                    State = isStopped ? JobState.Stopped : JobState.Failed,
                    ExitCode = exitCode,
                    Ended = DateTime.UtcNow,
                    Message = isStopped ? "The job was stopped." : message,
                });
            }
        }
        catch (Exception exception) when (exception is QosValuationException or IOException or UnauthorizedAccessException)
        {
            // The process ends. Whoever started it sees that the element is not done.
        }
    }

    /// <summary>Listens to the end of the process no longer; for an attempt that is given up without a word.</summary>
    public void Dispose()
    {
        AppDomain.CurrentDomain.ProcessExit -= OnProcessExit;
        _termination.Dispose();
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    private ElementStatus? Other() => _folder.StatusOf(_element);

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{_folder.NameOf(_element)}, attempt {_status.Attempt}");
}
