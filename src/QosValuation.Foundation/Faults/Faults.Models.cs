namespace QosValuation;

// Encoders, their tokenizers and their installation.
public static partial class Faults
{
    /// <summary>No model has the name, or stands in the folder, that was given.</summary>
    public static Fault ModelNotFound { get; } = Define(FaultKind.NotFound, "Name a model that Get-ClipModel lists, or install one with Install-ClipModel.");

    /// <summary>No model of that name can be installed.</summary>
    public static Fault ModelNotOffered { get; } = Define(
        FaultKind.NotFound,
        "Choose a name from the list in the message, or name a model's folder with -Path.");

    /// <summary>A model file cannot be read or run.</summary>
    public static Fault ModelNotReadable { get; } = Define(FaultKind.InvalidData, "Install the model again, or name another one.");

    /// <summary>A model is not a CLIP encoder that can be run.</summary>
    public static Fault ModelNotSupported { get; } = Define(FaultKind.NotSupported, "Choose a model in the public ONNX layout of CLIP.");

    /// <summary>A model fails when it is tried.</summary>
    public static Fault ModelNotUsable { get; } = Define(
        FaultKind.InvalidData,
        "Put the tokenizer that belongs to the model beside it, or install the model again.");

    /// <summary>A model lacks the encoder that the work needs.</summary>
    public static Fault ModelModalityMissing { get; } = Define(FaultKind.NotSupported, "Choose a model that has the encoder.");

    /// <summary>A model has no encoder for the images or texts it was given.</summary>
    public static Fault ModalityNotSupported { get; } = Define(FaultKind.NotSupported, "Choose a model with that encoder, or leave those items out.");

    /// <summary>The folder to install into exists and holds no model.</summary>
    public static Fault ModelFolderNotEmpty { get; } = Define(FaultKind.InvalidArgument, "Use -Force to replace it, or choose another -Destination.");

    /// <summary>No source serves a file of the model.</summary>
    public static Fault ModelFileNotFound { get; } = Define(FaultKind.NotFound, "Check the address that was given with -Uri.");

    /// <summary>A downloaded file differs from what its SHA-256 digest says.</summary>
    public static Fault ModelDigestMismatch { get; } = Define(FaultKind.Integrity, "Download again, or from another source with -Uri.");

    /// <summary>Another process installs the same model.</summary>
    public static Fault InstallationInProgress { get; } = Define(FaultKind.WriteFailed, "Wait for it to end.");

    /// <summary>The address of a model is not http, https or file.</summary>
    public static Fault SourceNotSupported { get; } = Define(FaultKind.InvalidArgument, "Give -Uri an address that begins with http, https or file.");

    /// <summary>A download broke off.</summary>
    public static Fault DownloadFailed { get; } = Define(FaultKind.Connection, "Run the command again; it goes on where it stopped.");

    /// <summary>A server sends more than the file has.</summary>
    public static Fault DownloadTooLarge { get; } = Define(FaultKind.Integrity, "Try another source with -Uri: this one serves something else.");

    /// <summary>A server refused a download.</summary>
    public static Fault DownloadRefused { get; } = Define(FaultKind.Connection, "Try a mirror with -Uri.");

    /// <summary>A model has no tokenizer files, so it cannot embed texts.</summary>
    public static Fault TokenizerNotFound { get; } = Define(FaultKind.NotFound, "Put vocab.json and merges.txt into the model's folder.");

    /// <summary>A tokenizer's vocabulary lacks what the work needs.</summary>
    public static Fault TokenizerNotSupported { get; } = Define(FaultKind.NotSupported, "Choose a model with the tokenizer of CLIP.");

    /// <summary>A tokenizer file does not exist.</summary>
    public static Fault VocabularyNotFound { get; } = Define(
        FaultKind.NotFound,
        "Put vocab.json and merges.txt beside the text encoder, or name a file with -VocabularyPath.");

    /// <summary>A tokenizer file cannot be read.</summary>
    public static Fault VocabularyNotReadable { get; } = Define(FaultKind.InvalidData, "Take the tokenizer's files from the model's source again.");

    /// <summary>ONNX Runtime cannot use the execution provider.</summary>
    public static Fault ExecutionProviderNotAvailable { get; } = Define(
        FaultKind.NotSupported,
        "Leave -ExecutionProvider out, or install the provider's libraries.");

    /// <summary>ONNX Runtime failed to run a model.</summary>
    public static Fault InferenceFailed { get; } = Define(FaultKind.InvalidData, "Check the model with Test-ClipModel, and lower -BatchSize.");
}
