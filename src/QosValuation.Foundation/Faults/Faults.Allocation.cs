namespace QosValuation;

// Agents, schemes, optimal allocation and fairness.
public static partial class Faults
{
    /// <summary>An agent's value, capacity or remaining tokens are not usable.</summary>
    public static Fault AgentNotValid { get; } = Define(
        FaultKind.InvalidData,
        "Give each agent finite numbers of at least 0, with no more tokens remaining than its capacity.");

    /// <summary>An agent is there twice, and has one bucket.</summary>
    public static Fault AgentRepeated { get; } = Define(
        FaultKind.InvalidData,
        "Add the values of one agent up (Group-Object Agent), or give two agents two names.");

    /// <summary>The lists of values, capacities and remaining tokens differ in length.</summary>
    public static Fault AgentsNotAligned { get; } = Define(FaultKind.InvalidArgument, "Give one number for each agent in every list.");

    /// <summary>A file of numbers cannot be read.</summary>
    public static Fault ColumnNotReadable { get; } = Define(FaultKind.InvalidData, "Name a .npy or .csv file of numbers that may be read.");

    /// <summary>The ending of a file of numbers is not known.</summary>
    public static Fault ColumnFormatNotKnown { get; } = Define(FaultKind.InvalidArgument, "Use a name that ends in .npy or .csv.");

    /// <summary>Two files of numbers differ in length.</summary>
    public static Fault ColumnLengthMismatch { get; } = Define(FaultKind.InvalidData, "Give files that hold one number for each agent.");

    /// <summary>A path matches several files where one is meant.</summary>
    public static Fault ColumnPathAmbiguous { get; } = Define(FaultKind.InvalidArgument, "Name one file.");

    /// <summary>A file of capacities or remaining tokens was given beside a .csv.</summary>
    public static Fault ColumnPathNotUsed { get; } = Define(FaultKind.InvalidArgument, "Put these numbers into columns of the .csv.");

    /// <summary>The allocation scheme is not known.</summary>
    public static Fault SchemeNotSupported { get; } = Define(FaultKind.NotSupported, "Choose a scheme that the parameter's completion lists.");

    /// <summary>The supply of tokens cannot be dealt by the scheme.</summary>
    public static Fault SupplyNotValid { get; } = Define(
        FaultKind.InvalidArgument,
        "Give a finite supply of at least 0, whole where the scheme deals whole tokens.");

    /// <summary>The scheme divides tokens into fractions.</summary>
    public static Fault WholeTokensNotSupported { get; } = Define(FaultKind.NotSupported, "Leave -WholeTokens out, or choose another scheme.");

    /// <summary>A scheme that draws at random was given no source of randomness.</summary>
    public static Fault RandomSourceMissing { get; } = Define(FaultKind.InvalidArgument, "Pass a random source.");

    /// <summary>The scheme does not keep to bounds on fairness.</summary>
    public static Fault FairnessBoundNotApplicable { get; } = Define(FaultKind.InvalidArgument, "Use -Scheme Optimal, or leave the bounds out.");

    /// <summary>A bound on fairness is out of range.</summary>
    public static Fault FairnessBoundNotValid { get; } = Define(
        FaultKind.InvalidArgument,
        "Give a Jain floor above 0 and at most 1, and a Gini ceiling from 0 to 1.");

    /// <summary>The gap or the number of iterations of the search is out of range.</summary>
    public static Fault SearchLimitNotValid { get; } = Define(FaultKind.InvalidArgument, "Give a gap of at least 0 and at least 1 iteration.");

    /// <summary>No allocation reaches the Jain floor.</summary>
    public static Fault JainFloorInfeasible { get; } = Define(FaultKind.InvalidArgument, "Lower the floor, or leave out the agents that the message names.");

    /// <summary>No allocation keeps to the Gini ceiling.</summary>
    public static Fault GiniCeilingInfeasible { get; } = Define(
        FaultKind.InvalidArgument,
        "Raise the ceiling, or leave out the agents that the message names.");

    /// <summary>A reward rate is not a finite number of at least 0.</summary>
    public static Fault RateNotValid { get; } = Define(FaultKind.InvalidData, "Leave the rate out, or correct it.");

    /// <summary>An object is neither a token grant nor a number.</summary>
    public static Fault NotARate { get; } = Define(FaultKind.InvalidData, "Pipe from Invoke-TokenAllocation, or give numbers.");

    /// <summary>Token grants and plain rates came together.</summary>
    public static Fault FairnessInputMixed { get; } = Define(FaultKind.InvalidData, "Measure them apart.");

    /// <summary>The aversion to inequality is out of range.</summary>
    public static Fault AversionNotValid { get; } = Define(FaultKind.InvalidArgument, "Give a finite number of at least 0.");

    /// <summary>Columns are allocated by one scheme at a time.</summary>
    public static Fault ColumnSchemesNotSupported { get; } = Define(FaultKind.InvalidArgument, "Name one scheme, or run the command once for each.");
}
