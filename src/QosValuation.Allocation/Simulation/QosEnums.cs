namespace QosValuation;

/// <summary>How an agent plays in a quality-of-service simulation.</summary>
public enum QosStrategy
{
    /// <summary>Sends its requests as they come.</summary>
    Honest,

    /// <summary>Withholds its requests, or all but a fraction of them, to keep its tokens.</summary>
    Hoarder,

    /// <summary>Adds junk requests to its own, so that its bucket is never full.</summary>
    Flooder,

    /// <summary>Poses as several agents, each with a bucket of its own and a part of the value.</summary>
    Sybil,
}

/// <summary>How the requests of an agent come.</summary>
public enum ArrivalProcess
{
    /// <summary>Independent exponential gaps.</summary>
    Poisson,

    /// <summary>Bursts: Poisson while on, silence while off, with exponential sojourns (a two-state Markov-modulated Poisson process).</summary>
    OnOff,

    /// <summary>Times and costs from a trace.</summary>
    Trace,
}

/// <summary>How the cost of a request, in tokens, is drawn; every choice has the same mean.</summary>
public enum CostDistribution
{
    /// <summary>Always the mean.</summary>
    Fixed,

    /// <summary>Whole tokens from 1 on, geometric; the mean is at least 1.</summary>
    Geometric,

    /// <summary>Exponential.</summary>
    Exponential,

    /// <summary>Log-normal with a given coefficient of variation: heavy-tailed, as the lengths of prompts are.</summary>
    LogNormal,
}

/// <summary>What value the identities of a Sybil carry.</summary>
public enum SybilSplit
{
    /// <summary>v/k each.</summary>
    Equal,

    /// <summary>v each: the same data handed in k times, unnoticed by the valuation.</summary>
    Duplicate,

    /// <summary>φ·ln(1 + |d|/k) each: the data dealt out and valued anew (paper, Eq. 20). The sum exceeds v, since the logarithm is concave.</summary>
    Concave,
}
