using System.Diagnostics;
using System.Globalization;
using QosValuation.Embeddings.Clustering;
using QosValuation.Embeddings.Datasets;
using QosValuation.Foundation.Randomness;
using QosValuation.Onnx.Model;

namespace QosValuation.Bench;

/// <summary>Very many clusters, vectors and agents on one machine.</summary>
internal static class ScaleBenchmark
{
    private const int Dimension = ClusteringBenchmark.Dimension;
    private const int Block = ClusteringBenchmark.Block;

    // Prints seconds by the clock, of processor time, the peak of memory before and after, and what came out.
    private const string Script = """
        $ErrorActionPreference = 'Stop'
        Import-Module $env:QOSVALUATION_BENCH_MODULE
        $path = $env:QOSVALUATION_BENCH_PATH
        function Get-Peak { [long] ((Get-Content /proc/self/status | Where-Object { $_ -like 'VmHWM*' }) -replace '\D') / 1024 }
        $works = @{
            'vectors' = { (Import-Embedding "$path/vectors.parquet" | Group-Embedding -WithoutMember).Count }
            'agents' = { (Invoke-TokenAllocation -Path "$path/values.npy" -OutputPath "$path/tokens.npy" -Supply $env:QOSVALUATION_BENCH_SUPPLY).Count }
            'agents-csv' = { (Invoke-TokenAllocation -Path "$path/agents.csv" -OutputPath "$path/tokens.csv" -Supply $env:QOSVALUATION_BENCH_SUPPLY).Count }
        }
        [Console]::WriteLine('ready')
        $before = Get-Peak
        $used = [Environment]::CpuUsage.TotalTime
        $watch = [Diagnostics.Stopwatch]::StartNew()
        $result = & $works[$env:QOSVALUATION_BENCH_WORK]
        $seconds = $watch.Elapsed.TotalSeconds, ([Environment]::CpuUsage.TotalTime - $used).TotalSeconds
        $numbers = [object[]] ($seconds[0], $seconds[1], (Get-Peak), $before, ($result -join ' '))
        [Console]::WriteLine([string]::Format([cultureinfo]::InvariantCulture,
            '{0:F1} s by the clock, {1:F1} s of processor time; peak memory {2:N0} MiB, {3:N0} MiB before; result {4}', $numbers))
        """;

    /// <summary>The approximate search for the nearest cluster against the exact one, both going on from the same clusters.</summary>
    /// <param name="records">Records compared in all, divided among the turns.</param>
    /// <param name="clusters">The directions that records scatter about; the first record of each founds its cluster.</param>
    /// <param name="threads">The most threads.</param>
    /// <param name="repeats">The number of turns.</param>
    /// <param name="intrinsic">The dimension of a plane that the directions lie in, by topics of about a hundred; 0 for anywhere.</param>
    /// <returns>0.</returns>
    public static int Search(int records, int clusters, int threads, int repeats, int intrinsic)
    {
        // Within a plane directions lie closer, and it takes a higher threshold to tell them apart.
        double threshold = intrinsic == 0 ? 0.7 : 0.9;
        var stream = new ClusteringBenchmark.RecordStream(clusters, intrinsic);
        float[] vectors = new float[Block * Dimension];
        int[] groups = new int[Block], exactly = new int[Block];
        var approximate = new LeaderClustering(Dimension, threshold, threads, NeighbourSearch.Approximate, Math.Min(1000, clusters / 2));
        var clock = Stopwatch.StartNew();
        for (int first = 0; first < clusters; first += Block)
        {
            int count = Math.Min(Block, clusters - first);
            stream.Found(first, vectors.AsSpan(0, count * Dimension));
            approximate.Add(vectors.AsSpan(0, count * Dimension), groups.AsSpan(0, count));
        }

        Line($"{approximate.GroupCount:N0} clusters of {Dimension} components founded by the approximate search in {clock.Elapsed.TotalSeconds:F0} s");
        var exact = new LeaderClustering(Dimension, threshold, threads);
        using (var content = new MemoryStreams())
        {
            approximate.Save(content.Writer);
            exact.Load(content.Reader());
        }

        var turns = new Turns($"approximate, {clusters:N0} clusters", "exact");
        long asked = 0, same = 0;
        int blocks = Math.Max(1, records / repeats / Block);
        for (int turn = -1; turn < repeats; turn++)
        {
            (double Clock, double Processor) own = default, other = default;
            for (int i = 0; i < (turn < 0 ? 1 : blocks); i++)
            {
                stream.Draw(vectors);
                Timing one = Timing.Of(() => approximate.Add(vectors, groups));
                Timing all = Timing.Of(() => exact.Add(vectors, exactly));
                own = (own.Clock + one.Clock, own.Processor + one.Processor);
                other = (other.Clock + all.Clock, other.Processor + all.Processor);
                asked += Block;
                same += groups.Zip(exactly).Count(pair => pair.First == pair.Second);
            }

            if (turn >= 0)
            {
                turns.Add(own, other);
                Line($"records a second: approximate {blocks * Block / own.Clock:F0} ({blocks * Block / own.Processor:F0} by processor time), exact {blocks * Block / other.Clock:F1} ({blocks * Block / other.Processor:F1})");
            }
        }

        turns.Print();
        Line($"{same:N0} of {asked:N0} records went to the same cluster by both ({(double)same / asked:P2}); recall measured by the clustering itself: {approximate.Recall}");
        return 0;
    }

    /// <summary>Vectors streamed from Parquet through Group-Embedding, and agents through the columns of Invoke-TokenAllocation, each in a new PowerShell.</summary>
    /// <param name="vectors">Vectors; 0 for none.</param>
    /// <param name="agents">Agents; 0 for none.</param>
    /// <param name="module">The module's manifest.</param>
    /// <param name="folder">Where the files are written, and removed.</param>
    /// <returns>0.</returns>
    public static int Memory(int vectors, int agents, string module, string folder)
    {
        string own = Path.Combine(folder, "qosvaluation-scale");
        Directory.CreateDirectory(own);
        try
        {
            File.WriteAllText(Path.Combine(own, "scale.ps1"), Script);
            Environment.SetEnvironmentVariable("QOSVALUATION_BENCH_MODULE", Path.GetFullPath(module));
            Environment.SetEnvironmentVariable("QOSVALUATION_BENCH_PATH", own);
            Environment.SetEnvironmentVariable("QOSVALUATION_BENCH_SUPPLY", (2L * agents).ToString(CultureInfo.InvariantCulture));
            if (vectors > 0)
            {
                WriteVectors(Path.Combine(own, "vectors.parquet"), vectors);
                Line($"{vectors:N0} vectors of {Dimension} through Import-Embedding | Group-Embedding -WithoutMember: {Ask(own, "vectors")}");
            }

            if (agents > 0)
            {
                WriteAgents(own, agents);
                Line($"{agents:N0} agents through Invoke-TokenAllocation, .npy: {Ask(own, "agents")}");
                Line($"{agents:N0} agents through Invoke-TokenAllocation, .csv: {Ask(own, "agents-csv")}");
            }
        }
        finally
        {
            Directory.Delete(own, recursive: true);
        }

        return 0;
    }

    private static string Ask(string folder, string work)
    {
        Environment.SetEnvironmentVariable("QOSVALUATION_BENCH_WORK", work);
        using Process shell = Turns.Start("dotnet", "pwsh", "-NoProfile", "-NonInteractive", "-File", Path.Combine(folder, "scale.ps1"));
        string said = shell.StandardOutput.ReadToEnd().Trim();
        shell.WaitForExit();
        return shell.ExitCode == 0 ? said : throw new InvalidOperationException($"PowerShell ended with {shell.ExitCode}: {said}");
    }

    private static void WriteVectors(string path, int count)
    {
        var clock = Stopwatch.StartNew();
        var stream = new ClusteringBenchmark.RecordStream(100);
        using var writer = EmbeddingWriter.Create(path);
        for (int i = 0; i < count; i++)
        {
            float[] vector = new float[Dimension];
            stream.Draw(vector);
            string name = string.Create(CultureInfo.InvariantCulture, $"/photographs/{i:D8}.jpg");
            writer.Write(new ClipEmbedding { Source = name, Item = name, Modality = Modality.Image, Vector = vector, Ordinal = i });
        }

        writer.Complete();
        Line($"{count:N0} vectors written in {clock.Elapsed.TotalSeconds:F0} s, {new FileInfo(path).Length >> 20:N0} MiB");
    }

    private static void WriteAgents(string folder, int count)
    {
        RandomSource random = RandomSource.Create(1);
        double[] values = [.. Enumerable.Range(0, count).Select(_ => random.NextDouble())];
        using (FileStream stream = File.Create(Path.Combine(folder, "values.npy")))
        {
            string header = $"{{'descr': '<f8', 'fortran_order': False, 'shape': ({count.ToString(CultureInfo.InvariantCulture)},), }}";
            stream.Write([0x93, .. "NUMPY"u8, 1, 0, 118, 0]);
            stream.Write(System.Text.Encoding.ASCII.GetBytes(header.PadRight(117) + "\n"));
            stream.Write(System.Runtime.InteropServices.MemoryMarshal.AsBytes(values.AsSpan()));
        }

        using StreamWriter csv = File.CreateText(Path.Combine(folder, "agents.csv"));
        csv.WriteLine("Agent,Value");
        for (int i = 0; i < count; i++)
        {
            csv.WriteLine(string.Create(CultureInfo.InvariantCulture, $"agent{i},{values[i]:R}"));
        }
    }

    private static void Line(FormattableString line) => Console.WriteLine(line.ToString(CultureInfo.InvariantCulture));

    /// <summary>A stream of what was written; 200,000 clusters of 512 are 400 MB.</summary>
    private sealed class MemoryStreams : IDisposable
    {
        private readonly MemoryStream _stream = new();

        public MemoryStreams() => Writer = new BinaryWriter(_stream);

        public BinaryWriter Writer { get; }

        public BinaryReader Reader()
        {
            Writer.Flush();
            _stream.Position = 0;
            return new BinaryReader(_stream);
        }

        public void Dispose()
        {
            Writer.Dispose();
            _stream.Dispose();
        }
    }
}
