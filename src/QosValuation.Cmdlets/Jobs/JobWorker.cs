using System.Diagnostics;
using System.Management.Automation;
using System.Reflection;
using System.Runtime.Loader;
using System.Security.Cryptography;
using System.Text;
using QosValuation.Foundation.IO;
using QosValuation.Jobs.Folders;

namespace QosValuation.Cmdlets.Jobs;

/// <summary>What the script that runs an element of a job (worker.ps1) needs of the module. Not for users.</summary>
public static class JobWorker
{
    private static readonly Lazy<string> OwnBuild = new(MakeBuild);

    /// <summary>The build of the module: a hash of the ids of its assemblies, which builds of the same sources share.</summary>
    public static string Build => OwnBuild.Value;

    /// <summary>The script itself.</summary>
    internal static string Script
    {
        get
        {
            using var reader = new StreamReader(typeof(JobWorker).Assembly.GetManifestResourceStream("QosValuation.Cmdlets.Jobs.worker.ps1")!);
            return reader.ReadToEnd();
        }
    }

    /// <summary>Runs all elements of a job.</summary>
    /// <param name="jobPath">The job's folder.</param>
    public static void Coordinate(string jobPath) => QosJob.Coordinate(jobPath);

    /// <summary>What a job that depends on the shards does first.</summary>
    /// <param name="jobPath">The job's folder.</param>
    /// <returns>True where the merge is to be made.</returns>
    public static bool PrepareMerge(string jobPath) => QosJob.Open(jobPath).PrepareMerge(CancellationToken.None);

    /// <summary>The results of all shards.</summary>
    /// <param name="jobPath">The job's folder.</param>
    /// <returns>The files, in the order of the shards.</returns>
    public static IReadOnlyList<string> Parts(string jobPath)
    {
        JobFolder folder = JobFolder.Open(jobPath);
        return [.. Enumerable.Range(1, folder.Manifest.Shards).Select(folder.ResultOf)];
    }

    /// <summary>Begins an attempt at an element.</summary>
    /// <param name="jobPath">The job's folder.</param>
    /// <param name="element">The shard; 0 for the merge.</param>
    /// <param name="hostName">The machine that does the work.</param>
    /// <returns>The attempt; null where the element is done already.</returns>
    public static JobAttempt? Begin(string jobPath, int element, string hostName) => JobAttempt.Begin(JobFolder.Open(jobPath), element, hostName);

    /// <summary>Why a script ended early, in the words of the module's errors.</summary>
    /// <param name="error">What ended it.</param>
    /// <returns>A message: that the disk is full, where that is the cause, and how to go on; else the record's own.</returns>
    public static string Explain(ErrorRecord error)
    {
        ArgumentNullException.ThrowIfNull(error);
        for (Exception? cause = error.Exception; cause is not null; cause = cause.InnerException)
        {
            if (cause is IOException full && DiskFaults.IsDiskFull(full))
            {
                return $"The disk is full: {full.Message.TrimEnd('.')}. {Faults.DiskFull.Advice}";
            }
        }

        return error.ToString();
    }

    /// <summary>Ends this process with all that it started when another one has ended: an element does not outlive what started it.</summary>
    /// <param name="parentId">The other process.</param>
    public static void WatchParent(int parentId)
    {
        Process parent;
        try
        {
            parent = Process.GetProcessById(parentId);
        }
        catch (ArgumentException)
        {
            Environment.Exit(1);
            return;
        }

        var thread = new Thread(() =>
        {
            parent.WaitForExit();
            using var own = Process.GetCurrentProcess();
            try
            {
                foreach (Process child in Children(own.Id))
                {
                    child.Kill(entireProcessTree: true);
                    child.Dispose();
                }
            }
            finally
            {
                own.Kill();
            }
        })
        {
            IsBackground = true,
            Name = "watch of the coordinator",
        };
        thread.Start();
    }

    // Kill(entireProcessTree) refuses the tree of the calling process itself.
    private static IEnumerable<Process> Children(int parentId)
    {
        foreach (Process process in Process.GetProcesses())
        {
            string status = $"/proc/{process.Id}/stat";
            string? text = null;
            try
            {
                text = File.Exists(status) ? File.ReadAllText(status) : null;
            }
            catch (IOException)
            {
                // It has ended.
            }

            // pid (name) state parent; a name may hold anything.
            if (text is not null && text[(text.LastIndexOf(')') + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries) is [_, string parent, ..]
                && parent == parentId.ToString(System.Globalization.CultureInfo.InvariantCulture))
            {
                yield return process;
            }
            else
            {
                process.Dispose();
            }
        }
    }

    private static string MakeBuild()
    {
        Assembly own = typeof(JobWorker).Assembly;
        AssemblyLoadContext context = AssemblyLoadContext.GetLoadContext(own)!;
        IEnumerable<string> ids = own.GetReferencedAssemblies()
            .Where(name => name.Name!.StartsWith("QosValuation.", StringComparison.Ordinal))
            .Select(context.LoadFromAssemblyName)
            .Append(own)
            .Select(assembly => $"{assembly.GetName().Name} {assembly.ManifestModule.ModuleVersionId:N}")
            .Order(StringComparer.Ordinal);
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', ids))))[..16];
    }
}
