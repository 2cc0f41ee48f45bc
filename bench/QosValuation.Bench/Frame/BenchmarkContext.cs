using System.Globalization;

namespace QosValuation.Bench;

/// <summary>What benchmarks share: how many turns, which peers, and where files may be written.</summary>
/// <param name="isShort">Whether this is the short run of the tests.</param>
/// <param name="turns">The turns that count; one more warms up.</param>
/// <param name="folder">An empty folder for files.</param>
/// <param name="images">A folder of photographs; null has some drawn.</param>
/// <param name="models">Names or folders of the models to measure.</param>
internal sealed class BenchmarkContext(bool isShort, int turns, string folder, string? images, IReadOnlyList<string> models)
{
    /// <summary>Whether sizes shall be small and no peer outside this process be asked.</summary>
    public bool IsShort => isShort;

    /// <summary>The number of turns that count.</summary>
    public int Turns => turns;

    /// <summary>A folder for files, deleted at the end.</summary>
    public string Folder => folder;

    /// <summary>A folder of photographs; null where none was named.</summary>
    public string? Images => images;

    /// <summary>The models to measure.</summary>
    public IReadOnlyList<string> Models => models;

    /// <summary>Programs of others on this machine.</summary>
    public Peers Peers { get; } = new();

    /// <summary>The processes that wanted a processor, on average over the last minute; null where the system does not tell.</summary>
    public static double? Load => File.Exists("/proc/loadavg")
        ? double.Parse(File.ReadAllText("/proc/loadavg").Split(' ')[0], CultureInfo.InvariantCulture)
        : null;

    /// <summary>Measures both sides in turns; the turn before the first warms up.</summary>
    /// <param name="work">Names the work; with the peer it is the key of the recorded ratio.</param>
    /// <param name="peer">Names the peer, with its version, or the limit.</param>
    /// <param name="ours">Does our work once.</param>
    /// <param name="theirs">Does the peer's; null where it is absent, which <paramref name="peer"/> says.</param>
    /// <param name="goal">The least ratio that is wanted.</param>
    /// <param name="byClock">Whether the clock counts instead of processor time.</param>
    /// <returns>The row.</returns>
    public BenchmarkResult Compare(string work, string peer, Func<Timing> ours, Func<Timing>? theirs, double? goal = null, bool byClock = false)
    {
        double[] own = new double[turns];
        double[] other = new double[turns];
        for (int turn = -1; turn < turns; turn++)
        {
            Timing first = ours();
            Timing second = theirs?.Invoke() ?? default;
            if (turn >= 0)
            {
                own[turn] = Math.Max(1e-9, byClock ? first.Clock : first.Processor);
                other[turn] = byClock ? second.Clock : second.Processor;
            }
        }

        return Row(work, peer, own, theirs is null ? null : other, goal, byClock);
    }

    /// <summary>A row of times that were measured elsewhere.</summary>
    /// <param name="work">Names the work.</param>
    /// <param name="peer">Names the peer.</param>
    /// <param name="ours">Our seconds of each turn.</param>
    /// <param name="theirs">The peer's of the same turns; null where it is absent.</param>
    /// <param name="goal">The least ratio that is wanted.</param>
    /// <param name="byClock">Whether the times are by the clock.</param>
    /// <returns>The row.</returns>
    public static BenchmarkResult Row(string work, string peer, IReadOnlyList<double> ours, IReadOnlyList<double>? theirs, double? goal = null, bool byClock = false)
    {
        double[]? ratios = theirs is null ? null : [.. theirs.Zip(ours, (their, our) => their / our)];
        double? ratio = ratios is null ? null : Median(ratios);
        return new BenchmarkResult
        {
            Work = work,
            Ours = Median(ours),
            Peer = peer,
            PeerTime = theirs is null ? null : Median(theirs),
            Ratio = ratio,
            BestRatio = theirs is null ? null : theirs.Min() / ours.Min(),
            Goal = goal,
            Verdict = ratio is null ? "absent" : peer.Contains(Peers.ReferenceBlas, StringComparison.Ordinal) ? "slow peer" : goal is null ? "no goal" : ratio >= goal ? "reached" : "missed",
            Noise = ratios is { Length: > 1 } ? (ratios.Max() - ratios.Min()) / ratio : null,
            Time = byClock ? "clock" : "processor",
            Turns = ours.Count,
            Load = Load,
        };
    }

    private static double Median(IReadOnlyList<double> values)
    {
        double[] sorted = [.. values.Order()];
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }
}
