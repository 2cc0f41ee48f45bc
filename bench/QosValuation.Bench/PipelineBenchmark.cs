using System.Diagnostics;
using System.Globalization;

namespace QosValuation.Bench;

/// <summary>Cmdlets that take objects, against ForEach-Object that hands on the same objects, in turns within one PowerShell process.</summary>
internal static class PipelineBenchmark
{
    // Reads a number of objects, says "ready", and then for each work of a line writes two lines: ForEach-Object's seconds and the cmdlet's.
    private const string Script = """
        $ErrorActionPreference = 'Stop'
        Import-Module $env:QOSVALUATION_BENCH_MODULE
        $count = [int] $env:QOSVALUATION_BENCH_COUNT
        $random = [Random]::new(1)
        $agents = [object[]]::new($count)
        for ($i = 0; $i -lt $count; $i++) { $agents[$i] = [pscustomobject]@{ Agent = "agent$i"; Value = $random.NextDouble() } }
        $grants = $agents | Invoke-TokenAllocation -Supply (2 * $count)
        $works = @{
            'Invoke-TokenAllocation' = { $agents | Invoke-TokenAllocation -Supply (2 * $count) }, { $agents | ForEach-Object { $_ } }
            'Invoke-TokenAllocation -Capacity' = { $agents | Invoke-TokenAllocation -Supply $count -Capacity 3 }, { $agents | ForEach-Object { $_ } }
            'Measure-Fairness' = { $grants | Measure-Fairness }, { $grants | ForEach-Object { $_ } }
        }
        function Measure-Work([scriptblock] $Work) {
            [GC]::Collect()
            $used = [Environment]::CpuUsage.TotalTime
            $watch = [Diagnostics.Stopwatch]::StartNew()
            $null = & $Work
            $seconds = $watch.Elapsed.TotalSeconds, ([Environment]::CpuUsage.TotalTime - $used).TotalSeconds
            [Console]::WriteLine([string]::Join(' ', $seconds.ForEach{ $_.ToString('R', [cultureinfo]::InvariantCulture) }))
        }
        [Console]::WriteLine('ready')
        while ($null -ne ($line = [Console]::ReadLine())) {
            Measure-Work $works[$line][0]
            Measure-Work $works[$line][1]
        }
        """;

    private static readonly string[] Works = ["Invoke-TokenAllocation", "Invoke-TokenAllocation -Capacity", "Measure-Fairness"];

    /// <summary>Measures, and prints the medians.</summary>
    /// <param name="objects">The objects of a pipeline.</param>
    /// <param name="repeats">The number of turns.</param>
    /// <param name="module">The module's manifest.</param>
    /// <returns>0.</returns>
    public static int Run(int objects, int repeats, string module)
    {
        foreach (Turns turns in Measure(objects, repeats, module))
        {
            turns.Print();
        }

        return 0;
    }

    /// <summary>Measures in turns; the one before the first warms both sides up.</summary>
    /// <param name="objects">The objects of a pipeline.</param>
    /// <param name="repeats">The number of turns.</param>
    /// <param name="module">The module's manifest.</param>
    /// <returns>The times of each cmdlet, with ForEach-Object as the peer: a ratio of 0.5 is a cmdlet of twice its time.</returns>
    public static IReadOnlyList<Turns> Measure(int objects, int repeats, string module)
    {
        string script = Path.Combine(Directory.CreateTempSubdirectory("qosvaluation-bench-").FullName, "pipeline.ps1");
        try
        {
            File.WriteAllText(script, Script);
            Environment.SetEnvironmentVariable("QOSVALUATION_BENCH_MODULE", Path.GetFullPath(module));
            Environment.SetEnvironmentVariable("QOSVALUATION_BENCH_COUNT", objects.ToString(CultureInfo.InvariantCulture));
            using Process shell = Turns.Start("dotnet", "pwsh", "-NoProfile", "-NonInteractive", "-File", script);
            Turns[] measured = [.. Works.Select(work => new Turns($"{objects:N0} objects through {work}", "ForEach-Object"))];
            for (int turn = -1; turn < repeats; turn++)
            {
                for (int i = 0; i < Works.Length; i++)
                {
                    (double, double) own = Turns.Ask(shell, Works[i]);
                    (double, double) other = Turns.Read(shell);
                    if (turn >= 0)
                    {
                        measured[i].Add(own, other);
                    }
                }
            }

            shell.StandardInput.Close();
            shell.WaitForExit();
            return measured;
        }
        finally
        {
            Directory.Delete(Path.GetDirectoryName(script)!, recursive: true);
        }
    }
}
