namespace QosValuation;

/// <summary>How a supply of tokens is divided among agents.</summary>
public enum AllocationScheme
{
    /// <summary>In proportion to value, capped by the bucket (paper, Eq. 15).</summary>
    Proposed,

    /// <summary>Every token goes to an agent drawn uniformly; no bucket limit (paper, section V-A).</summary>
    Random,

    /// <summary>One token at a time in a fixed order, capped by the bucket (paper, section V-A).</summary>
    RoundRobin,

    /// <summary>The next token goes to the agent that holds the fewest, capped by the bucket (paper, section V-A).</summary>
    MaxMin,

    /// <summary>Weighted max-min: Eq. 15 repeated until the supply is spent or every bucket is full, so that no cap wastes tokens.</summary>
    WaterFilling,

    /// <summary>The most social welfare Σ v·u: buckets are filled by descending value (the optimum of the paper's problem 14).</summary>
    MaxWelfare,

    /// <summary>Virtual token counters: token by token to the agent with the least service per value so far; in a simulation the counters last from refill to refill (Sheng et al., OSDI 2024).</summary>
    Vtc,

    /// <summary>The most social welfare Σ v·u within bounds on the fairness of reward rates (the optimum of the paper's problem 12).</summary>
    Optimal,
}

/// <summary>What an agent receives in one allocation.</summary>
public sealed record TokenGrant
{
    /// <summary>The agent (the contributor of the paper's pipeline).</summary>
    public required string Agent { get; init; }

    /// <summary>v: the agent's data value.</summary>
    public required double Value { get; init; }

    /// <summary>u: the tokens granted.</summary>
    public required double Tokens { get; init; }

    /// <summary>B: the bucket's capacity in tokens.</summary>
    public required double Capacity { get; init; }

    /// <summary>R: the tokens left in the bucket before the grant.</summary>
    public required double Remaining { get; init; }

    /// <summary>r = u/v, and 0 where v = 0 (paper, Eq. 5).</summary>
    public required double RewardRate { get; init; }

    /// <summary>The scheme that made the grant.</summary>
    public AllocationScheme Scheme { get; init; }

    /// <summary>V: the supply that was divided, in tokens.</summary>
    public double Supply { get; init; }

    /// <summary>How close the allocation is to the optimum; only the scheme Optimal proves it.</summary>
    public OptimalityProof? Proof { get; init; }
}
