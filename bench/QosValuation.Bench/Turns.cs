using System.Diagnostics;
using System.Globalization;

namespace QosValuation.Bench;

/// <summary>What the turns of one work took, ours and the peer's, in seconds.</summary>
/// <param name="work">What was done.</param>
/// <param name="peer">Who did the same.</param>
internal sealed class Turns(string work, string peer)
{
    private readonly List<(double Clock, double Processor)> _own = [];
    private readonly List<(double Clock, double Processor)> _peer = [];

    public string Work { get; } = work;

    public string Peer { get; } = peer;

    public double OwnClock => Median(_own.Select(turn => turn.Clock));

    public double OwnProcessor => Median(_own.Select(turn => turn.Processor));

    public double PeerClock => Median(_peer.Select(turn => turn.Clock));

    public double PeerProcessor => Median(_peer.Select(turn => turn.Processor));

    /// <summary>The median of the turns' ratios, the peer's time over ours.</summary>
    public double ClockRatio => Median(_own.Zip(_peer, (own, peer) => peer.Clock / own.Clock));

    /// <summary>The same by processor time.</summary>
    public double ProcessorRatio => Median(_own.Zip(_peer, (own, peer) => peer.Processor / own.Processor));

    /// <summary>The least and the most of the turns' ratios by the clock.</summary>
    public (double Least, double Most) ClockRange =>
        (_own.Zip(_peer, (own, peer) => peer.Clock / own.Clock).Min(), _own.Zip(_peer, (own, peer) => peer.Clock / own.Clock).Max());

    /// <summary>Adds a turn.</summary>
    /// <param name="own">Our seconds by the clock and of processor time.</param>
    /// <param name="peer">The peer's.</param>
    public void Add((double Clock, double Processor) own, (double Clock, double Processor) peer)
    {
        _own.Add(own);
        _peer.Add(peer);
    }

    /// <summary>A row of the table of all benchmarks.</summary>
    /// <param name="title">Names the work.</param>
    /// <param name="peerTitle">Names the peer, with its version.</param>
    /// <param name="goal">The least ratio that is wanted.</param>
    /// <param name="byClock">Whether the clock counts instead of processor time.</param>
    /// <returns>The row.</returns>
    public BenchmarkResult Row(string title, string peerTitle, double? goal, bool byClock = false) => BenchmarkContext.Row(
        title,
        peerTitle,
        [.. _own.Select(turn => byClock ? turn.Clock : turn.Processor)],
        [.. _peer.Select(turn => byClock ? turn.Clock : turn.Processor)],
        goal,
        byClock);

    /// <summary>Writes the medians on three lines.</summary>
    public void Print()
    {
        (double least, double most) = ClockRange;
        Line($"{Work}");
        Line($"  own                 {OwnClock,8:F3} s, {OwnProcessor:F3} s of processor time");
        Line($"  {Peer,-20}{PeerClock,8:F3} s, {PeerProcessor:F3} s of processor time");
        Line($"  {Peer} / own: {ClockRatio:F2} by the clock ({least:F2} to {most:F2}), {ProcessorRatio:F2} by processor time");
    }

    /// <summary>Does our work and takes its time.</summary>
    /// <param name="work">The work.</param>
    /// <returns>Seconds by the clock, and of processor time of all threads.</returns>
    public static (double Clock, double Processor) Time(Action work)
    {
        TimeSpan used = Environment.CpuUsage.TotalTime;
        long start = Stopwatch.GetTimestamp();
        work();
        return (Stopwatch.GetElapsedTime(start).TotalSeconds, (Environment.CpuUsage.TotalTime - used).TotalSeconds);
    }

    /// <summary>Asks a peer that takes a line for a turn, and answers with its seconds by the clock and of processor time.</summary>
    /// <param name="peer">The peer's process.</param>
    /// <param name="line">What it is to do.</param>
    /// <returns>Its seconds.</returns>
    public static (double Clock, double Processor) Ask(Process peer, string line)
    {
        peer.StandardInput.WriteLine(line);
        return Read(peer);
    }

    /// <summary>Reads two numbers from a peer.</summary>
    /// <param name="peer">The peer's process.</param>
    /// <returns>Seconds by the clock and of processor time.</returns>
    public static (double Clock, double Processor) Read(Process peer)
    {
        string answer = peer.StandardOutput.ReadLine() ?? throw new InvalidOperationException("The peer stopped.");
        double[] seconds = Array.ConvertAll(answer.Split(' '), number => double.Parse(number, CultureInfo.InvariantCulture));
        return (seconds[0], seconds[1]);
    }

    /// <summary>Starts a peer and waits until it says that it is ready.</summary>
    /// <param name="program">The program.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <returns>The process.</returns>
    public static Process Start(string program, params string[] arguments)
    {
        Process peer = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true })!;
        return peer.StandardOutput.ReadLine() is not null ? peer : throw new InvalidOperationException($"'{program}' did not start: see what it says above.");
    }

    private static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return sorted[sorted.Length / 2];
    }

    private static void Line(FormattableString line) => Console.WriteLine(line.ToString(CultureInfo.InvariantCulture));
}
