using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using QosValuation.Foundation.Numerics;
using QosValuation.Foundation.Randomness;
using QosValuation.Valuation.MarginalUtility;

namespace QosValuation.Bench;

/// <summary>Exact kNN-Shapley values of very many points against plain NumPy, in turns.</summary>
internal static class MarginalUtilityBenchmark
{
    private const int Dimension = 512;
    private const int Classes = 80;
    internal const int Neighbors = 10;

    /// <summary>Measures in turns, then prints medians and the largest difference of the values.</summary>
    /// <param name="points">Training points.</param>
    /// <param name="tests">Test points.</param>
    /// <param name="threads">The most threads.</param>
    /// <param name="repeats">The number of turns.</param>
    /// <param name="python">The Python that has NumPy; null measures no peer.</param>
    /// <returns>0.</returns>
    public static int Run(int points, int tests, int threads, int repeats, string? python)
    {
        RandomSource random = RandomSource.Create(1);
        (float[][] train, int[] labels) = Draw(points, random);
        (float[][] test, int[] testLabels) = Draw(tests, random);
        string folder = Directory.CreateTempSubdirectory("qosvaluation-bench-").FullName;
        try
        {
            long before = GC.GetTotalMemory(forceFullCollection: true);
            ValuationProblem problem = Problem(train, labels, test, testLabels);
            var options = new MarginalUtilityOptions { Neighbors = Neighbors, MaximumThreads = threads };
            using PeerProcess? peer = python is null ? null : StartPeer(python, folder, train, labels, test, testLabels);
            double[] values = [];
            List<double> own = [], other = [], processor = [], otherProcessor = [];
            for (int turn = -1; turn < repeats; turn++)
            {
                TimeSpan used = Environment.CpuUsage.TotalTime;
                long start = Stopwatch.GetTimestamp();
                values = [.. MarginalUtilityMeasurement.Run(problem, options).Select(row => row.Value)];
                double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
                double cores = (Environment.CpuUsage.TotalTime - used).TotalSeconds;
                double[] peerSeconds = [double.NaN, double.NaN];
                if (peer is not null)
                {
                    Timing taken = peer.Run();
                    peerSeconds = [taken.Clock, taken.Processor];
                }

                // The turn before the first warms up.
                if (turn >= 0)
                {
                    own.Add(seconds);
                    processor.Add(cores);
                    other.Add(peerSeconds[0]);
                    otherProcessor.Add(peerSeconds[1]);
                }
            }

            using var self = Process.GetCurrentProcess();
            Line($"{points:N0} points of {Dimension} components, {tests:N0} test points, K = {Neighbors}; {threads} threads; medians of {repeats} turns");
            Line($"own:              {Median(own),7:F3} s, {Median(processor):F3} s of processor time");
            if (peer is not null)
            {
                double[] found = Load(Path.Combine(folder, "peer.npy"), points);
                Line($"plain NumPy:      {Median(other),7:F3} s, {Median(otherProcessor):F3} s of processor time");
                Line($"NumPy / own:      {Median([.. other.Zip(own, (x, y) => x / y)]):F1} by the clock, {Median([.. otherProcessor.Zip(processor, (x, y) => x / y)]):F1} by processor time");
                Line($"largest difference of the values {values.Zip(found, (x, y) => Math.Abs(x - y)).Max():E1}, largest value {values.Max():E1}");
            }

            Line($"memory: {(long)points * Dimension * sizeof(float) >> 20:N0} MiB of vectors; {GC.GetTotalMemory(forceFullCollection: true) - before >> 20:N0} MiB kept beside them; peak {self.PeakWorkingSet64 >> 20:N0} MiB");
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }

        return 0;
    }

    /// <summary>Every training point is a player.</summary>
    internal static ValuationProblem Problem(float[][] train, int[] labels, float[][] test, int[] testLabels) => new(
        new LabelledPoints(train, labels),
        new LabelledPoints(test, testLabels),
        Classes,
        [.. Enumerable.Range(0, train.Length).Select(i => new UtilityPlayer(string.Empty, i.ToString(CultureInfo.InvariantCulture)))],
        [.. Enumerable.Range(0, train.Length)]);

    internal static (float[][] Vectors, int[] Labels) Draw(int count, RandomSource random)
    {
        float[][] vectors = new float[count][];
        for (int i = 0; i < count; i++)
        {
            vectors[i] = new float[Dimension];
            for (int k = 0; k < Dimension; k++)
            {
                vectors[i][k] = (float)random.NextNormal();
            }

            UnitVector.TryNormalize(vectors[i]);
        }

        return (vectors, [.. Enumerable.Range(0, count).Select(_ => random.NextInt32(Classes))]);
    }

    internal static PeerProcess StartPeer(string python, string folder, float[][] train, int[] labels, float[][] test, int[] testLabels)
    {
        Save(Path.Combine(folder, "train.npy"), "<f4", $"({train.Length}, {Dimension})", train.Select(row => MemoryMarshal.AsBytes(row.AsSpan()).ToArray()));
        Save(Path.Combine(folder, "test.npy"), "<f4", $"({test.Length}, {Dimension})", test.Select(row => MemoryMarshal.AsBytes(row.AsSpan()).ToArray()));
        Save(Path.Combine(folder, "train_labels.npy"), "<i4", $"({labels.Length},)", [MemoryMarshal.AsBytes(labels.AsSpan()).ToArray()]);
        Save(Path.Combine(folder, "test_labels.npy"), "<i4", $"({testLabels.Length},)", [MemoryMarshal.AsBytes(testLabels.AsSpan()).ToArray()]);
        return new PeerProcess(python, "knn_shapley.py", folder, Neighbors.ToString(CultureInfo.InvariantCulture));
    }

    internal static void Save(string path, string type, string shape, IEnumerable<byte[]> rows)
    {
        using FileStream file = File.Create(path);
        string header = $"{{'descr': '{type}', 'fortran_order': False, 'shape': {shape}, }}";
        header = header.PadRight((((header.Length + 11) / 64) + 1) * 64 - 11) + "\n";
        file.Write([0x93, .. "NUMPY"u8, 1, 0, (byte)header.Length, (byte)(header.Length >> 8), .. Encoding.ASCII.GetBytes(header)]);
        foreach (byte[] row in rows)
        {
            file.Write(row);
        }
    }

    internal static double[] Load(string path, int count)
    {
        byte[] bytes = File.ReadAllBytes(path);
        return MemoryMarshal.Cast<byte, double>(bytes.AsSpan(bytes.Length - (count * sizeof(double)))).ToArray();
    }

    internal static double Median(List<double> values)
    {
        double[] sorted = [.. values.Order()];
        return sorted[sorted.Length / 2];
    }

    internal static void Line(FormattableString line) => Console.WriteLine(line.ToString(CultureInfo.InvariantCulture));
}
