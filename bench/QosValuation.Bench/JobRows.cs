using System.Globalization;
using QosValuation.Embeddings.Models;

namespace QosValuation.Bench;

/// <summary>A job of shards by two local workers beside the same job by one: the ratio is 2 where the second worker costs nothing.</summary>
/// <remarks>
/// One worker alone has the other processor for its garbage collector and its compiler, which two leave to nobody; as a scheduler of a cluster
/// confines a job, each has as many processors as it has workers. Both are told.
/// </remarks>
internal sealed class JobRows : IBenchmark
{
    private const int Shards = 4;

    /// <inheritdoc/>
    public string Name => "jobs";

    /// <inheritdoc/>
    public IEnumerable<BenchmarkResult> Measure(BenchmarkContext context)
    {
        string images = EmbeddingRows.Photographs(context, 96);
        string module = Path.GetFullPath(Path.Combine(Peers.Folder, "..", "..", "out", "QosValuation"));
        foreach (string model in context.Models.Count > 0 ? context.Models : ["clip-small"])
        {
            string name = ClipModelCatalog.Resolve(model).Name;
            bool canConfine = Peers.Output("taskset", [.. Confinement(2), "true"]) is not null;
            foreach (bool isConfined in canConfine ? (bool[])[false, true] : [false])
            {
                yield return context.Compare(
                    $"{name}, {Shards} shards of photographs, 2 workers {(isConfined ? "confined to 2 processors" : "of a thread")}",
                    isConfined ? "1 worker confined to 1 processor" : "1 worker of a thread",
                    () => Job(context, module, images, model, 2, isConfined),
                    () => Job(context, module, images, model, 1, isConfined),
                    1.8,
                    byClock: true);
            }
        }
    }

    private static string[] Confinement(int processors) => ["--cpu-list", string.Create(CultureInfo.InvariantCulture, $"0-{processors - 1}")];

    // From when the job was handed over to the end of its last shard: workers start, load the model, embed, and write their results.
    private static Timing Job(BenchmarkContext context, string module, string images, string model, int workers, bool isConfined)
    {
        string path = Path.Combine(context.Folder, "job-" + Guid.NewGuid().ToString("N"));
        string script = $$"""
            Import-Module '{{module}}'
            $files = @(Get-ChildItem -LiteralPath '{{images}}' -File -Recurse -Include *.jpg | Sort-Object FullName).FullName
            $job = Submit-QosJob -Shards {{Shards}} -ThrottleLimit {{workers}} -CpusPerShard 1 -JobPath '{{path}}' -ArgumentList $files, '{{model}}' -ScriptBlock {
                param($Files, $Model)
                $mine = @(for ($i = $ShardIndex - 1; $i -lt $Files.Count; $i += $ShardCount) { $Files[$i] })
                Get-ClipEmbedding -LiteralPath $mine -Model $Model
            }
            $from = [datetime]::UtcNow
            $job = $job | Wait-QosJob
            if ($job.State -ne 'Completed') { throw "The job ended as $($job.State)." }
            ($job.Ended - $from).TotalSeconds.ToString([cultureinfo]::InvariantCulture)
            """;
        string[] command = [.. isConfined ? ["taskset", .. Confinement(workers)] : (string[])[], "dotnet", "pwsh", "-NoProfile", "-NonInteractive", "-Command", script];
        string output = Peers.Output(command[0], command[1..])
            ?? throw new InvalidOperationException("The job did not run.");
        Directory.Delete(path, recursive: true);
        double seconds = double.Parse(output.Trim(), CultureInfo.InvariantCulture);
        return new(seconds, seconds);
    }
}
