namespace QosValuation;

// Reports and figures.
public static partial class Faults
{
    /// <summary>No results came in.</summary>
    public static Fault NothingToReport { get; } = Define(FaultKind.InvalidData, "Pipe in the objects that the cmdlets emit.");

    /// <summary>A result has no properties that a report can show.</summary>
    public static Fault ResultNotUsable { get; } = Define(FaultKind.InvalidData, "Pipe in the objects that the cmdlets emit.");

    /// <summary>A report could not be written.</summary>
    public static Fault ReportNotWritable { get; } = Define(FaultKind.WriteFailed, "Choose another folder, or make room on the disk.");

    /// <summary>A format of figures was named without a folder for them.</summary>
    public static Fault FormatWithoutFigurePath { get; } = Define(FaultKind.InvalidArgument, "Give -FigurePath, or leave -Format out.");
}
