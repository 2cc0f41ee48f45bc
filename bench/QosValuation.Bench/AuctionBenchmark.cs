using System.Diagnostics;
using System.Globalization;
using QosValuation.Foundation.IO;
using QosValuation.Foundation.Randomness;
using QosValuation.Markets.Auctions;

namespace QosValuation.Bench;

/// <summary>Auctions of very many offers against NumPy on the same columns, in turns within one run.</summary>
internal static class AuctionBenchmark
{
    // NumPy's side: prefix sums and a vectorised binary search for the crossing of money left and next density, and one price per value.
    private const string Peer = """
        import sys, time
        import numpy as np
        c, q, phi = (np.load(f"{sys.argv[1]}/{name}.npy") for name in ("cost", "quality", "utility"))
        B = float(sys.argv[2])

        def ordered():
            v = q * phi
            psi = c / v
            order = np.argsort(psi, kind="stable")
            return v[order], c[order], psi[order], order

        def qmia():
            v, cost, psi, order = ordered()
            n = len(cost)
            total = np.cumsum(cost)
            k = int(np.searchsorted(total, B, side="right"))
            nxt = np.append(psi[1:], np.inf)
            lo = np.arange(k)
            hi = np.full(k, n - 1)
            while (lo < hi).any():
                mid = (lo + hi) // 2
                crossed = B - (total[mid] - cost[:k]) <= v[:k] * nxt[mid]
                hi = np.where(crossed, mid, hi)
                lo = np.where(crossed, lo, np.minimum(mid + 1, hi))
            first = np.arange(k)
            best = np.minimum(B - (total[lo] - cost[:k]), v[:k] * nxt[lo])
            before = np.maximum(lo - 1, first)
            best = np.maximum(best, np.minimum(B - (total[before] - cost[:k]), v[:k] * nxt[before]))
            p = np.zeros(n)
            p[order[:k]] = np.maximum(best, cost[:k])
            return p

        def share():
            v, cost, psi, order = ordered()
            value = np.cumsum(v)
            fails = np.flatnonzero(cost > B * v / value)
            k = int(fails[0]) if len(fails) else len(cost)
            price = min(B / value[k - 1], psi[k] if k < len(cost) else np.inf)
            p = np.zeros(len(cost))
            p[order[:k]] = price * v[:k]
            return p

        for line in sys.stdin:
            name = line.strip()
            start, used = time.perf_counter(), time.process_time()
            p = qmia() if name == "QMia" else share()
            seconds, processor = time.perf_counter() - start, time.process_time() - used
            print(seconds * 1e3, processor * 1e3, flush=True)
            np.save(f"{sys.argv[1]}/{name}.npy", p)
            print("saved", flush=True)
        """;

    public static int Run(int bids, int repeats, string python)
    {
        RandomSource random = RandomSource.Create(1);
        double[] Column(Func<double> draw) => [.. Enumerable.Range(0, bids).Select(_ => draw())];
        double[] costs = Column(random.NextDouble);
        double[] qualities = Column(() => 0.2 + 0.8 * random.NextDouble());
        double[] utilities = Column(() => Math.Exp(random.NextNormal()));
        double budget = 0.3 * costs.Sum();
        string folder = Directory.CreateTempSubdirectory("auction").FullName;
        try
        {
            Save(Path.Combine(folder, "cost.npy"), costs);
            Save(Path.Combine(folder, "quality.npy"), qualities);
            Save(Path.Combine(folder, "utility.npy"), utilities);
            string script = Path.Combine(folder, "peer.py");
            File.WriteAllText(script, Peer);
            using Process peer = Process.Start(new ProcessStartInfo(python, [script, folder, budget.ToString("R", CultureInfo.InvariantCulture)])
            {
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
            })!;
            Console.WriteLine($"{bids:N0} offers, medians of {repeats} turns; NumPy in its own process, both with columns in memory");
            Console.WriteLine($"{"",-30}{"NumPy ms",10}{"ours ms",10}{"ratio",8}{"least",8}{"most",8}");
            foreach (AuctionMechanism mechanism in new[] { AuctionMechanism.QMia, AuctionMechanism.ProportionalShare })
            {
                double[] theirs = new double[repeats];
                double[] ours = new double[repeats];
                double[] theirProcessor = new double[repeats];
                double[] ourProcessor = new double[repeats];
                double[] payments = [];
                for (int repeat = -2; repeat < repeats; repeat++)
                {
                    // The turns before the first warm both sides up.
                    peer.StandardInput.WriteLine(mechanism);
                    int turn = Math.Max(0, repeat);
                    double[] taken = Array.ConvertAll(peer.StandardOutput.ReadLine()!.Split(' '), number => double.Parse(number, CultureInfo.InvariantCulture));
                    (theirs[turn], theirProcessor[turn]) = (taken[0], taken[1]);
                    peer.StandardOutput.ReadLine();
                    TimeSpan used = Environment.CpuUsage.TotalTime;
                    long start = Stopwatch.GetTimestamp();
                    payments = DataAuctioneer.Run(costs, qualities, utilities, new AuctionOptions { Mechanism = mechanism, Budget = budget }).Payment;
                    ours[turn] = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
                    ourProcessor[turn] = (Environment.CpuUsage.TotalTime - used).TotalMilliseconds;
                }

                double[] reference = NpyColumn.Read(Path.Combine(folder, mechanism + ".npy"));
                double difference = payments.Zip(reference, (a, b) => Math.Abs(a - b)).Max();
                Line($"{mechanism + ", clock",-30}", theirs, ours);
                Line($"{mechanism + ", processor",-30}", theirProcessor, ourProcessor);
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{"largest difference",-30}{difference:E1}"));
            }

            peer.StandardInput.Close();
            peer.WaitForExit();
            return 0;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static void Save(string path, double[] column)
    {
        using FileStream stream = File.Create(path);
        NpyColumn.Write(stream, column);
    }

    // Medians, the median of the turns' ratios, and the least and the most of these.
    private static void Line(string name, double[] theirs, double[] ours)
    {
        double[] ratios = [.. theirs.Zip(ours, (x, y) => x / y)];
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{name}{Median([.. theirs]),10:F1}{Median([.. ours]),10:F1}{Median(ratios),8:F1}{ratios.Min(),8:F1}{ratios.Max(),8:F1}"));
    }

    private static double Median(double[] times)
    {
        Array.Sort(times);
        return times[times.Length / 2];
    }
}
