using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;
using QosValuation.Foundation.IO;
using QosValuation.Jobs.Processes;

namespace QosValuation.Jobs.Folders;

/// <summary>
/// The folder in which a job's whole state lies, so that any session that sees the folder can go on with the job:
/// job.json, the scripts, the arguments, and elements/00001 … with the logs, the status and the result of each shard; elements/00000 is the merge.
/// </summary>
public sealed class JobFolder
{
    /// <summary>The element that merges.</summary>
    public const int Merge = 0;

    internal const string WorkerName = "worker.ps1";
    internal const string ScriptName = "script.ps1";
    internal const string MergeName = "merge.ps1";
    internal const string ArgumentName = "arguments.clixml";

    private const string ManifestName = "job.json";
    private const string StatusName = "status.json";
    private const int MostBytes = 1 << 22;
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    private static readonly JsonSerializerOptions Options = new()
    {
        WriteIndented = true,
        RespectNullableAnnotations = true,
        Converters = { new JsonStringEnumConverter(namingPolicy: null, allowIntegerValues: false) },
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    };

    // Statuses that cannot change any more.
    private readonly Dictionary<int, ElementStatus> _completed = [];

    private JobFolder(string path, JobManifest manifest)
    {
        Path = path;
        Manifest = manifest;
    }

    /// <summary>The folder's full path.</summary>
    public string Path { get; }

    /// <summary>What the job is.</summary>
    public JobManifest Manifest { get; }

    /// <summary>Whether the job merges by a script of its own.</summary>
    public bool HasMerge => Manifest.MergeHash is not null;

    internal bool IsStopRequested => File.Exists(In("stop"));

    /// <summary>The shards, and the merge where there is one, in the order in which they can run.</summary>
    internal IEnumerable<int> Elements => HasMerge ? [.. Enumerable.Range(1, Manifest.Shards), Merge] : Enumerable.Range(1, Manifest.Shards);

    /// <summary>Makes a job's folder, which only its owner can read.</summary>
    /// <param name="path">The folder; it must not hold anything.</param>
    /// <param name="manifest">What the job is; the hashes are filled in here.</param>
    /// <param name="worker">The script that runs an element.</param>
    /// <param name="script">The job's script.</param>
    /// <param name="arguments">Its arguments, as CLIXML.</param>
    /// <param name="merge">The script that merges; null for none.</param>
    /// <returns>The folder.</returns>
    /// <exception cref="QosValuationException">
    /// <c>JobNotValid</c>, <c>JobFolderNotEmpty</c>, <c>DiskFull</c> or <c>FileNotWritable</c>; no folder is left then.
    /// </exception>
    public static JobFolder Create(string path, JobManifest manifest, string worker, string script, string arguments, string? merge)
    {
        ArgumentNullException.ThrowIfNull(manifest);
        manifest = manifest with
        {
            WorkerHash = Hash(worker), ScriptHash = Hash(script), ArgumentHash = Hash(arguments), MergeHash = merge is null ? null : Hash(merge),
        };
        manifest.Check();
        string full = FullPath(path);
        if (File.Exists(full) || (Directory.Exists(full) && Directory.EnumerateFileSystemEntries(full).Any()))
        {
            throw new QosValuationException(Faults.JobFolderNotEmpty, $"'{full}' holds something already; a job needs a folder of its own.", full);
        }

        try
        {
            return Fill(new JobFolder(full, manifest), worker, script, arguments, merge);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // Nothing else lay in it.
            TryDelete(full);
            throw DiskFaults.Explain(exception, full, "No job was submitted.");
        }
    }

    /// <summary>Opens a job's folder.</summary>
    /// <param name="path">The folder.</param>
    /// <returns>The folder.</returns>
    /// <exception cref="QosValuationException"><c>JobNotFound</c>, or <c>JobNotReadable</c>.</exception>
    public static JobFolder Open(string path)
    {
        string full = FullPath(path);
        string file = System.IO.Path.Combine(full, ManifestName);
        if (!File.Exists(file))
        {
            throw new QosValuationException(Faults.JobNotFound, $"'{full}' is not the folder of a job: it has no {ManifestName}.", full);
        }

        JobManifest manifest = ReadJson<JobManifest>(file)!;
        if (manifest.Version != JobManifest.CurrentVersion)
        {
            throw new QosValuationException(
                Faults.JobNotReadable, $"'{file}' has layout {manifest.Version}, and this version of the module reads {JobManifest.CurrentVersion}.", file);
        }

        try
        {
            manifest.Check();
        }
        catch (QosValuationException fault)
        {
            throw new QosValuationException(Faults.JobNotReadable, $"'{file}' is damaged: {fault.Message}", file, fault);
        }

        return new JobFolder(full, manifest);
    }

    /// <summary>The folder of an element: its logs, its status and its result.</summary>
    /// <param name="element">The shard, from 1; <see cref="Merge"/> for the merge.</param>
    /// <returns>The folder's path.</returns>
    public string ElementPath(int element) => In("elements", element.ToString("D5", CultureInfo.InvariantCulture));

    /// <summary>How an element is called: i/n, or merge.</summary>
    /// <param name="element">The element.</param>
    /// <returns>The name.</returns>
    public string NameOf(int element) =>
        element == Merge ? "merge" : string.Create(CultureInfo.InvariantCulture, $"{element}/{Manifest.Shards}");

    /// <summary>How far an element is.</summary>
    /// <param name="element">The element.</param>
    /// <returns>Its status; null where it was never begun.</returns>
    /// <exception cref="QosValuationException"><c>JobNotReadable</c>.</exception>
    public ElementStatus? StatusOf(int element)
    {
        if (_completed.TryGetValue(element, out ElementStatus? known))
        {
            return known;
        }

        ElementStatus? status = ReadJson<ElementStatus>(System.IO.Path.Combine(ElementPath(element), StatusName), mayBeAbsent: true);
        if (status is { State: JobState.Completed })
        {
            _completed[element] = status;
        }

        return status;
    }

    /// <summary>Whether an element is done.</summary>
    /// <param name="element">The element.</param>
    /// <returns>True where its result is there.</returns>
    public bool IsCompleted(int element) => StatusOf(element) is { State: JobState.Completed };

    /// <summary>The result of an element that is done, after its hash was checked.</summary>
    /// <param name="element">The element.</param>
    /// <returns>A CLIXML file.</returns>
    /// <exception cref="QosValuationException"><c>JobResultDamaged</c>.</exception>
    public string ResultOf(int element)
    {
        ElementStatus status = StatusOf(element) is { State: JobState.Completed } found
            ? found
            : throw new InvalidOperationException($"Element {element} is not done.");

        // A name alone: a manifest that somebody changed cannot lead elsewhere.
        string file = System.IO.Path.Combine(ElementPath(element), System.IO.Path.GetFileName(status.Result ?? string.Empty));
        if (!RegularFile.Exists(file) || !HashOfFile(file).Equals(status.ResultHash, StringComparison.Ordinal))
        {
            throw new QosValuationException(
                Faults.JobResultDamaged, $"The result of shard {NameOf(element)}, '{file}', is not what the shard wrote.", file);
        }

        return file;
    }

    /// <summary>Checks that the scripts and the arguments are those that were submitted.</summary>
    /// <exception cref="QosValuationException"><c>JobNotReadable</c>.</exception>
    public void CheckScripts()
    {
        (string Name, string? Hash)[] files =
        [
            (WorkerName, Manifest.WorkerHash), (ScriptName, Manifest.ScriptHash), (ArgumentName, Manifest.ArgumentHash), (MergeName, Manifest.MergeHash),
        ];
        foreach ((string name, string? hash) in files)
        {
            Check(name, hash);
        }
    }

    /// <summary>Checks that the script that runs the elements is the one that was submitted; it checks the others.</summary>
    /// <exception cref="QosValuationException"><c>JobNotReadable</c>.</exception>
    internal void CheckWorker() => Check(WorkerName, Manifest.WorkerHash);

    private void Check(string name, string? hash)
    {
        if (hash is not null && !HashOfFile(In(name)).Equals(hash, StringComparison.Ordinal))
        {
            throw new QosValuationException(Faults.JobNotReadable, $"'{In(name)}' was changed after the job was submitted.", In(name));
        }
    }

    internal string In(params ReadOnlySpan<string> parts) => System.IO.Path.Combine([Path, .. parts]);

    /// <summary>Refuses a job whose folder was deleted or moved after it was opened.</summary>
    /// <exception cref="QosValuationException"><c>JobNotFound</c>.</exception>
    internal void RequirePresent()
    {
        if (!File.Exists(In(ManifestName)))
        {
            throw new QosValuationException(Faults.JobNotFound, $"The folder '{Path}' of the job {Manifest.Name} is not there any more.", Path);
        }
    }

    internal void SetStatus(int element, ElementStatus status)
    {
        _completed.Remove(element);
        WriteJson(System.IO.Path.Combine("elements", element.ToString("D5", CultureInfo.InvariantCulture), StatusName), status);
    }

    /// <summary>Takes back that elements are done whose results are gone or damaged; the others stay as they are.</summary>
    internal void ForgetDamaged()
    {
        foreach (int element in Elements.Where(IsCompleted).ToArray())
        {
            try
            {
                ResultOf(element);
            }
            catch (QosValuationException)
            {
                SetStatus(element, StatusOf(element)! with { State = JobState.Pending, Result = null, ResultHash = null, Objects = null });
            }
        }
    }

    /// <summary>Asks the operating system whether the folder is this user's, before anything of it is run.</summary>
    /// <returns>True also on Windows, which is not asked.</returns>
    internal bool IsOwn() => OperatingSystem.IsWindows() || ProgramRun.Run("/bin/sh", ["-c", "test -O \"$1\"", "sh", Path]).ExitCode == 0;

    /// <summary>Whether the folder still holds the job.</summary>
    internal bool IsThere => File.Exists(In(ManifestName));

    internal void RequestStop(bool isRequested)
    {
        if (isRequested)
        {
            WriteText("stop", string.Empty);
        }
        else
        {
            File.Delete(In("stop"));
        }
    }

    internal void WriteText(string name, string text) => AtomicFile.Write(In(name), stream => stream.Write(System.Text.Encoding.UTF8.GetBytes(text)));

    internal void WriteJson<T>(string name, T value) => AtomicFile.Write(In(name), stream => JsonSerializer.Serialize(stream, value, Options));

    internal static T? ReadJson<T>(string file, bool mayBeAbsent = false)
        where T : class
    {
        try
        {
            return JsonSerializer.Deserialize<T>(RegularFile.ReadAllBytes(file, MostBytes), Options) ?? throw new JsonException("it holds null.");
        }
        catch (Exception exception) when (mayBeAbsent && exception is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        catch (JsonException exception)
        {
            // The text of the exception speaks of types of ours.
            string place = exception.Path is { Length: > 1 } property ? $", at {property}" : string.Empty;
            throw new QosValuationException(
                Faults.JobNotReadable,
                string.Create(
                    CultureInfo.InvariantCulture, $"'{file}' is damaged: its JSON is not what a job writes (line {exception.LineNumber + 1 ?? 1}{place})."),
                file,
                exception);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new QosValuationException(Faults.JobNotReadable, $"'{file}' cannot be read: {exception.Message}", file, exception);
        }
    }

    /// <summary>The last lines of an element's errors, for a message; empty where it wrote none.</summary>
    /// <param name="element">The element.</param>
    /// <returns>At most 500 characters.</returns>
    internal string EndOfErrors(int element)
    {
        const int Most = 500;
        try
        {
            using FileStream stream = RegularFile.OpenRead(System.IO.Path.Combine(ElementPath(element), "stderr.log"), FileShare.ReadWrite | FileShare.Delete);
            stream.Seek(-Math.Min(stream.Length, Most), SeekOrigin.End);
            using var reader = new StreamReader(stream);
            return reader.ReadToEnd().Trim();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return string.Empty;
        }
    }

    internal static string HashOfFile(string file)
    {
        using FileStream stream = RegularFile.OpenRead(file, FileShare.Read, 1 << 16);
        return Convert.ToHexStringLower(SHA256.HashData(stream));
    }

    // With a separator at its end, a link would be taken for the folder that it leads to.
    private static string FullPath(string path) => System.IO.Path.TrimEndingDirectorySeparator(System.IO.Path.GetFullPath(path));

    private static string Hash(string text) => Convert.ToHexStringLower(SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(text)));

    private static JobFolder Fill(JobFolder folder, string worker, string script, string arguments, string? merge)
    {
        MakeFolder(folder.Path);
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(folder.Path, OwnerOnly); // an empty folder that was there already has permissions of its own
        }

        foreach (int element in Enumerable.Range(Merge, folder.Manifest.Shards + 1))
        {
            MakeFolder(folder.ElementPath(element));
        }

        folder.WriteText(WorkerName, worker);
        folder.WriteText(ScriptName, script);
        folder.WriteText(ArgumentName, arguments);
        if (merge is not null)
        {
            folder.WriteText(MergeName, merge);
        }

        // Last, because a folder is a job by its manifest.
        folder.WriteJson(ManifestName, folder.Manifest);
        return folder;
    }

    private static void TryDelete(string folder)
    {
        try
        {
            Directory.Delete(folder, recursive: true);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
        }
    }

    private static void MakeFolder(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(path);
        }
        else
        {
            Directory.CreateDirectory(path, OwnerOnly);
        }
    }
}
