namespace QosValuation;

// Parameters of cmdlets that exclude or need one another.
public static partial class Faults
{
    /// <summary>Two parameters exclude or contradict each other.</summary>
    public static Fault ParametersConflict { get; } = Define(FaultKind.InvalidArgument, "Give one of the two, or as many values for one as for the other.");

    /// <summary>A parameter was given a variable that was never set.</summary>
    public static Fault InputIsNull { get; } = Define(FaultKind.InvalidArgument, "Check the variable.");

    /// <summary>An object from the pipeline holds nothing that the cmdlet can take.</summary>
    public static Fault InputNotRecognized { get; } = Define(FaultKind.InvalidData, "Pipe in objects with one of the properties that the message names.");

    /// <summary>Neither an image nor a text was given.</summary>
    public static Fault NothingToEmbed { get; } = Define(FaultKind.InvalidArgument, "Name images with -Path, or texts with -Text, or pipe records in.");

    /// <summary>An object from the pipeline is no text and holds none.</summary>
    public static Fault TextNotFound { get; } = Define(FaultKind.InvalidArgument, "Pipe in texts, or objects with a property Text, Caption or Captions.");

    /// <summary>Two crops would be written to one file.</summary>
    public static Fault DestinationTaken { get; } = Define(FaultKind.InvalidArgument, "Name a folder as -Destination.");

    /// <summary>The script block of -Contributor failed.</summary>
    public static Fault ContributorScriptFailed { get; } = Define(FaultKind.InvalidArgument, "Correct the script block; $_ is the record.");

    /// <summary>An object from the pipeline is of another type than the cmdlet takes.</summary>
    public static Fault InputTypeWrong { get; } = Define(FaultKind.InvalidArgument, "Pipe in what the cmdlet that the message names makes.");

    /// <summary>A record that was saved and read back has lost a part.</summary>
    public static Fault RecordIncomplete { get; } = Define(FaultKind.InvalidData, "Save it again with -Depth 5, as Clixml or JSON.");

    /// <summary>A record that was saved and read back, or made by hand, holds a value that its type does not allow.</summary>
    public static Fault RecordNotValid { get; } = Define(FaultKind.InvalidData, "Correct the property that the message names.");
}
