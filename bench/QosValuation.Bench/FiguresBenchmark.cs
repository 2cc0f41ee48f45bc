using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using QosValuation.Allocation.Simulation;

namespace QosValuation.Bench;

/// <summary>Figures 4 and 5 whole, by three schemes, against vectorised NumPy, in turns.</summary>
internal static class FiguresBenchmark
{
    private static readonly AllocationScheme[] Schemes = [AllocationScheme.Proposed, AllocationScheme.Random, AllocationScheme.RoundRobin];

    /// <summary>Measures, and prints the medians.</summary>
    /// <param name="rounds">The rounds of a point.</param>
    /// <param name="repeats">The number of turns.</param>
    /// <param name="python">A Python that has NumPy.</param>
    /// <param name="peerFolder">The folder of allocation_figures.py.</param>
    /// <returns>0.</returns>
    public static int Run(int rounds, int repeats, string python, string peerFolder)
    {
        (Turns turns, double farthest) = Measure(rounds, repeats, python, peerFolder);
        turns.Print();
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  the means of both differ by at most {farthest:F1} standard errors"));
        return 0;
    }

    /// <summary>Our processor time where there is no peer.</summary>
    /// <param name="rounds">The rounds of a point.</param>
    /// <returns>Seconds, after a turn that warms up.</returns>
    public static double Alone(int rounds)
    {
        (AllocationSimulationOptions four, AllocationSimulationOptions five) = Figures(rounds);
        void Run()
        {
            _ = AllocationSimulation.Run(four).Count();
            _ = AllocationSimulation.Run(five).Count();
        }

        _ = Turns.Time(Run);
        return Turns.Time(Run).Processor;
    }

    /// <summary>Measures in turns; the one before the first warms both sides up.</summary>
    /// <param name="rounds">The rounds of a point.</param>
    /// <param name="repeats">The number of turns.</param>
    /// <param name="python">A Python that has NumPy.</param>
    /// <param name="peerFolder">The folder of allocation_figures.py.</param>
    /// <returns>The times, and by how many of their standard errors the means of both sides differ at most.</returns>
    public static (Turns Turns, double Farthest) Measure(int rounds, int repeats, string python, string peerFolder)
    {
        (AllocationSimulationOptions four, AllocationSimulationOptions five) = Figures(rounds);
        var turns = new Turns($"Figures 4 and 5, three schemes, {rounds:N0} rounds a point", "NumPy");
        string folder = Directory.CreateTempSubdirectory("qosvaluation-bench-").FullName;
        try
        {
            using Process peer = Turns.Start(
                python, Path.Combine(peerFolder, "allocation_figures.py"), folder, rounds.ToString(CultureInfo.InvariantCulture));
            AllocationSimulationResult[] rows = [];
            for (int turn = -1; turn < repeats; turn++)
            {
                (double, double) own = Turns.Time(() => rows = [.. AllocationSimulation.Run(four), .. AllocationSimulation.Run(five)]);
                (double, double) other = Turns.Ask(peer, "run");
                if (turn >= 0)
                {
                    turns.Add(own, other);
                }
            }

            peer.StandardInput.Close();
            peer.WaitForExit();
            return (turns, Farthest(rows, Path.Combine(folder, "figures.npy")));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static (AllocationSimulationOptions Four, AllocationSimulationOptions Five) Figures(int rounds)
    {
        var four = new AllocationSimulationOptions { Alphas = [0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 1, 2, 5, 10], Schemes = Schemes, Rounds = rounds, Seed = 1 };
        return (four, four with { Alphas = [0.5], Agents = [100, 200, 300, 400, 500, 750, 1000, 1500, 2000] });
    }

    // The array holds, for each point and scheme, mean, standard error and three quantiles of Jain and then of Gini.
    private static double Farthest(AllocationSimulationResult[] rows, string path)
    {
        byte[] bytes = File.ReadAllBytes(path);
        ReadOnlySpan<double> found = MemoryMarshal.Cast<byte, double>(bytes.AsSpan(bytes.Length - (rows.Length * 10 * sizeof(double))));
        double farthest = 0;
        for (int i = 0; i < rows.Length; i++)
        {
            AllocationSimulationResult row = rows[i];
            farthest = Math.Max(farthest, Distance(row.Jain, row.JainStandardError, found[i * 10], found[(i * 10) + 1]));
            farthest = Math.Max(farthest, Distance(row.Gini, row.GiniStandardError, found[(i * 10) + 5], found[(i * 10) + 6]));
        }

        return farthest;
    }

    private static double Distance(double mean, double error, double otherMean, double otherError) =>
        Math.Abs(mean - otherMean) / Math.Max(Math.Sqrt((error * error) + (otherError * otherError)), 1e-12);
}
