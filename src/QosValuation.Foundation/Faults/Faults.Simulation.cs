namespace QosValuation;

// Allocation over many rounds and over time.
public static partial class Faults
{
    /// <summary>An option of the simulation is out of range.</summary>
    public static Fault SimulationNotValid { get; } = Define(FaultKind.InvalidArgument, "Correct the option that the message names.");

    /// <summary>An option of the simulation over time is out of range.</summary>
    public static Fault QosOptionNotValid { get; } = Define(FaultKind.InvalidArgument, "Correct the option that the message names.");

    /// <summary>No agent has the name that was given a strategy.</summary>
    public static Fault StrategicAgentNotFound { get; } = Define(FaultKind.NotFound, "Name an agent that takes part.");

    /// <summary>The trace of requests does not exist.</summary>
    public static Fault TraceNotFound { get; } = Define(FaultKind.NotFound, "Check the path of the trace.");

    /// <summary>The trace of requests cannot be read.</summary>
    public static Fault TraceNotValid { get; } = Define(
        FaultKind.InvalidData,
        "Give a CSV file with the columns Time and Agent, and finite numbers in its rows.");

}
