namespace QosValuation;

/// <summary>How long one kind of work takes beside a peer that does the same, or beside a limit of the machine, in turns within one run.</summary>
public sealed record BenchmarkResult
{
    /// <summary>The work that was measured.</summary>
    public required string Work { get; init; }

    /// <summary>The median of our time in seconds; at least 0.</summary>
    public double? Ours { get; init; }

    /// <summary>What it is compared with: a program with its version, or a limit such as a plain copy.</summary>
    public required string Peer { get; init; }

    /// <summary>The median of the peer's time for the same work in seconds; null where it was not measured.</summary>
    public double? PeerTime { get; init; }

    /// <summary>The median over the turns of the peer's time over ours: above 1 ours is the faster; null where the peer was not measured.</summary>
    public double? Ratio { get; init; }

    /// <summary>The ratio of the peer's shortest turn over our shortest: other programs can only lengthen a turn.</summary>
    public double? BestRatio { get; init; }

    /// <summary>The least ratio that is wanted; null where nothing was set.</summary>
    public double? Goal { get; init; }

    /// <summary>Whether the goal is reached: reached, missed, no goal, or absent where the peer is not on this machine.</summary>
    public required string Verdict { get; init; }

    /// <summary>How far the ratios of the turns lie apart: the greatest less the least, over the median; null below two turns.</summary>
    public double? Noise { get; init; }

    /// <summary>What time counts: processor, of all threads, or clock.</summary>
    public required string Time { get; init; }

    /// <summary>The number of turns that count.</summary>
    public required int Turns { get; init; }

    /// <summary>The programs that wanted a processor on average over the last minute when this was measured; null where the system does not tell.</summary>
    public double? Load { get; init; }
}
