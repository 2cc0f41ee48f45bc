using System.Diagnostics;
using System.Globalization;
using QosValuation.Foundation.IO;
using QosValuation.Foundation.Randomness;
using QosValuation.Markets.Auctions;

namespace QosValuation.Bench;

/// <summary>Auctions of very many offers against NumPy on the same columns, in turns within one run.</summary>
internal static class AuctionBenchmark
{
    public static int Run(int bids, int repeats, string python)
    {
        (double[] costs, double[] qualities, double[] utilities, double budget) = Draw(bids);
        string folder = Directory.CreateTempSubdirectory("auction").FullName;
        try
        {
            Save(folder, costs, qualities, utilities);
            using var peer = new PeerProcess(python, "auction.py", folder, budget.ToString("R", CultureInfo.InvariantCulture));
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
                    int turn = Math.Max(0, repeat);
                    Timing taken = peer.Run(mechanism.ToString());
                    (theirs[turn], theirProcessor[turn]) = (taken.Clock * 1e3, taken.Processor * 1e3);
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

            return 0;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>Draws offers.</summary>
    /// <param name="bids">Their number.</param>
    /// <returns>Their columns, and a budget of three tenths of all costs.</returns>
    internal static (double[] Costs, double[] Qualities, double[] Utilities, double Budget) Draw(int bids)
    {
        RandomSource random = RandomSource.Create(1);
        double[] Column(Func<double> draw) => [.. Enumerable.Range(0, bids).Select(_ => draw())];
        double[] costs = Column(random.NextDouble);
        return (costs, Column(() => 0.2 + 0.8 * random.NextDouble()), Column(() => Math.Exp(random.NextNormal())), 0.3 * costs.Sum());
    }

    /// <summary>Writes the columns as auction.py reads them.</summary>
    internal static void Save(string folder, double[] costs, double[] qualities, double[] utilities)
    {
        foreach ((string name, double[] column) in new[] { ("cost", costs), ("quality", qualities), ("utility", utilities) })
        {
            using FileStream stream = File.Create(Path.Combine(folder, name + ".npy"));
            NpyColumn.Write(stream, column);
        }
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
