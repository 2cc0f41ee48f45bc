namespace QosValuation;

/// <summary>What one training item, or all items of a contributor, add to a learner's utility on test data.</summary>
public sealed record MarginalUtility
{
    /// <summary>Whose items they are; empty where nobody is named.</summary>
    public required string Contributor { get; init; }

    /// <summary>The item; empty where a contributor is valued with all items.</summary>
    public required string Item { get; init; }

    /// <summary>The marginal utility: positive where it helps, negative where it harms. Between 0.001 and 1 after rescaling.</summary>
    public required double Value { get; init; }

    /// <summary>The standard error of <see cref="Value"/>; 0 where the value is exact.</summary>
    public required double StandardError { get; init; }

    /// <summary>How many utilities of coalitions, or values of single test points, the run asked for; the same in all rows of a run.</summary>
    public required long Evaluations { get; init; }

    /// <summary>Whether the standard error has come down to what was asked for; true where the value is exact.</summary>
    public required bool Converged { get; init; }

    /// <summary>How it was measured.</summary>
    public required MarginalUtilityMethod Method { get; init; }

    /// <summary>The seed of what was drawn; null where nothing was drawn, or where the draw must not be repeatable.</summary>
    public int? Seed { get; init; }

    /// <summary>The value before rescaling.</summary>
    public double RawValue { get; init; }

    /// <summary>
    /// How far truncated permutations may have moved the value if no coalition loses by growing: the tolerance times U(all), times the part of
    /// the permutations in which the player was cut off. 0 without truncation.
    /// </summary>
    public double BiasBound { get; init; }

    /// <summary>How many training points the player holds; 0 in a game without points.</summary>
    public int Points { get; init; }
}
