using System.Diagnostics;

namespace QosValuation.Bench;

/// <summary>What a piece of work took.</summary>
/// <param name="Clock">Seconds by the clock.</param>
/// <param name="Processor">Seconds of processor time, of all threads of the process that worked.</param>
internal readonly record struct Timing(double Clock, double Processor)
{
    /// <summary>Times work in this process.</summary>
    /// <param name="work">The work.</param>
    /// <param name="times">How often it is done; the timing is of one.</param>
    public static Timing Of(Action work, int times = 1)
    {
        TimeSpan processor = Environment.CpuUsage.TotalTime;
        long start = Stopwatch.GetTimestamp();
        for (int i = 0; i < times; i++)
        {
            work();
        }

        return new(Stopwatch.GetElapsedTime(start).TotalSeconds / times, (Environment.CpuUsage.TotalTime - processor).TotalSeconds / times);
    }

    /// <summary>The time for another amount of work.</summary>
    /// <param name="factor">How many times as much.</param>
    public Timing Scaled(double factor) => new(Clock * factor, Processor * factor);
}
