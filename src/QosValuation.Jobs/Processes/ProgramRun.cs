using System.ComponentModel;
using System.Diagnostics;

namespace QosValuation.Jobs.Processes;

/// <summary>Runs a program of a scheduler to its end. No shell is between: each argument arrives as it is.</summary>
internal static class ProgramRun
{
    /// <summary>Runs a program.</summary>
    /// <param name="program">The program, found on the PATH.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <param name="environment">Variables to set.</param>
    /// <param name="cancellationToken">Ends the program.</param>
    /// <returns>Its exit code and what it wrote.</returns>
    /// <exception cref="QosValuationException"><c>JobSchedulerNotFound</c>: there is no such program.</exception>
    public static (int ExitCode, string Output, string Error) Run(
        string program, IEnumerable<string> arguments, IReadOnlyDictionary<string, string>? environment = null, CancellationToken cancellationToken = default)
    {
        var start = new ProcessStartInfo(program)
        {
            RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false, CreateNoWindow = true,
        };
        foreach (string argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        // What Slurm told the job in which this may run must not steer the next one.
        foreach (string name in start.Environment.Keys.Where(IsOfAJob).ToArray())
        {
            start.Environment.Remove(name);
        }

        foreach ((string name, string value) in environment ?? new Dictionary<string, string>())
        {
            start.Environment[name] = value;
        }

        using Process process = Start(start, program);
        process.StandardInput.Close();
        using CancellationTokenRegistration registration = cancellationToken.Register(() => Kill(process));
        Task<string> error = process.StandardError.ReadToEndAsync(CancellationToken.None);
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        cancellationToken.ThrowIfCancellationRequested();
        return (process.ExitCode, output.Trim(), error.GetAwaiter().GetResult().Trim());
    }

    /// <summary>Why a program cannot be started, in the operating system's words: .NET's name the working directory before the cause.</summary>
    /// <param name="program">The program.</param>
    /// <param name="exception">What .NET says.</param>
    /// <returns><c>JobSchedulerNotFound</c>.</returns>
    public static QosValuationException Explain(string program, Win32Exception exception)
    {
        const int NotFound = 2; // ENOENT and ERROR_FILE_NOT_FOUND alike
        string why = exception.NativeErrorCode == NotFound ? "it is not there, nor on the PATH" : new Win32Exception(exception.NativeErrorCode).Message;
        return new QosValuationException(
            Faults.JobSchedulerNotFound, $"'{program}' cannot be run on {Environment.MachineName}: {why.TrimEnd('.')}.", program, exception);
    }

    /// <summary>Ends a process with all that it started; never throws.</summary>
    /// <param name="process">The process.</param>
    public static void Kill(Process process)
    {
        try
        {
            process.Kill(entireProcessTree: true);
        }
        catch (Exception exception) when (exception is InvalidOperationException or Win32Exception or NotSupportedException or AggregateException)
        {
            // It has ended.
        }
    }

    private static bool IsOfAJob(string name) => name.StartsWith("SLURM_", StringComparison.Ordinal) && name != "SLURM_CONF";

    private static Process Start(ProcessStartInfo start, string program)
    {
        try
        {
            return Process.Start(start)!;
        }
        catch (Win32Exception exception)
        {
            throw Explain(program, exception);
        }
    }
}
