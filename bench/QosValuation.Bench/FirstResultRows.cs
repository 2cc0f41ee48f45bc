using QosValuation.Embeddings.Models;

namespace QosValuation.Bench;

/// <summary>From the start of a cold process to the first vector of one photograph: PowerShell with the module beside Node with transformers.js.</summary>
internal sealed class FirstResultRows : IBenchmark
{
    /// <inheritdoc/>
    public string Name => "first-result";

    /// <inheritdoc/>
    public IEnumerable<BenchmarkResult> Measure(BenchmarkContext context)
    {
        string folder = Path.Combine(context.Folder, "one");
        string file = EmbeddingBenchmark.Files(EmbeddingRows.Photographs(context, 96))[0];
        Directory.CreateDirectory(folder);
        string photograph = Path.Combine(folder, "photograph" + Path.GetExtension(file));
        File.Copy(file, photograph);
        string module = Path.GetFullPath(Path.Combine(Peers.Folder, "..", "..", "out", "QosValuation"));
        (bool isThere, string name) = Peers.Transformers();

        // What PowerShell sends home about itself is no part of the work.
        Environment.SetEnvironmentVariable("POWERSHELL_TELEMETRY_OPTOUT", "1");
        foreach (string model in context.Models.Count > 0 ? context.Models : ["clip-mini"])
        {
            // Both say how long they took from their first line of code on, after PowerShell and Node have started. Not Get-Process, which
            // PowerShell looks for in a module of its own.
            string script = $"$p = [Environment]::CpuUsage.TotalTime; $c = [Diagnostics.Stopwatch]::StartNew(); Import-Module '{module}'; "
                + $"$null = Get-ClipEmbedding -LiteralPath '{photograph}' -Model '{model}'; "
                + "$c.Elapsed.TotalSeconds; ([Environment]::CpuUsage.TotalTime - $p).TotalSeconds";
            ClipModelFiles files = ClipModelCatalog.Resolve(model);
            string[] layout = isThere ? [EmbeddingBenchmark.Layout(files), "model", photograph] : [];
            yield return context.Compare(
                $"first vector of a cold process, {files.Name}",
                name,
                () => Say("dotnet", ["pwsh", "-NoProfile", "-NonInteractive", "-Command", script]),
                isThere ? () => Say("node", [Path.Combine(Peers.Folder, "first.mjs"), .. layout]) : null,
                1,
                byClock: true);
        }
    }

    private static Timing Say(string program, string[] arguments)
    {
        string output = Peers.Output(program, arguments) ?? throw new InvalidOperationException($"{program} gave no first vector.");
        double[] seconds = [.. output.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Select(text => double.Parse(text, System.Globalization.CultureInfo.InvariantCulture))];
        return new(seconds[0], seconds[1]);
    }
}
