namespace QosValuation;

// Reading, decoding, preparing and writing pictures.
public static partial class Faults
{
    /// <summary>An image file does not exist.</summary>
    public static Fault ImageNotFound { get; } = Define(FaultKind.NotFound, "Check the path of the image.");

    /// <summary>An image cannot be read or decoded.</summary>
    public static Fault ImageNotReadable { get; } = Define(FaultKind.InvalidData, "Repair or replace the file, or leave it out.");

    /// <summary>An image has more pixels or bytes than can be decoded.</summary>
    public static Fault ImageTooLarge { get; } = Define(FaultKind.LimitReached, "Scale the image down first.");

    /// <summary>An image is an SVG drawing, which nobody allowed.</summary>
    public static Fault SvgNotAllowed { get; } = Define(FaultKind.NotSupported, "Convert the drawing to PNG, or use -AllowSvg where you trust its source.");

    /// <summary>An image cannot be encoded or written.</summary>
    public static Fault ImageNotWritable { get; } = Define(FaultKind.WriteFailed, "Check that the folder exists and may be written to.");

    /// <summary>A picture that would be written exists.</summary>
    public static Fault ImageExists { get; } = Define(FaultKind.InvalidArgument, "Replace it with -Force, or choose another path.");

    /// <summary>The native library that decodes images could not be loaded.</summary>
    public static Fault NativeLibraryMissing { get; } = Define(FaultKind.NotFound, "Build or install the module for this platform.");

    /// <summary>The preprocessor configuration does not exist.</summary>
    public static Fault PreprocessorConfigNotFound { get; } = Define(
        FaultKind.NotFound,
        "Put preprocessor_config.json beside the model, or name an existing file.");

    /// <summary>The preprocessor configuration cannot be read or holds unusable values.</summary>
    public static Fault PreprocessorConfigInvalid { get; } = Define(FaultKind.InvalidData, "Take preprocessor_config.json from the model's source again.");

    /// <summary>The preprocessor configuration asks for a step that is not supported.</summary>
    public static Fault PreprocessorConfigNotSupported { get; } = Define(
        FaultKind.NotSupported,
        "Choose a model that resizes, crops and normalises as CLIP does.");
}
