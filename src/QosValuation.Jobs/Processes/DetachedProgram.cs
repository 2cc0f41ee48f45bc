using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;

namespace QosValuation.Jobs.Processes;

/// <summary>Starts a program that outlives this process: neither Ctrl+C nor the end of the session reaches it.</summary>
internal static class DetachedProgram
{
    // Arguments come as positional parameters, so nothing of them is read as a script. macOS has no setsid; its shell's job control needs no terminal.
    private const string Script = """
        log=$1; shift
        if command -v setsid >/dev/null 2>&1; then
          setsid nohup "$@" </dev/null >>"$log" 2>&1 &
        else
          set -m
          nohup "$@" </dev/null >>"$log" 2>&1 &
        fi
        echo $!
        """;

    /// <summary>Starts a program.</summary>
    /// <param name="program">The program and its arguments.</param>
    /// <param name="log">A file to which its output is appended; on Windows it has none.</param>
    /// <returns>The process that was started; null where it has ended already.</returns>
    /// <exception cref="QosValuationException"><c>JobSchedulerNotFound</c>: it cannot be started.</exception>
    public static Process? Start(IReadOnlyList<string> program, string log)
    {
        if (!OperatingSystem.IsWindows())
        {
            // The shell ends at once, and whoever holds its pipe is not waited for: the program's output goes elsewhere.
            (int exit, string output, string error) = ProgramRun.Run("/bin/sh", ["-c", Script, "sh", log, .. program]);
            return exit == 0 && int.TryParse(output, NumberStyles.None, CultureInfo.InvariantCulture, out int id)
                ? Find(id)
                : throw new QosValuationException(Faults.JobSchedulerNotFound, $"'{program[0]}' cannot be run: {error}", program[0]);
        }

        var start = new ProcessStartInfo(program[0]) { UseShellExecute = false, CreateNoWindow = true };
        foreach (string argument in program.Skip(1))
        {
            start.ArgumentList.Add(argument);
        }

        try
        {
            return Process.Start(start);
        }
        catch (Win32Exception exception)
        {
            throw ProgramRun.Explain(program[0], exception);
        }
    }

    private static Process? Find(int id)
    {
        try
        {
            return Process.GetProcessById(id);
        }
        catch (ArgumentException)
        {
            return null;
        }
    }
}
