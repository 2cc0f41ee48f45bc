using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using QosValuation.Fuzz;

var seconds = new Option<int>("--seconds") { Description = "How long in all.", DefaultValueFactory = _ => 60 };
var seed = new Option<int>("--seed") { Description = "The seed of the damage.", DefaultValueFactory = _ => 1 };
var names = new Option<string[]>("--target") { Description = "Only these kinds of file.", AllowMultipleArgumentsPerToken = true };
names.AcceptOnlyFromAmong([.. FuzzTarget.All.Select(target => target.Name)]);
var worker = new Option<string?>("--worker") { Description = "Works on one target in this folder.", Hidden = true };
var first = new Option<int>("--first") { Description = "The number of the first case." };
var cases = new Option<int>("--cases") { Description = "The most cases of a kind.", DefaultValueFactory = _ => int.MaxValue };
var command = new RootCommand("Reads damaged files with the built module: no hang, no raw exception, no silent change, no flood of memory.")
{
    seconds, seed, names, worker, first, cases,
};
command.SetAction(result =>
{
    int time = result.GetValue(seconds);
    FuzzTarget[] targets = [.. FuzzTarget.All.Where(target => result.GetValue(names) is not { Length: > 0 } chosen || chosen.Contains(target.Name))];
    if (result.GetValue(worker) is { } folder)
    {
        using var one = new Worker(targets.Single(), Root(), folder);
        int read = one.Run(result.GetValue(seed), result.GetValue(first), TimeSpan.FromSeconds(time), result.GetValue(cases));
        Console.WriteLine("DONE " + read.ToString(CultureInfo.InvariantCulture));
        return 0;
    }

    int findings = 0;
    foreach (FuzzTarget target in targets)
    {
        findings += Drive(
            target, Math.Max(1, time / targets.Length), result.GetValue(seed), result.GetValue(first), result.GetValue(cases));
    }

    Console.WriteLine(findings == 0 ? "No findings." : $"{findings} findings; the files are in out/fuzz.");
    return findings == 0 ? 0 : 1;
});
return command.Parse(args).Invoke();

// Runs workers of one kind until the time is over: one that dies is a finding, and the next goes on behind the case that killed it.
static int Drive(FuzzTarget target, int time, int seed, int first, int cases)
{
    int findings = 0;
    int read = 0;
    var clock = Stopwatch.StartNew();
    int next = first;
    do
    {
        string folder = Directory.CreateTempSubdirectory("qosvaluation-fuzz-").FullName;
        try
        {
            int last = next - 1;
            int rest = Math.Max(1, time - (int)clock.Elapsed.TotalSeconds);
            var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardOutput = true, RedirectStandardError = true };
            if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet")
            {
                start.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, "QosValuation.Fuzz.dll"));
            }

            foreach (string argument in new[]
            {
                "--worker", folder, "--target", target.Name, "--seconds", Text(rest), "--seed", Text(seed), "--first", Text(next), "--cases", Text(cases - read),
            })
            {
                start.ArgumentList.Add(argument);
            }

            start.Environment["DOTNET_GCHeapHardLimit"] = "0x100000000";
            start.Environment["QOSVALUATION_FUZZ"] = "1";
            using Process process = Process.Start(start)!;
            Task<string> errors = process.StandardError.ReadToEndAsync();
            bool isDone = false;
            while (process.StandardOutput.ReadLine() is { } line)
            {
                if (line.StartsWith("CASE ", StringComparison.Ordinal))
                {
                    last = int.Parse(line.AsSpan(5), CultureInfo.InvariantCulture);
                    read++;
                }
                else if (line.StartsWith(Worker.Finding, StringComparison.Ordinal))
                {
                    findings++;
                    Console.WriteLine(line);
                }

                isDone |= line.StartsWith("DONE", StringComparison.Ordinal);
            }

            process.WaitForExit();
            if (isDone)
            {
                break;
            }

            if (process.ExitCode != 3)
            {
                findings++;
                string kept = Keep(folder, target);
                string why = string.Join(' ', errors.Result.Split('\n', StringSplitOptions.RemoveEmptyEntries).Take(3));
                Console.WriteLine($"{Worker.Finding} {target.Name}: the process ended with {process.ExitCode} in case {last}: {why} [{kept}]");
                if (last < next)
                {
                    break;
                }
            }

            next = last + 1;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
    while (clock.Elapsed.TotalSeconds < time && read < cases);
    Console.WriteLine($"{target.Name}: {read} damaged files read in {clock.Elapsed.TotalSeconds:0} s, {findings} findings.");
    return findings;
}

static string Keep(string folder, FuzzTarget target)
{
    string file = Path.Combine(folder, target.FileName);
    if (!File.Exists(file))
    {
        return "no file";
    }

    string kept = Path.Combine(Root(), "out", "fuzz", $"{target.Name}-killed-{Guid.NewGuid():N}"[..40] + Path.GetExtension(file));
    Directory.CreateDirectory(Path.GetDirectoryName(kept)!);
    File.Copy(file, kept);
    return Path.GetRelativePath(Root(), kept);
}

static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

static string Root()
{
    DirectoryInfo? folder = new(AppContext.BaseDirectory);
    while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "QosValuation.sln")))
    {
        folder = folder.Parent;
    }

    return folder?.FullName ?? throw new DirectoryNotFoundException("QosValuation.sln was not found above " + AppContext.BaseDirectory);
}
