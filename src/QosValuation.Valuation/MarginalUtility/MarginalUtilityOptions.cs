using QosValuation.Privacy.Budgets;

namespace QosValuation.Valuation.MarginalUtility;

/// <summary>How marginal utilities are measured. Each method uses what it has a use for.</summary>
public sealed record MarginalUtilityOptions
{
    /// <summary>The method.</summary>
    public MarginalUtilityMethod Method { get; init; } = MarginalUtilityMethod.KnnShapley;

    /// <summary>The learner of LeaveOneOut, Shapley, BetaShapley and Banzhaf.</summary>
    public UtilityLearner Learner { get; init; } = UtilityLearner.Logistic;

    /// <summary>What the logistic learner's utility is.</summary>
    public UtilityMeasure Utility { get; init; } = UtilityMeasure.Accuracy;

    /// <summary>K, at least 1; it may exceed the number of points.</summary>
    public int Neighbors { get; init; } = 10;

    /// <summary>τ ≥ 0: the Euclidean distance within which points are neighbours, for ThresholdKnnShapley.</summary>
    public double Threshold { get; init; } = 0.8;

    /// <summary>The number of steps that the weights of WeightedKnnShapley are rounded to, at least 1.</summary>
    public int WeightLevels { get; init; } = 16;

    /// <summary>α &gt; 0 of BetaShapley.</summary>
    public double Alpha { get; init; } = 16;

    /// <summary>β &gt; 0 of BetaShapley.</summary>
    public double Beta { get; init; } = 1;

    /// <summary>What is added to the Hessian's diagonal, at least 0.</summary>
    public double Damping { get; init; }

    /// <summary>λ &gt; 0 of logistic regression.</summary>
    public double Regularization { get; init; } = 0.001;

    /// <summary>The part of |U(all)| within which a permutation is cut off, from 0 (never) to below 1.</summary>
    public double Tolerance { get; init; }

    /// <summary>Whether each permutation is followed by its reverse.</summary>
    public bool Antithetic { get; init; }

    /// <summary>The standard error at which sampling stops; null for a hundredth of |U(all) − U(none)|.</summary>
    public double? StandardError { get; init; }

    /// <summary>The most utilities of coalitions that are asked for; null for 100,000.</summary>
    public long? MaximumEvaluations { get; init; }

    /// <summary>Whether all coalitions are evaluated; null for yes where ten players or fewer form them and nothing says how to sample.</summary>
    public bool? Exact { get; init; }

    /// <summary>The steps of gradient descent of TracIn, at least 1.</summary>
    public int Steps { get; init; } = 100;

    /// <summary>η &gt; 0 of TracIn.</summary>
    public double LearningRate { get; init; } = 0.5;

    /// <summary>Whether values are rescaled to [0.001, 1].</summary>
    public bool Rescale { get; init; }

    /// <summary>ε &gt; 0 of a private release of ThresholdKnnShapley; null for none.</summary>
    public double? Epsilon { get; init; }

    /// <summary>δ in (0, 1) of a private release.</summary>
    public double Delta { get; init; } = 1e-5;

    /// <summary>The budget to charge before the noise is drawn; null for none.</summary>
    public PrivacyBudgetStore? Budget { get; init; }

    /// <summary>The seed; null draws one, or, for a private release, noise that cannot be repeated.</summary>
    public int? Seed { get; init; }

    /// <summary>How many threads may work; −1 for all cores. It does not change the results.</summary>
    public int MaximumThreads { get; init; } = -1;
}
