namespace QosValuation;

// What training data add to a learner's utility.
public static partial class Faults
{
    /// <summary>A labelled item has no class.</summary>
    public static Fault LabelMissing { get; } = Define(
        FaultKind.InvalidData,
        "Give each item a class: a property Label, or -Label with the property's name or a script block.");

    /// <summary>The script block of -Label failed.</summary>
    public static Fault LabelScriptFailed { get; } = Define(FaultKind.InvalidArgument, "Correct the script block; $_ is the item.");

    /// <summary>A table of coalitions cannot be read.</summary>
    public static Fault UtilityTableNotValid { get; } = Define(
        FaultKind.InvalidData,
        "Give each coalition once, its players between commas, with a finite number.");

    /// <summary>A table does not hold a coalition that is asked for.</summary>
    public static Fault CoalitionNotInTable { get; } = Define(
        FaultKind.InvalidData,
        "Give the coalition's worth too, or choose a method that does not ask for it, such as LeaveOneOut.");

    /// <summary>The script block of a game failed, or returned no number.</summary>
    public static Fault UtilityScriptFailed { get; } = Define(
        FaultKind.InvalidArgument,
        "Correct the script block; $_ is the array of the players' names, and it returns one number.");

    /// <summary>Fewer utilities may be asked for than an estimate with a standard error takes.</summary>
    public static Fault TooFewEvaluations { get; } = Define(
        FaultKind.InvalidArgument,
        "Raise -MaxEvaluation, or value contributors instead of items with -GroupBy.");

    /// <summary>There are too many players to evaluate every coalition.</summary>
    public static Fault TooManyPlayers { get; } = Define(
        FaultKind.InvalidArgument,
        "Leave -Exact out, or value contributors instead of items with -GroupBy.");

    /// <summary>A linear system could not be solved, or a training diverged.</summary>
    public static Fault SolverDidNotConverge { get; } = Define(
        FaultKind.InvalidArgument,
        "Raise -Regularization or -Damping, or lower -LearningRate.");

    /// <summary>The method of valuation is not known.</summary>
    public static Fault ValuationMethodUnknown { get; } = Define(FaultKind.InvalidArgument, "Use one of the methods that the help names.");

    /// <summary>A method that values points of a learner was asked to value the players of a game.</summary>
    public static Fault MethodNeedsPoints { get; } = Define(FaultKind.InvalidArgument, "Use LeaveOneOut, Shapley, BetaShapley or Banzhaf.");

    /// <summary>A method has no differentially private variant.</summary>
    public static Fault MethodNotPrivate { get; } = Define(FaultKind.NotSupported, "Use ThresholdKnnShapley, or leave -Epsilon out.");

    /// <summary>A value is not a finite number.</summary>
    public static Fault UtilityNotFinite { get; } = Define(FaultKind.InvalidData, "Check the vectors, the labels, and what the game returns.");

    /// <summary>An option of the valuation is out of range.</summary>
    public static Fault ValuationOptionOutOfRange { get; } = Define(FaultKind.InvalidArgument, "Correct the option that the message names.");
}
