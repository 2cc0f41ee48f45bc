using System.Diagnostics;
using QosValuation.Allocation.Schemes;
using QosValuation.Foundation.IO;
using QosValuation.Foundation.Randomness;

namespace QosValuation.Bench;

/// <summary>Allocations of very many agents against a plain copy of the same bytes, in one run.</summary>
internal static class AllocationBenchmark
{
    private static readonly AllocationScheme[] Schemes =
        [AllocationScheme.Proposed, AllocationScheme.WaterFilling, AllocationScheme.MaxWelfare, AllocationScheme.RoundRobin, AllocationScheme.MaxMin, AllocationScheme.Random];

    // NumPy's argsort of the values, quick and stable.
    private const string Peer = """
        import sys, time
        import numpy as np
        values = np.load(sys.argv[1])
        print("ready", flush=True)
        for line in sys.stdin:
            start, used = time.perf_counter(), time.process_time()
            np.argsort(values, kind=line.strip())
            print(time.perf_counter() - start, time.process_time() - used, flush=True)
        """;

    public static int Run(int agents, int repeats, string? python)
    {
        RandomSource random = RandomSource.Create(1);
        double[] values = new double[agents];
        double[] room = new double[agents];
        double[] remaining = new double[agents];
        double[] tokens = new double[agents];
        for (int i = 0; i < agents; i++)
        {
            values[i] = Math.Exp(random.NextNormal());
            remaining[i] = random.NextDouble();
            room[i] = 4 - remaining[i];
        }

        double supply = 2.0 * agents;

        // An allocation reads v and the room and writes u: 24 bytes an agent. A copy of 12 bytes an agent reads and writes as many.
        double[] source = new double[agents + (agents / 2)];
        double[] target = new double[source.Length];
        Console.WriteLine($"{agents:N0} agents, {24.0 * agents / 1e6:N1} MB read and written by one allocation, median of {repeats} runs in turn");
        Console.WriteLine($"{"",-14}{"ms",10}{"GB/s",10}{"of copy",10}");
        double[] copies = new double[repeats];
        double[][] times = [.. Schemes.Select(_ => new double[repeats])];
        for (int repeat = -1; repeat < repeats; repeat++)
        {
            // The run before the first warms up.
            double copy = Time(() => source.AsSpan().CopyTo(target));
            for (int s = 0; s < Schemes.Length; s++)
            {
                double time = Time(() => TokenAllocator.Allocate(Schemes[s], values, room, remaining, supply, false, random, tokens));
                times[s][Math.Max(0, repeat)] = time;
            }

            copies[Math.Max(0, repeat)] = copy;
        }

        double plain = Median(copies);
        Print("plain copy", plain, plain, agents);
        for (int s = 0; s < Schemes.Length; s++)
        {
            Print(Schemes[s].ToString(), Median(times[s]), plain, agents);
        }

        if (python is not null)
        {
            Console.WriteLine();
            foreach (Turns turns in MeasureSorting(values, room, remaining, supply, repeats, python))
            {
                turns.Print();
            }
        }

        return 0;
    }

    /// <summary>The schemes that sort against NumPy's argsort of as many doubles, in turns; the one before the first warms both sides up.</summary>
    public static IReadOnlyList<Turns> MeasureSorting(double[] values, double[] room, double[] remaining, double supply, int repeats, string python)
    {
        string file = Path.GetTempFileName();
        try
        {
            using (FileStream stream = File.Create(file))
            {
                NpyColumn.Write(stream, values);
            }

            using Process peer = Turns.Start(python, "-c", Peer, file);
            double[] tokens = new double[values.Length];
            (AllocationScheme Scheme, string Kind)[] works =
            [
                (AllocationScheme.MaxWelfare, "quicksort"), (AllocationScheme.MaxWelfare, "stable"), (AllocationScheme.MaxMin, "quicksort"), (AllocationScheme.MaxMin, "stable"),
            ];
            Turns[] measured = [.. works.Select(work => new Turns($"{work.Scheme}, {values.Length:N0} agents", $"NumPy {work.Kind}"))];
            for (int turn = -1; turn < repeats; turn++)
            {
                for (int i = 0; i < works.Length; i++)
                {
                    (AllocationScheme scheme, string kind) = works[i];
                    (double, double) own = Turns.Time(() => TokenAllocator.Allocate(scheme, values, room, remaining, supply, false, null, tokens));
                    (double, double) other = Turns.Ask(peer, kind);
                    if (turn >= 0)
                    {
                        measured[i].Add(own, other);
                    }
                }
            }

            peer.StandardInput.Close();
            peer.WaitForExit();
            return measured;
        }
        finally
        {
            File.Delete(file);
        }
    }

    private static void Print(string name, double milliseconds, double plain, int agents) =>
        Console.WriteLine($"{name,-14}{milliseconds,10:F3}{24.0 * agents / milliseconds / 1e6,10:F2}{plain / milliseconds,10:P0}");

    private static double Time(Action action)
    {
        long start = Stopwatch.GetTimestamp();
        action();
        return Stopwatch.GetElapsedTime(start).TotalMilliseconds;
    }

    private static double Median(double[] times)
    {
        Array.Sort(times);
        return times[times.Length / 2];
    }
}
