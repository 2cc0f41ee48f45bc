namespace QosValuation;

/// <summary>How fair a scheme is on average over simulated contributions (a point of the paper's Figs. 4 and 5).</summary>
public sealed record AllocationSimulationResult
{
    /// <summary>The scheme.</summary>
    public required AllocationScheme Scheme { get; init; }

    /// <summary>N: the number of agents.</summary>
    public required int Agents { get; init; }

    /// <summary>α: the concentration of the Dirichlet distribution that values are drawn from; smaller is more uneven.</summary>
    public required double Alpha { get; init; }

    /// <summary>V: the supply in tokens.</summary>
    public required double Supply { get; init; }

    /// <summary>B: every agent's capacity in tokens.</summary>
    public required double Capacity { get; init; }

    /// <summary>The number of simulated rounds.</summary>
    public required int Rounds { get; init; }

    /// <summary>The mean of Jain's index of the reward rates.</summary>
    public required double Jain { get; init; }

    /// <summary>The standard error of <see cref="Jain"/>; NaN for a single round.</summary>
    public required double JainStandardError { get; init; }

    /// <summary>The 5 % quantile of Jain's index over the rounds.</summary>
    public required double JainQ05 { get; init; }

    /// <summary>The median of Jain's index over the rounds.</summary>
    public required double JainMedian { get; init; }

    /// <summary>The 95 % quantile of Jain's index over the rounds.</summary>
    public required double JainQ95 { get; init; }

    /// <summary>The mean Gini coefficient of the reward rates.</summary>
    public required double Gini { get; init; }

    /// <summary>The standard error of <see cref="Gini"/>; NaN for a single round.</summary>
    public required double GiniStandardError { get; init; }

    /// <summary>The 5 % quantile of the Gini coefficient over the rounds.</summary>
    public required double GiniQ05 { get; init; }

    /// <summary>The median of the Gini coefficient over the rounds.</summary>
    public required double GiniMedian { get; init; }

    /// <summary>The 95 % quantile of the Gini coefficient over the rounds.</summary>
    public required double GiniQ95 { get; init; }
}
