namespace QosValuation;

/// <summary>How a supply of tokens is divided among agents.</summary>
public enum AllocationScheme
{
    /// <summary>In proportion to value, cut to the room in the bucket (paper, Eq. 15). What the cut leaves stays unspent.</summary>
    Proposed,

    /// <summary>Every token goes to an agent drawn uniformly. Buckets have no limit (paper, section V-A). Values are not looked at.</summary>
    Random,

    /// <summary>One token at a time in a fixed order, cut to the room in the bucket (paper, section V-A). Values are not looked at.</summary>
    RoundRobin,

    /// <summary>
    /// The next token goes to the agent that holds the fewest, R + u, while its bucket has room (paper, section V-A). Values are not looked at.
    /// </summary>
    MaxMin,

    /// <summary>Weighted max-min: Eq. 15 repeated until the supply is spent or every bucket is full, so that no cut wastes tokens.</summary>
    WaterFilling,

    /// <summary>The most social welfare Σ v·u: buckets are filled by descending value (the optimum of the paper's problem 14).</summary>
    MaxWelfare,

    /// <summary>
    /// Virtual token counters: token by token to the agent with the least service per value so far. In a simulation the counters last from
    /// refill to refill (Sheng et al., OSDI 2024).
    /// </summary>
    Vtc,

    /// <summary>The most social welfare Σ v·u within bounds on the fairness of reward rates (the optimum of the paper's problem 12).</summary>
    Optimal,
}
