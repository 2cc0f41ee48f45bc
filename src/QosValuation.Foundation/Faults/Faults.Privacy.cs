namespace QosValuation;

// Privacy parameters, mechanisms and budgets.
public static partial class Faults
{
    /// <summary>ε is out of range.</summary>
    public static Fault EpsilonOutOfRange { get; } = Define(FaultKind.InvalidArgument, "Give a finite number in the range that the message names.");

    /// <summary>δ is out of range.</summary>
    public static Fault DeltaOutOfRange { get; } = Define(FaultKind.InvalidArgument, "Give a number above 0 and below 1.");

    /// <summary>The L2 sensitivity is not a finite number above 0.</summary>
    public static Fault SensitivityOutOfRange { get; } = Define(FaultKind.InvalidArgument, "Give a finite number above 0.");

    /// <summary>The standard deviation of the noise is out of range.</summary>
    public static Fault SigmaOutOfRange { get; } = Define(FaultKind.InvalidArgument, "Ask for less noise, or give a finite number above 0.");

    /// <summary>A mechanism has no formal guarantee, so no noise follows from ε and δ.</summary>
    public static Fault MechanismNotSupported { get; } = Define(FaultKind.NotSupported, "Choose a mechanism with a formal guarantee.");

    /// <summary>A release is not one that can be accounted for or audited.</summary>
    public static Fault ReleaseNotValid { get; } = Define(
        FaultKind.InvalidData,
        "Give releases as New-DpPrototype emits them, or return one vector of numbers.");

    /// <summary>A contributor's budget does not allow the release.</summary>
    public static Fault PrivacyBudgetExceeded { get; } = Define(FaultKind.LimitReached, "Ask for a smaller ε, or leave the contributor's records out.");

    /// <summary>The file is a privacy budget already, and a budget is never replaced.</summary>
    public static Fault PrivacyBudgetExists { get; } = Define(FaultKind.InvalidArgument, "Open it with Get-PrivacyBudget, or choose another path.");

    /// <summary>A release of this kind cannot be charged to the budget.</summary>
    public static Fault PrivacyBudgetNotApplicable { get; } = Define(
        FaultKind.InvalidArgument,
        "Use the mechanism, neighbouring relation and unit that the budget was made for.");

    /// <summary>A budget's file is not what was written: its charges, their sums or its terms were changed.</summary>
    public static Fault PrivacyBudgetDamaged { get; } = Define(FaultKind.Integrity, "Look at what Test-PrivacyBudget says, and restore the file from a copy.");

    /// <summary>What was given as a budget is none.</summary>
    public static Fault PrivacyBudgetNotValid { get; } = Define(
        FaultKind.InvalidArgument,
        "Give a budget from New-PrivacyBudget or Get-PrivacyBudget, or the path of its file.");

    /// <summary>The name of a contributor cannot be stored in a budget.</summary>
    public static Fault ContributorNotValid { get; } = Define(
        FaultKind.InvalidData,
        "Give a name that is not empty and holds no U+0000, no lone surrogate and no U+FFFD.");

    /// <summary>The name of a contributor looks like that of another account of a budget.</summary>
    public static Fault ContributorLooksAlike { get; } = Define(
        FaultKind.InvalidData,
        "Give one contributor one name, and two contributors names that differ in more than letter case or script.");

    /// <summary>A privacy event has parameters outside their range.</summary>
    public static Fault PrivacyEventNotValid { get; } = Define(
        FaultKind.InvalidData,
        "Give a sensitivity and noise of at least 0, a sampling rate between 0 and 1, and at least one repetition.");

    /// <summary>No accountant can state the loss of an event exactly or soundly.</summary>
    public static Fault PrivacyEventNotAccountable { get; } = Define(
        FaultKind.NotSupported,
        "Choose an accountant that covers the event, such as Rdp for sampled noise, or release without sampling.");
}
