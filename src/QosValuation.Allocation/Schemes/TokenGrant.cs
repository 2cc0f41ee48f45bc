namespace QosValuation;

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
