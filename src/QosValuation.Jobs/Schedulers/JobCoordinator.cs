using System.Diagnostics;
using System.Globalization;
using QosValuation.Foundation.IO;
using QosValuation.Jobs.Folders;
using QosValuation.Jobs.Processes;

namespace QosValuation.Jobs.Schedulers;

/// <summary>
/// Hands the elements of a job to the places that are free, tries again what failed, and merges at the end. It runs in a process of its own and
/// writes what it does to coordinator.log. Where it is killed, its elements end too, and Resume-QosJob goes on with what is not done.
/// </summary>
internal sealed class JobCoordinator
{
    // Exit codes of worker.ps1 that are not the script's.
    internal const int ModuleFailed = 120;
    internal const int HostLost = 121;

    private const int MostLosses = 3;

    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(5);

    // A shared disk may be out of sight for an instant.
    private static readonly TimeSpan LongestAbsence = TimeSpan.FromSeconds(5);

    private readonly JobFolder _folder;
    private readonly List<Place> _places;
    private readonly List<ElementProcess> _running = [];
    private readonly LinkedList<int> _waiting;
    private readonly Dictionary<int, int> _failures = [];
    private readonly Dictionary<int, string> _lastHosts = [];
    private long _absentSince;

    private JobCoordinator(JobFolder folder)
    {
        _folder = folder;
        var scheduler = (CoordinatedScheduler)JobSchedulers.Get(folder.Manifest.Scheduler);
        _places = [.. scheduler.Places(folder).Select(place => new Place(place))];
        _waiting = new LinkedList<int>(Enumerable.Range(1, folder.Manifest.Shards).Where(element => !folder.IsCompleted(element)));
    }

    /// <summary>Runs a job to its end.</summary>
    /// <param name="folder">The job.</param>
    public static void Run(JobFolder folder)
    {
        FileStream? held = null;
        for (int tries = 0; held is null; tries++)
        {
            // Somebody who only looks whether there is a coordinator holds the lock for an instant.
            held = CoordinatedScheduler.TryLock(folder);
            if (held is null && tries == 100)
            {
                throw new QosValuationException(Faults.JobAtWork, $"Another process runs the job '{folder.Path}'.", folder.Path);
            }

            Thread.Sleep(held is null ? 20 : 0);
        }

        using (held)
        {
            folder.WriteText(CoordinatedScheduler.ReadyName, Environment.ProcessId.ToString(CultureInfo.InvariantCulture));
            var coordinator = new JobCoordinator(folder);
            coordinator.Work();
        }
    }

    private void Work()
    {
        Log($"Process {Environment.ProcessId} on {Environment.MachineName} runs {_waiting.Count} of {_folder.Manifest.Shards} shards.");
        try
        {
            Drain();
            if (_folder.HasMerge && _folder.IsThere && !_folder.IsStopRequested && Enumerable.Range(1, _folder.Manifest.Shards).All(_folder.IsCompleted))
            {
                // Results have come home, so the merge is done here.
                _places.Clear();
                _places.Add(new Place(new WorkPlace(null, 1, 0)));
                _waiting.AddLast(JobFolder.Merge);
                Drain();
            }
        }
        finally
        {
            foreach (ElementProcess process in _running)
            {
                process.Kill();
                Log($"{_folder.NameOf(process.Element)} was stopped.");
                if (_folder.StatusOf(process.Element) is { State: JobState.Running } status)
                {
                    Note(process.Element, status with { State = JobState.Stopped, Ended = DateTime.UtcNow, Message = "The job was stopped." });
                }

                process.Dispose();
            }
        }

        Log("The end.");
    }

    private void Drain()
    {
        while ((_waiting.Count > 0 || _running.Count > 0) && !_folder.IsStopRequested && !IsGone())
        {
            foreach (ElementProcess process in _running.Where(process => process.HasEnded).ToArray())
            {
                _running.Remove(process);
                Ended(process);
                process.Dispose();
            }

            if (_places.All(place => place.IsLost) && _running.Count == 0)
            {
                foreach (int element in _waiting)
                {
                    Fail(element, HostLost, "No host is left that can run it. " + _folder.EndOfErrors(element));
                }

                _waiting.Clear();
                return;
            }

            foreach (Place place in _places)
            {
                Fill(place);
            }

            Thread.Sleep(50);
        }
    }

    private void Fill(Place place)
    {
        while (_waiting.Count > 0 && place.IsOpen && _running.Count(process => process.HostName == place.Work.HostName) < place.Work.Limit)
        {
            // Where an element failed once, another host may do better.
            LinkedListNode<int> node = _waiting.First!;
            for (LinkedListNode<int>? other = node; other is not null; other = other.Next)
            {
                if (!_lastHosts.TryGetValue(other.Value, out string? last) || last != place.Work.HostName)
                {
                    node = other;
                    break;
                }
            }

            _waiting.Remove(node);
            ElementProcess process = ElementProcess.Start(_folder, node.Value, place.Work.HostName, place.Work.Processors);
            _running.Add(process);
            Log($"{_folder.NameOf(node.Value)} began on {place.Work.HostName ?? Environment.MachineName}, process {process.Id}.");
        }
    }

    private void Ended(ElementProcess process)
    {
        int exitCode = process.End();
        string name = _folder.NameOf(process.Element);
        string host = process.HostName ?? Environment.MachineName;
        if (_folder.IsCompleted(process.Element))
        {
            Log($"{name} is done.");
            _places.Find(place => place.Work.HostName == process.HostName)?.Answered();
            return;
        }

        Log($"{name} ended on {host} with exit code {exitCode}.");
        if (process.HostName is not null)
        {
            _lastHosts[process.Element] = process.HostName;
            Place place = _places.Find(place => place.Work.HostName == process.HostName)!;
            if (exitCode is HostLost or ModuleFailed)
            {
                // Not the element's fault, so it costs it no try.
                place.Lost(isForGood: exitCode == ModuleFailed);
                Log(place.IsLost ? $"{host} is given up." : $"{host} rests for {place.Pause.TotalSeconds} s.");
                _waiting.AddFirst(process.Element);
                return;
            }

            place.Answered();
        }

        int failures = _failures[process.Element] = _failures.GetValueOrDefault(process.Element) + 1;
        Fail(process.Element, exitCode, _folder.EndOfErrors(process.Element));

        // A module that is missing here is missing for every try.
        if (failures <= _folder.Manifest.MaximumRetries && exitCode != ModuleFailed)
        {
            Log($"{name} is tried again.");
            _waiting.AddLast(process.Element);
        }
    }

    /// <summary>Notes a failure that the element could not note itself.</summary>
    private void Fail(int element, int exitCode, string message)
    {
        ElementStatus? status = _folder.StatusOf(element);
        if (status is { State: JobState.Failed })
        {
            return;
        }

        string how = exitCode > JobAttempt.SignalBase && !OperatingSystem.IsWindows() ? JobAttempt.EndedBySignal(exitCode) + " "
            : exitCode == 0 ? JobAttempt.EndedEarly + ". "
            : string.Empty;
        Note(element, (status ?? new ElementStatus { State = JobState.Failed, Attempt = 1 }) with
        {
            State = JobState.Failed, ExitCode = exitCode, Ended = DateTime.UtcNow, Message = (how + message).Trim(),
        });
    }

    // What a full disk does not take is no reason to leave the other elements, and a folder that was deleted is not made again.
    private void Note(int element, ElementStatus status)
    {
        if (!_folder.IsThere)
        {
            return;
        }

        try
        {
            _folder.SetStatus(element, status);
        }
        catch (Exception exception) when (exception is QosValuationException or IOException or UnauthorizedAccessException)
        {
            Log($"{_folder.NameOf(element)}: {exception.Message}");
        }
    }

    /// <summary>Whether somebody deleted or moved the job's folder: nobody would ever see what else is done.</summary>
    private bool IsGone()
    {
        if (_folder.IsThere)
        {
            _absentSince = 0;
            return false;
        }

        _absentSince = _absentSince == 0 ? Stopwatch.GetTimestamp() : _absentSince;
        return Stopwatch.GetElapsedTime(_absentSince) > LongestAbsence;
    }

    private void Log(FormattableString text)
    {
        string time = DateTime.UtcNow.ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture);
        string line = DisplayText.Of(text.ToString(CultureInfo.InvariantCulture));
        try
        {
            File.AppendAllText(_folder.In(CoordinatedScheduler.LogName), $"{time} {line}\n");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // The work is worth more than its log.
        }
    }

    private void Log(string text) => Log((FormattableString)$"{text}");

    private sealed class Place(WorkPlace work)
    {
        private int _losses;
        private long _since;

        public WorkPlace Work { get; } = work;

        public bool IsLost => _losses >= MostLosses;

        public TimeSpan Pause => FirstPause * (1 << Math.Max(0, _losses - 1));

        public bool IsOpen => !IsLost && (_losses == 0 || Stopwatch.GetElapsedTime(_since) > Pause);

        public void Answered() => _losses = 0;

        public void Lost(bool isForGood)
        {
            _losses = isForGood ? MostLosses : _losses + 1;
            _since = Stopwatch.GetTimestamp();
        }
    }
}
