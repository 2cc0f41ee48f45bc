using System.Diagnostics;
using System.Globalization;
using System.Management.Automation;
using System.Management.Automation.Runspaces;
using System.Security.Cryptography;

namespace QosValuation.Fuzz;

/// <summary>Reads damaged files of one kind in a process of its own, and prints what must not happen.</summary>
internal sealed class Worker : IDisposable
{
    /// <summary>A line that begins so is a finding.</summary>
    public const string Finding = "FINDING";

    private const long MaximumBytes = 2L << 30;
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(20);

    private readonly FuzzTarget _target;
    private readonly string _root;
    private readonly string _folder;
    private string _case;
    private readonly PowerShell _shell;
    private readonly List<(byte[] Bytes, string Extension, bool IsWhole)> _seeds = [];
    private long _caseStarted;

    /// <summary>Imports the module and makes the whole files.</summary>
    /// <param name="target">The kind.</param>
    /// <param name="root">The repository.</param>
    /// <param name="folder">A folder of the worker's own.</param>
    public Worker(FuzzTarget target, string root, string folder)
    {
        _target = target;
        _root = root;
        _folder = folder;
        InitialSessionState state = InitialSessionState.CreateDefault2();
        if (OperatingSystem.IsWindows())
        {
            state.ExecutionPolicy = Microsoft.PowerShell.ExecutionPolicy.Bypass;
        }

        _shell = PowerShell.Create(state);
        Invoke("Import-Module $args[0]; Set-Location -LiteralPath $args[1]", Path.Combine(root, "out", "QosValuation"), folder);
        Invoke("$Root = $args[0]", root);
        foreach (PSObject path in Invoke("$ErrorActionPreference = 'Stop'; " + target.Seeds))
        {
            string file = Path.Combine(folder, path.ToString());

            // What stands in the corpus was found to be hostile: it is refused, and damaged further.
            bool isWhole = !file.Contains("/corpus/", StringComparison.Ordinal);
            _seeds.Add((File.ReadAllBytes(file), Path.GetExtension(file), isWhole));
        }

        if (_seeds.Count == 0)
        {
            throw new InvalidOperationException($"The target {target.Name} made no whole file.");
        }

        // The damaged file stands where its whole neighbours do: a tokenizer's merges beside its vocabulary, a model beside its files.
        _case = Path.Combine(folder, target.FileName);
    }

    /// <summary>Reads whole files first, which must give no error, then damaged ones.</summary>
    /// <param name="seed">The seed of the damage.</param>
    /// <param name="first">The first case's number.</param>
    /// <param name="time">How long.</param>
    /// <param name="most">The most cases.</param>
    /// <returns>The number of cases read.</returns>
    public int Run(int seed, int first, TimeSpan time, int most)
    {
        string[] whole = [.. _seeds.Select(one => Read(one.Bytes, one.Extension, one.IsWhole))];
        using var watchdog = new Timer(_ => Watch(), null, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1));
        var clock = Stopwatch.StartNew();
        int number = first;
        for (; number < first + most && clock.Elapsed < time; number++)
        {
            int which = number % _seeds.Count;
            byte[] bytes = new Mutator(HashCode(seed, number)).Mutate(_seeds[which].Bytes, _seeds[number / _seeds.Count % _seeds.Count].Bytes);
            Console.WriteLine("CASE " + number.ToString(CultureInfo.InvariantCulture));
            string said = Read(bytes, _seeds[which].Extension, isWhole: false);
            if (_target.IsProtected && said.Length > 0 && !said.StartsWith("refused", StringComparison.Ordinal) && said != whole[which])
            {
                Report($"the file was changed and read as something else: {Cut(said)} instead of {Cut(whole[which])}");
            }
        }

        return number - first;
    }

    /// <inheritdoc/>
    public void Dispose() => _shell.Dispose();

    private string Read(byte[] bytes, string extension, bool isWhole)
    {
        _case = Path.ChangeExtension(_case, extension);
        File.WriteAllBytes(_case, bytes);
        long before = Peak(reset: true);
        Volatile.Write(ref _caseStarted, Stopwatch.GetTimestamp());
        string said = string.Empty;
        try
        {
            said = string.Join('\n', Invoke($"$File = '{_case}'; $ErrorActionPreference = '{(_target.IsProtected ? "Stop" : "Continue")}'; " + _target.Script).Select(line => line?.ToString()));
            foreach (ErrorRecord error in _shell.Streams.Error)
            {
                Judge(error, isWhole);
            }
        }
        catch (RuntimeException exception)
        {
            said = string.Empty;
            Judge(exception.ErrorRecord, isWhole);
        }

        Volatile.Write(ref _caseStarted, 0);
        long used = Peak(reset: false) - before;
        if (used > MaximumBytes)
        {
            Report($"it took {used >> 20} MiB of memory");
        }

        return said;
    }

    private void Judge(ErrorRecord error, bool isWhole)
    {
        Exception exception = error.Exception is RuntimeException { InnerException: { } inner } ? inner : error.Exception;
        string name = exception.GetType().Name;
        string text = $"{error.FullyQualifiedErrorId}: {Cut(exception.Message)}";
        if (isWhole)
        {
            Report("a whole file gives an error: " + text);
        }
        else if (name is not ("QosValuationException" or "ParameterBindingException" or "ParameterBindingValidationException"))
        {
            Report($"a raw {name} reaches the user: {text} {exception.StackTrace?.Split('\n').FirstOrDefault()?.Trim()}");
        }
        else if (error.FullyQualifiedErrorId.Split(',')[0] is "UnexpectedFailure" or "Unspecified")
        {
            Exception cause = exception.InnerException ?? exception;
            string? where = cause.StackTrace?.Split('\n').FirstOrDefault(line => line.Contains("QosValuation", StringComparison.Ordinal))?.Trim();
            Report($"a failure that nobody foresaw, {cause.GetType().Name}: {text} {where}");
        }
        else if (name == "QosValuationException" && !Names(error, exception))
        {
            Report("the error does not name the file: " + text);
        }
        else if (exception.Message.Length > 2000)
        {
            Report($"the error has {exception.Message.Length} characters: {text}");
        }
        else if (exception.Message.Any(c => char.IsControl(c) && c is not ('\n' or '\r' or '\t')))
        {
            Report("the error holds control characters: " + text);
        }
    }

    private bool Names(ErrorRecord error, Exception exception) =>
        exception.Message.Contains(Path.GetFileName(_case), StringComparison.Ordinal)
        || (error.TargetObject?.ToString() ?? string.Empty).Contains(Path.GetFileName(_case), StringComparison.Ordinal)
        || exception.Message.Contains(_folder, StringComparison.Ordinal)
        || (error.TargetObject?.ToString() ?? string.Empty).Contains(_folder, StringComparison.Ordinal);

    private void Report(string what)
    {
        byte[] bytes = File.ReadAllBytes(_case);
        string kept = Path.Combine(_root, "out", "fuzz", $"{_target.Name}-{Convert.ToHexStringLower(SHA256.HashData(bytes))[..12]}{Path.GetExtension(_case)}");
        Directory.CreateDirectory(Path.GetDirectoryName(kept)!);
        File.WriteAllBytes(kept, bytes);
        Console.WriteLine($"{Finding} {_target.Name}: {what.ReplaceLineEndings(" ")} [{Path.GetRelativePath(_root, kept)}]");
    }

    private void Watch()
    {
        long started = Volatile.Read(ref _caseStarted);
        if (started != 0 && Stopwatch.GetElapsedTime(started) > Longest)
        {
            Report($"reading goes on after {Longest.TotalSeconds} seconds");
            Environment.Exit(3);
        }
    }

    private System.Collections.ObjectModel.Collection<PSObject> Invoke(string script, params object[] arguments)
    {
        _shell.Commands.Clear();
        _shell.Streams.ClearStreams();
        _shell.AddScript(script, useLocalScope: false);
        foreach (object argument in arguments)
        {
            _shell.AddArgument(argument);
        }

        return _shell.Invoke();
    }

    // The most memory the process had; -1 GiB where the system does not tell.
    private static long Peak(bool reset)
    {
        if (!OperatingSystem.IsLinux())
        {
            return 0;
        }

        if (reset)
        {
            try
            {
                File.WriteAllText("/proc/self/clear_refs", "5");
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                // The peak of the whole process is all there is then.
            }
        }

        string line = File.ReadLines("/proc/self/status").First(text => text.StartsWith("VmHWM:", StringComparison.Ordinal));
        return long.Parse(line[6..].Replace("kB", string.Empty, StringComparison.Ordinal), CultureInfo.InvariantCulture) << 10;
    }

    private static int HashCode(int seed, int number) => unchecked((seed * 1_000_003) ^ (number * 0x5bd1e995));

    private static string Cut(string text) => text.Length > 300 ? text[..300] + "…" : text;
}
