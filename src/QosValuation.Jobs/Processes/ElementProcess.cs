using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using QosValuation.Jobs.Folders;

namespace QosValuation.Jobs.Processes;

/// <summary>A process of this machine that works on one element. What it writes is appended to the element's logs.</summary>
internal sealed class ElementProcess : IDisposable
{
    private readonly Process _process;
    private readonly Task _logs;

    private ElementProcess(Process process, int element, string? hostName, Task logs)
    {
        _process = process;
        Element = element;
        HostName = hostName;
        _logs = logs;
    }

    /// <summary>The element.</summary>
    public int Element { get; }

    /// <summary>The host on which the work is done; null for this machine.</summary>
    public string? HostName { get; }

    /// <summary>The process.</summary>
    public int Id => _process.Id;

    /// <summary>Whether the process has ended.</summary>
    public bool HasEnded => _process.HasExited;

    /// <summary>Starts a process.</summary>
    /// <param name="folder">The job.</param>
    /// <param name="element">The element.</param>
    /// <param name="hostName">The host that shall do the work; null for this machine.</param>
    /// <param name="processors">The processors that .NET may see; 0 for all.</param>
    /// <returns>The process.</returns>
    /// <exception cref="QosValuationException"><c>JobSchedulerNotFound</c>: PowerShell cannot be started.</exception>
    public static ElementProcess Start(JobFolder folder, int element, string? hostName, int processors)
    {
        IReadOnlyList<string> program = folder.Manifest.Program;
        var start = new ProcessStartInfo(program[0])
        {
            RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false, CreateNoWindow = true,
        };
        string[] arguments =
        [
            .. program.Skip(1), "-NoProfile", "-NonInteractive", "-File", folder.In(JobFolder.WorkerName), "-JobPath", folder.Path,
            "-Element", Text(element), "-ParentId", Text(Environment.ProcessId), .. hostName is null ? Array.Empty<string>() : ["-HostName", hostName],
        ];
        foreach (string argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        if (processors > 0)
        {
            start.Environment["DOTNET_PROCESSOR_COUNT"] = Text(processors);
        }

        Process process;
        try
        {
            process = Process.Start(start)!;
        }
        catch (Win32Exception exception)
        {
            throw ProgramRun.Explain(program[0], exception);
        }

        process.StandardInput.Close();
        string logs = folder.ElementPath(element);
        return new ElementProcess(process, element, hostName, Task.WhenAll(
            Append(process.StandardOutput.BaseStream, Path.Combine(logs, "stdout.log")),
            Append(process.StandardError.BaseStream, Path.Combine(logs, "stderr.log"))));
    }

    /// <summary>Ends the process with all that it started, and waits for it.</summary>
    public void Kill()
    {
        ProgramRun.Kill(_process);
        _process.WaitForExit();
    }

    /// <summary>Waits for the end of the logs and gives the exit code.</summary>
    /// <returns>The exit code.</returns>
    public int End()
    {
        _process.WaitForExit();

        // A process that the script left behind may hold the pipes for ever.
        _logs.Wait(TimeSpan.FromSeconds(2));
        return _process.ExitCode;
    }

    /// <inheritdoc/>
    public void Dispose() => _process.Dispose();

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    // Where the log cannot be written the process is listened to all the same: it would wait for ever for somebody to read what it says.
    private static async Task Append(Stream from, string file)
    {
        try
        {
            FileStream to;
            await using ((to = new FileStream(file, FileMode.Append, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete, 1)).ConfigureAwait(false))
            {
                await from.CopyToAsync(to).ConfigureAwait(false);
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            await from.CopyToAsync(Stream.Null).ConfigureAwait(false);
        }
    }
}
