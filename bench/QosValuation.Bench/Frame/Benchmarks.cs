using System.Globalization;
using System.Text;
using System.Text.Json;

namespace QosValuation.Bench;

/// <summary>All that is measured beside peers, and the runs over it.</summary>
internal static class Benchmarks
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    /// <summary>The benchmarks in the order of the table.</summary>
    public static IReadOnlyList<IBenchmark> All { get; } =
    [
        new AllocationRows(),
        new FiguresRows(),
        new AuctionRows(),
        new ClusteringRows(),
        new DensityRows(),
        new KMeansRows(),
        new MarginalUtilityRows(),
        new LocalTrainingRows(),
        new NoiseRows(),
        new GradientRows(),
        new EmbeddingRows(),
        new PhotographRows(),
        new PipelineRows(),
        new FirstResultRows(),
        new JobRows(),
    ];

    /// <summary>Measures all and prints one table.</summary>
    /// <param name="only">Names of benchmarks; empty for all.</param>
    /// <param name="turns">The turns of each.</param>
    /// <param name="images">A folder of photographs; null has some drawn.</param>
    /// <param name="models">The models.</param>
    /// <param name="json">Receives the rows; null for none.</param>
    /// <param name="page">A Markdown file whose table between the marks is replaced; null for none.</param>
    /// <returns>0, or 1 where a benchmark failed.</returns>
    public static int Run(IReadOnlyList<string> only, int turns, string? images, IReadOnlyList<string> models, string? json, string? page)
    {
        (List<BenchmarkResult> rows, bool failed) = Measure(only, isShort: false, turns, images, models);
        string noise = Noise(rows);
        Print(rows);
        Console.WriteLine(noise);
        if (json is not null)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(json))!);
            File.WriteAllText(json, JsonSerializer.Serialize(rows, Indented) + "\n");
        }

        if (page is not null && only.Count == 0 && !failed)
        {
            Keep(page, Markdown(rows) + "\n" + noise + "\n");
        }

        return failed ? 1 : 0;
    }

    /// <summary>Measures in short what is guarded, and compares with the recorded ratios.</summary>
    /// <param name="recorded">The file of recorded ratios, a JSON object from a row's name to its ratio.</param>
    /// <param name="record">Whether the file is written instead.</param>
    /// <returns>0, or 1 where a ratio is below half of what was recorded.</returns>
    public static int Guard(string recorded, bool record)
    {
        const int Turns = 5;
        (List<BenchmarkResult> rows, bool failed) = Measure([], isShort: true, Turns, null, []);
        Dictionary<string, double> found = rows.Where(row => row.BestRatio is not null).ToDictionary(Key, row => row.BestRatio!.Value, StringComparer.Ordinal);
        if (record)
        {
            File.WriteAllText(recorded, JsonSerializer.Serialize(found.ToDictionary(pair => pair.Key, pair => Math.Round(pair.Value, 4)), Indented) + "\n");
            return failed ? 1 : 0;
        }

        Dictionary<string, double> before = JsonSerializer.Deserialize<Dictionary<string, double>>(File.ReadAllText(recorded))!;
        foreach ((string key, double ratio) in found)
        {
            if (!before.TryGetValue(key, out double wanted))
            {
                Say($"no ratio is recorded for {key}: run the bench with 'guard --record'");
                failed = true;
                continue;
            }

            bool isLost = ratio < wanted / 2;
            failed |= isLost;
            Say($"{(isLost ? "LOST" : "kept"),-5}{key,-90} {ratio,9:G4} of {wanted:G4}");
        }

        foreach (string key in before.Keys.Except(found.Keys, StringComparer.Ordinal))
        {
            Say($"{key} was recorded, and was not measured");
            failed = true;
        }

        return failed ? 1 : 0;
    }

    private static (List<BenchmarkResult> Rows, bool Failed) Measure(
        IReadOnlyList<string> only, bool isShort, int turns, string? images, IReadOnlyList<string> models)
    {
        string[] unknown = [.. only.Except(All.Select(benchmark => benchmark.Name), StringComparer.Ordinal)];
        if (unknown.Length > 0)
        {
            throw new InvalidOperationException($"There is no benchmark {string.Join(", ", unknown)}; there are {string.Join(", ", All.Select(one => one.Name))}.");
        }

        string folder = Directory.CreateTempSubdirectory("qosvaluation-bench-").FullName;
        var rows = new List<BenchmarkResult>();
        bool failed = false;
        try
        {
            var context = new BenchmarkContext(isShort, turns, folder, images, models);
            foreach (IBenchmark benchmark in All.Where(one => only.Count == 0 ? !isShort || one.IsGuarded : only.Contains(one.Name)))
            {
                try
                {
                    if (!isShort)
                    {
                        Console.Error.WriteLine($"measuring {benchmark.Name} …");
                    }

                    rows.AddRange(benchmark.Measure(context));
                }
                catch (Exception error) when (error is InvalidOperationException or IOException or QosValuationException)
                {
                    // One that fails does not keep the others from being measured; the run has failed all the same.
                    Console.Error.WriteLine($"{benchmark.Name} failed: {error.Message}");
                    failed = true;
                }
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }

        return (rows, failed);
    }

    private static string Key(BenchmarkResult row) => row.Work + " / " + row.Peer;

    private static void Print(List<BenchmarkResult> rows)
    {
        string[][] cells = [["work", "ours", "peer or limit", "its time", "ratio", "goal", "verdict", "noise", "time"], .. rows.Select(Cells)];
        int[] widths = [.. Enumerable.Range(0, cells[0].Length).Select(column => cells.Max(row => row[column].Length))];
        foreach (string[] row in cells)
        {
            Console.WriteLine(string.Join("  ", row.Select((cell, column) => column is 1 or 3 or 4 or 5 or 7 ? cell.PadLeft(widths[column]) : cell.PadRight(widths[column]))).TrimEnd());
        }
    }

    private static string[] Cells(BenchmarkResult row) =>
    [
        row.Work, Seconds(row.Ours), row.Peer, Seconds(row.PeerTime), Number(row.Ratio), Number(row.Goal), row.Verdict,
        row.Noise is { } noise ? noise.ToString("P0", CultureInfo.InvariantCulture) : "–", row.Time,
    ];

    private static string Markdown(List<BenchmarkResult> rows)
    {
        var text = new StringBuilder("| work | ours | peer or limit | its time | ratio | goal | verdict | noise | time |\n|---|---:|---|---:|---:|---:|---|---:|---|\n");
        foreach (BenchmarkResult row in rows)
        {
            text.Append("| ").AppendJoin(" | ", Cells(row)).Append(" |\n");
        }

        return text.ToString();
    }

    private static string Noise(List<BenchmarkResult> rows)
    {
        double[] spreads = [.. rows.Select(row => row.Noise).OfType<double>().Order()];
        double[] loads = [.. rows.Select(row => row.Load).OfType<double>().Order()];
        string spread = spreads.Length == 0
            ? "no row has several turns"
            : string.Create(CultureInfo.InvariantCulture, $"the turns of a row lay apart by {spreads[spreads.Length / 2]:P0} of its ratio (median; at most {spreads[^1]:P0})");
        string load = loads.Length == 0
            ? "the system does not tell its load"
            : string.Create(CultureInfo.InvariantCulture, $"{loads[0]:F1} to {loads[^1]:F1} programs wanted a processor");
        return string.Create(CultureInfo.InvariantCulture, $"Noise: {spread}; {load}, and there are {Environment.ProcessorCount} processors. {DateTime.UtcNow:yyyy-MM-dd}.");
    }

    private static void Keep(string page, string table)
    {
        const string Begin = "<!-- the last table, written by build.ps1 Bench -->\n";
        const string End = "<!-- end of the last table -->";
        string text = File.ReadAllText(page);
        int first = text.IndexOf(Begin, StringComparison.Ordinal);
        int last = text.IndexOf(End, StringComparison.Ordinal);
        if (first < 0 || last < first)
        {
            throw new InvalidOperationException($"{page} has no marks for the table.");
        }

        File.WriteAllText(page, text[..(first + Begin.Length)] + "\n" + table + "\n" + text[last..]);
    }

    private static string Seconds(double? seconds) => seconds switch
    {
        null => "–",
        < 1e-3 => string.Create(CultureInfo.InvariantCulture, $"{seconds * 1e6:F0} µs"),
        < 1 => string.Create(CultureInfo.InvariantCulture, $"{seconds * 1e3:G3} ms"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{seconds:F2} s"),
    };

    private static string Number(double? number) => number switch
    {
        null => "–",
        >= 100 => number.Value.ToString("F0", CultureInfo.InvariantCulture),
        _ => number.Value.ToString("G3", CultureInfo.InvariantCulture),
    };

    private static void Say(FormattableString text) => Console.WriteLine(text.ToString(CultureInfo.InvariantCulture));
}
